export default async function teardown() {
  const cluster = globalThis.rxKafkaSharedCluster;
  if (cluster === undefined) return;
  delete process.env.KAFKA_BROKERS;
  await cluster.stop();
}
