/**
 * Bootstrap servers of the cluster all specs of one run share. Do nothing to its brokers: specs that kill, stop or
 * pause one start their own with `startCluster`. Call it inside a spec or hook, not while the file loads.
 */
export function sharedBrokers(): string {
  const servers = process.env['KAFKA_BROKERS'];
  if (servers === undefined) throw new Error(process.env['KAFKA_UNAVAILABLE'] ?? 'Only spec/real has brokers');
  return servers;
}

/** A name nobody else uses, so that specs can share brokers. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid.toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}
