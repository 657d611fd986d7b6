import { connect } from 'node:net';
import { ByteWriter } from '../../../src/bytes/byte-writer.js';
import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
import { waitUntil } from '../../support/kafka/probe.js';

it('answers thousands of requests that one connection sent ahead', async () => {
  const count = 20_000;
  await using cluster = await EmbeddedCluster.start({ brokers: 1 });
  const socket = connect(Number(cluster.bootstrapServers.split(':')[1]), '127.0.0.1');
  let received = 0;
  socket.on('data', (bytes) => (received += bytes.length));
  socket.on('error', () => undefined);
  // ListGroups v0: 4 bytes length, 10 bytes header; answered with 14 bytes
  const writer = new ByteWriter();
  for (let n = 0; n < count; n++) {
    writer.int32(10);
    writer.int16(16);
    writer.int16(0);
    writer.int32(n);
    writer.int16(-1);
  }
  for (const chunk of writer.finish()) socket.write(chunk);
  await waitUntil('all are answered', 20_000, () => Promise.resolve(received === count * 14));
  socket.destroy();
}, 30_000);
