import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
import { embeddedAsShared } from './embedded-as-shared.js';

let cluster: EmbeddedCluster | null = null;
let realBrokers: string | undefined;

/**
 * Imported before specs of `spec/real`: they run on an embedded cluster instead of the shared real one. A difference in what
 * they find is a bug of the embedded cluster.
 */
beforeAll(async () => {
  cluster = await EmbeddedCluster.start(embeddedAsShared);
  realBrokers = process.env['KAFKA_BROKERS'];
  process.env['KAFKA_BROKERS'] = cluster.bootstrapServers;
});

afterAll(async () => {
  if (realBrokers === undefined) delete process.env['KAFKA_BROKERS'];
  else process.env['KAFKA_BROKERS'] = realBrokers;
  await cluster?.close();
});
