import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
import { waitUntil } from '../../support/kafka/probe.js';

async function answers(server: string): Promise<boolean> {
  const socket = connect(Number(server.split(':')[1]), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('a broker of the embedded cluster that was killed', () => {
  it('can be reached again after startBroker', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 2 });
    const [first] = cluster.bootstrapServers.split(',');
    cluster.killBroker(1);
    expect(await answers(first!)).toBe(false);
    cluster.startBroker(1);
    await waitUntil('it listens', 5_000, () => answers(first!));
    expect(cluster.brokerState(1)).toBe('running');
  });

  it('is restarted once by two calls, and not at all after a close', async () => {
    const cluster = await EmbeddedCluster.start({ brokers: 1 });
    cluster.killBroker(1);
    await Promise.all([cluster.restartBroker(1), cluster.restartBroker(1)]);
    expect(await answers(cluster.bootstrapServers)).toBe(true);
    cluster.killBroker(1);
    const late = cluster.restartBroker(1);
    await cluster.close();
    await late;
    await cluster.restartBroker(1);
    expect(await answers(cluster.bootstrapServers)).toBe(false);
  });

  it('stays down when it is killed again before it listens, and runs when the last call starts it', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 2 });
    const [first] = cluster.bootstrapServers.split(',');
    cluster.killBroker(1);
    const early = cluster.restartBroker(1);
    cluster.killBroker(1);
    await early;
    expect([cluster.brokerState(1), await answers(first!)]).toEqual(['down', false]);
    const late = cluster.restartBroker(1);
    cluster.stopBroker(1);
    cluster.startBroker(1);
    await late;
    expect([cluster.brokerState(1), await answers(first!)]).toEqual(['running', true]);
  });

  it('stays down when its port is taken, which restartBroker tells', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 1 });
    cluster.killBroker(1);
    const other = createServer();
    other.listen(Number(cluster.bootstrapServers.split(':')[1]), '127.0.0.1');
    await once(other, 'listening');
    await expect(cluster.restartBroker(1)).rejects.toThrow('EADDRINUSE');
    expect(cluster.brokerState(1)).toBe('down');
    other.close();
    await once(other, 'close');
    await cluster.restartBroker(1);
    expect(cluster.brokerState(1)).toBe('running');
  });

  it('that does not exist is not started', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 1 });
    expect(() => {
      cluster.startBroker(9);
    }).toThrow(TypeError);
    await expect(cluster.restartBroker(9)).rejects.toThrow(TypeError);
  });
});
