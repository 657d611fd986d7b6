import { startCluster } from './kafka/cluster.js';

/** How long a proof may take: `short` is part of `npm test`, `full` is what the project claims. */
export type ProofScale = 'short' | 'full';

export interface ProofOptions {
  /** Everything random in the run follows from it: the same seed repeats the same decisions. */
  readonly seed: number;
  readonly scale: ProofScale;
  /** Bootstrap servers to use; without them a proof that needs brokers starts its own. */
  readonly brokers?: string | undefined;
}

/** What a run found. `lines` are for people; `facts` are for comparison. */
export interface ProofReport {
  readonly passed: boolean;
  readonly lines: readonly string[];
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
}

/** One claim of the project that can be run: `spec/proofs/<name>.ts` exports it as `proof`. */
export interface Proof {
  readonly name: string;
  /** One sentence: what holds if it passes. */
  readonly describe: string;
  run(options: ProofOptions): Promise<ProofReport>;
}

/** Runs against the brokers that were given, or against three of its own, which are stopped whatever happens. */
export async function onCluster(
  brokers: string | undefined,
  run: (bootstrapServers: string) => Promise<ProofReport>,
): Promise<ProofReport> {
  if (brokers !== undefined) return run(brokers);
  const cluster = await startCluster({ brokers: 3 });
  try {
    return await run(cluster.bootstrapServers);
  } finally {
    await cluster.stop();
  }
}
