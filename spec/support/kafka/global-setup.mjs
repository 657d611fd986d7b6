// Jest runs this once per run, only when a spec of spec/real is among it. Specs find the cluster in KAFKA_BROKERS.
import '../../../scripts/ts.mjs';

export default async function setup() {
  if (process.env.KAFKA_BROKERS) return;
  const { startCluster } = await import('./cluster.ts');
  try {
    const cluster = await startCluster();
    process.env.KAFKA_BROKERS = cluster.bootstrapServers;
    globalThis.rxKafkaSharedCluster = cluster;
  } catch (error) {
    // the other specs still run; the ones that need brokers each fail with this sentence
    process.env.KAFKA_UNAVAILABLE = error instanceof Error ? error.message : String(error);
  }
}
