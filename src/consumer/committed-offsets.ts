import { BrokerError, brokerErrorEntry } from '../errors/broker-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type GroupMetadata } from '../model/commit.js';
import { type OffsetList, type TopicPartition, type TopicPartitionOffset } from '../model/topic-partition.js';
import { type Input } from '../protocol/api.js';
import {
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '../protocol/messages/offset-fetch.js';
import { backoffMs } from '../runtime/backoff.js';
import { hop, Timer } from '../runtime/timer.js';
import { type GroupPort } from './group/group-port.js';
import { PartitionSet } from '../cluster/partition-set.js';

/** Version 10 names topics by id. */
const maxVersion = 9;
const unknownTopicOrPartition = 3;
/** 15 and 16: another broker coordinates the group. */
const moved: ReadonlySet<number> = new Set([15, 16]);
/** First version that says as whom it asks; what a KIP-848 group needs (and no older broker has such groups). */
const memberVersion = 9;
/** 25, 110, 113: the member is, or will soon be, somebody else, and is asked for again as that. */
const identity: ReadonlySet<number> = new Set([25, 110, 113]);
/** 14: the coordinator loads. 88: a transaction that touches the partition has not ended yet. */
const transient: ReadonlySet<number> = new Set([7, 14, 88]);

/**
 * Reads what a group has committed, never what a transaction may still take back: partitions with an open transaction are asked
 * for again until it has ended (KIP-447).
 */
export class CommittedOffsets {
  readonly #group: GroupPort;

  constructor(group: GroupPort) {
    this.#group = group;
  }

  /**
   * Partitions without a commit are left out. Keeps trying until it is answered or cancelled; fails only with what another try
   * cannot mend.
   */
  fetch(partitions: readonly TopicPartition[], done: Done<OffsetList>): Cancel {
    const query = new Query(this.#group, partitions, done);
    query.start();
    return () => {
      query.cancel();
    };
  }
}

class Query {
  readonly #group: GroupPort;
  readonly #open: PartitionSet;
  readonly #done: Done<OffsetList>;
  readonly #found: TopicPartitionOffset[] = [];
  readonly #retry: Timer;
  #failures = 0;
  #cancelCall: Cancel | null = null;

  constructor(group: GroupPort, partitions: readonly TopicPartition[], done: Done<OffsetList>) {
    this.#group = group;
    this.#open = new PartitionSet(partitions);
    this.#done = done;
    this.#retry = new Timer(group.runtime, () => {
      this.#ask();
    });
  }

  start(): void {
    if (this.#open.size > 0) this.#ask();
    else {
      this.#cancelCall = hop(this.#group.runtime, () => {
        this.#done(null, []);
      });
    }
  }

  cancel(): void {
    this.#cancelCall?.();
    this.#retry.clear();
  }

  #ask(): void {
    let as = this.#group.identity();
    const { groupId } = as;
    const memberEpochs = this.#group.memberEpochs === true;
    const topics = [...this.#open.topics()].map(([name, set]) => ({ name, partitionIndexes: [...set] }));
    const body = (version: number): Input<OffsetFetchRequest> => {
      const requireStable = version >= 7 ? { requireStable: true } : {};
      if (version < 8) return { groupId, topics, ...requireStable };
      as = this.#group.identity();
      const { memberId, generation: memberEpoch } = as;
      const member = memberEpochs && memberEpoch >= 0 ? { memberId, memberEpoch } : {};
      return { groups: [{ groupId, topics, ...member }], ...requireStable };
    };
    const answer: Done<OffsetFetchResponse> = (error, response) => {
      this.#cancelCall = null;
      if (response !== null) this.#read(response, as);
      else if (error?.retriable === true) this.#again();
      else this.#done(error, null);
    };
    const versions = memberEpochs ? { minVersion: memberVersion, maxVersion } : { maxVersion };
    this.#cancelCall = this.#group.groupCall(offsetFetchApi, body, answer, versions);
  }

  #read(response: OffsetFetchResponse, as: GroupMetadata): void {
    const group = response.groups[0] ?? response;
    if (this.#group.memberEpochs === true && identity.has(group.errorCode)) {
      this.#group.refused(group.errorCode, as);
      this.#again();
      return;
    }
    let refused = this.#refusal(group.errorCode);
    let wait = refused === null && group.errorCode !== 0;
    for (const { name, partitions } of group.errorCode === 0 ? group.topics : []) {
      for (const { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode } of partitions) {
        const tp = { topic: name, partition: partitionIndex };
        if (errorCode !== 0 && errorCode !== unknownTopicOrPartition) {
          const refusal = this.#refusal(errorCode, tp);
          if (refusal === null) wait = true;
          else refused ??= refusal;
          continue;
        }
        if (!this.#open.delete(tp) || errorCode !== 0 || committedOffset < 0) continue;
        const leaderEpoch = committedLeaderEpoch < 0 ? undefined : committedLeaderEpoch;
        const text = metadata === null || metadata === '' ? undefined : metadata;
        this.#found.push({ ...tp, offset: committedOffset, leaderEpoch, metadata: text });
      }
    }
    if (refused !== null) this.#done(refused, null);
    else if (wait) this.#again();
    else this.#done(null, this.#found);
  }

  /** Null when another try helps. */
  #refusal(errorCode: number, tp?: TopicPartition): KafkaError | null {
    if (errorCode === 0 || transient.has(errorCode)) return null;
    if (moved.has(errorCode)) {
      this.#group.forgetCoordinator();
      return null;
    }
    if (brokerErrorEntry(errorCode).retriable) return null;
    const context = `Committed offsets of group ${JSON.stringify(this.#group.identity().groupId)}`;
    return new BrokerError(errorCode, context, { ...tp, fatal: errorCode === 29 || errorCode === 30 });
  }

  #again(): void {
    const { initialMs, maxMs } = this.#group.backoff;
    this.#retry.set(backoffMs(this.#failures++, initialMs, maxMs, () => this.#group.runtime.random()));
  }
}
