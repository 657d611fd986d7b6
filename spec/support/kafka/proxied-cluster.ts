import { type ClusterSetup, type KafkaCluster, startCluster } from './cluster.js';
import { claimPorts } from './ports.js';
import { BrokerProxy, type RequestWatch } from './proxy.js';

/** A cluster whose brokers advertise a proxy each: clients come through them, the brokers talk to each other beside them. */
export interface ProxiedCluster {
  readonly cluster: KafkaCluster;
  /** The proxies: what a client under test is given. */
  readonly bootstrapServers: string;
  /** The brokers' own listener, whose addresses lead past the proxies. */
  readonly innerServers: string;
  /** By broker id. */
  readonly proxies: ReadonlyMap<number, BrokerProxy>;
  stop(): Promise<void>;
}

/** Ports of a block: proxies from its first on, from here on the brokers' own listener. */
const innerOffset = 8;

/**
 * Starts brokers and their proxies; `stop` ends both.
 * @param watch - sees the requests of all of them
 */
export async function startProxiedCluster(
  setup: ClusterSetup = {},
  watch: RequestWatch | null = null,
): Promise<ProxiedCluster> {
  const ports = await claimPorts();
  const count = setup.brokers ?? 3;
  const proxies = new Map<number, BrokerProxy>();
  const end = async (): Promise<void> => {
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    ports.release();
  };
  const proxyPort = (id: number): number => ports.first + id - 1;
  const innerServer = (id: number): string => `127.0.0.1:${proxyPort(id) + innerOffset}`;
  try {
    const cluster = await startCluster({
      ...setup,
      propertiesOf: (id, port) => {
        const inner = `INNER://${innerServer(id)}`;
        return {
          // the controller's listener is the port half a block further, as in every cluster of the rig
          listeners: `PLAINTEXT://127.0.0.1:${port},${inner},CONTROLLER://127.0.0.1:${port + innerOffset}`,
          'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxyPort(id)},${inner}`,
          'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT',
          'inter.broker.listener.name': 'INNER',
          ...setup.propertiesOf?.(id, port),
        };
      },
    });
    try {
      for (let id = 1; id <= count; id++) {
        const proxy = new BrokerProxy(cluster.broker(id).port, watch);
        proxies.set(id, proxy);
        await proxy.listen(proxyPort(id));
      }
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    const stop = async (): Promise<void> => {
      await end();
      await cluster.stop();
    };
    const bootstrapServers = [...proxies.keys()].map((id) => `127.0.0.1:${proxyPort(id)}`).join(',');
    const innerServers = [...proxies.keys()].map(innerServer).join(',');
    return { cluster, bootstrapServers, innerServers, proxies, stop };
  } catch (error) {
    await end();
    throw error;
  }
}
