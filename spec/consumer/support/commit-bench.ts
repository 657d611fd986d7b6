import type { KafkaError } from '../../../src/errors/kafka-error.js';
import { Committer, type Committable } from '../../../src/consumer/committer.js';
import type { GroupPort } from '../../../src/consumer/group/group-port.js';
import { ManualGroup } from '../../../src/consumer/group/manual-group.js';
import type { CommitReceipt, GroupMetadata } from '../../../src/model/commit.js';
import type { TopicPartitionOffset } from '../../../src/model/topic-partition.js';
import { ScriptedCluster } from '../group/support/scripted-cluster.js';

interface Value {
  offset: number;
  leaderEpoch: number;
}
/** A partition whose commit value the spec sets. */
export interface Part extends Committable {
  commitValue: Value | null;
  windowed?: boolean;
}

/** A group whose identity the spec sets, over the scripted connections of a manual group. */
export class Group implements GroupPort {
  readonly cluster: ScriptedCluster = new ScriptedCluster();
  readonly #link: ManualGroup = new ManualGroup(this.cluster.cluster, { groupId: 'g', requestTimeoutMs: 30_000 });
  readonly runtime = this.cluster.runtime;
  readonly backoff = { initialMs: 100, maxMs: 1000 };
  me: GroupMetadata = { groupId: 'g', generation: 1, memberId: 'm1', groupInstanceId: 'i1' };
  commitReady = true;
  readonly refusals: number[] = [];
  #listener: () => void = () => undefined;

  identity(): GroupMetadata {
    return this.me;
  }
  onChange(listener: () => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = () => undefined;
    };
  }
  readonly groupCall: GroupPort['groupCall'] = (api, body, done, options) =>
    this.#link.groupCall(api, body, done, options);
  forgetCoordinator(): void {
    this.#link.forgetCoordinator();
  }
  refused(errorCode: number): void {
    this.refusals.push(errorCode);
  }
  become(generation: number, ready = true): void {
    this.me = { ...this.me, generation };
    this.commitReady = ready;
    this.#listener();
  }
}

/** A committer over it, with what it told. */
export class CommitBench {
  readonly group: Group = new Group();
  readonly committer: Committer = new Committer(this.group, { requestTimeoutMs: 30_000 });
  readonly receipts: string[] = [];
  #epochs = 0;

  constructor() {
    this.committer.onReceipt((receipt) => this.receipts.push(shown(receipt)));
  }

  part(name: string, offset: number | null, committed: number | null = null): Part {
    const at = name.lastIndexOf('-');
    const part: Part = {
      topic: name.slice(0, at),
      partition: Number(name.slice(at + 1)),
      epoch: ++this.#epochs,
      commitValue: offset === null ? null : { offset, leaderEpoch: 7 },
    };
    this.committer.add(part, committed);
    return part;
  }

  /** What the commit came to, once it did. */
  now(...which: Part[]): { readonly result: string | KafkaError | null; cancel(): void } {
    return this.#watch((done) => this.committer.commitNow(which.length === 0 ? null : which, done));
  }

  explicit(...offsets: TopicPartitionOffset[]): { readonly result: string | KafkaError | null; cancel(): void } {
    return this.#watch((done) => this.committer.commitExplicit(offsets, done));
  }

  #watch(start: (done: (error: KafkaError | null, receipt: CommitReceipt | null) => void) => () => void): {
    readonly result: string | KafkaError | null;
    cancel(): void;
  } {
    let result: string | KafkaError | null = null;
    let called = 0;
    const cancel = start((error, receipt) => {
      if (++called > 1) throw new Error('answered twice');
      result = receipt === null ? error : shown(receipt);
    });
    expect(called).toBe(0);
    this.advance();
    return {
      get result() {
        return result;
      },
      cancel,
    };
  }

  /** What the open request writes. */
  get sent(): string {
    const { topics } = this.group.cluster.only('OffsetCommit').body as {
      topics: { name: string; partitions: { partitionIndex: number; committedOffset: number }[] }[];
    };
    return topics
      .flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, committedOffset }) => `${name}-${partitionIndex}@${committedOffset}`),
      )
      .join(' ');
  }

  get requests(): number {
    return this.group.cluster.count('OffsetCommit');
  }

  /** Answers the open request: one code for all, or by partition. */
  answer(code: number | Readonly<Record<string, number>> = 0): void {
    const call = this.group.cluster.only('OffsetCommit');
    const { topics } = call.body as { topics: { name: string; partitions: { partitionIndex: number }[] }[] };
    call.reply({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: typeof code === 'number' ? code : (code[`${name}-${partitionIndex}`] ?? 0),
        })),
      })),
    });
    this.advance();
  }

  advance(ms = 0): void {
    this.group.cluster.advance(ms);
  }
}

function shown({ outcome, offsets }: CommitReceipt): string {
  return [outcome, ...offsets.map(({ topic, partition, offset }) => `${topic}-${partition}@${offset}`)].join(' ');
}
