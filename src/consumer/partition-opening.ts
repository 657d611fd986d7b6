import { type Runtime } from '../model/runtime.js';
import { type TopicPartitionOffset } from '../model/topic-partition.js';
import { type ConsumerCommits } from './consumer-commits.js';
import { type HeldPartition } from './held-partition.js';
import { type RebalanceHooks } from './rebalance-hooks.js';
import { type StartPositions } from './start-positions.js';

/** What opening needs of its session. */
export interface PartitionOpeningHost {
  readonly runtime: Runtime;
  readonly starts: StartPositions;
  readonly commits: ConsumerCommits;
  readonly hooks: RebalanceHooks;
  /** How long `onAssigned` may take, in milliseconds. */
  readonly hookMs: number;
  closed(): boolean;
  /** They have a position, their hook has run: they may deliver. */
  open(partitions: readonly HeldPartition[]): void;
  failed(error: unknown): void;
}

/**
 * From assigned to delivering: the position, `onAssigned`, the commit of what the reset policy chose. Partitions that were taken
 * away in between fall out at each step.
 */
export class PartitionOpening {
  readonly #host: PartitionOpeningHost;

  constructor(host: PartitionOpeningHost) {
    this.#host = host;
  }

  begin(fresh: readonly HeldPartition[], given: readonly TopicPartitionOffset[]): void {
    const { runtime, starts, commits, hooks, hookMs } = this.#host;
    starts.resolve(fresh, given, (error, committed) => {
      if (this.#host.closed()) return;
      if (committed === null) {
        // where partitions start that are gone does not matter any more
        if (fresh.some(isResolving)) this.#host.failed(error);
        return;
      }
      // before the hook: one that commits waits for its receipt
      for (const held of fresh.filter(isResolving)) {
        commits.add(held, committed.find((offset) => held.is(offset))?.offset ?? null);
      }
      hooks.run('assigned', fresh.filter(isResolving), runtime.now() + hookMs, () => {
        this.#commitChosen(fresh.filter(isResolving));
      });
    });
  }

  /**
   * A position from the reset policy is stored before anything is delivered: a consumer that starts at the end and dies early
   * would otherwise skip what arrives in between.
   */
  #commitChosen(partitions: readonly HeldPartition[]): void {
    const { commits } = this.#host;
    const chosen = partitions.filter(({ fromReset }) => fromReset);
    if (chosen.length === 0) this.#open(partitions);
    else {
      commits.automatic(chosen, () => {
        this.#open(partitions);
      });
    }
  }

  #open(partitions: readonly HeldPartition[]): void {
    if (!this.#host.closed()) this.#host.open(partitions.filter(isResolving));
  }
}

function isResolving({ state }: HeldPartition): boolean {
  return state === 'resolving';
}
