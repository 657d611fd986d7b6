import { Kafka } from '../../../src/index.js';
import type { Consumer, ConsumerEvent } from '../../../src/model/consumer.js';
import type { ConsumerRecord } from '../../../src/model/consumer-record.js';
import type { KafkaOptions } from '../../../src/model/kafka-options.js';
import { fetchApi, type FetchRequest, type FetchResponse } from '../../../src/protocol/messages/fetch.js';
import { findCoordinatorApi } from '../../../src/protocol/messages/find-coordinator.js';
import { heartbeatApi } from '../../../src/protocol/messages/heartbeat.js';
import { joinGroupApi } from '../../../src/protocol/messages/join-group.js';
import { leaveGroupApi } from '../../../src/protocol/messages/leave-group.js';
import { listOffsetsApi } from '../../../src/protocol/messages/list-offsets.js';
import { metadataApi, type MetadataRequest, type MetadataResponse } from '../../../src/protocol/messages/metadata.js';
import { offsetCommitApi } from '../../../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../../../src/protocol/messages/offset-fetch.js';
import { syncGroupApi } from '../../../src/protocol/messages/sync-group.js';
import type { Input } from '../../../src/protocol/api.js';
import { type Asked, ScriptedBroker } from '../../support/scripted-broker.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';
import { GroupBroker } from '../group/support/group-broker.js';
import type { Call } from '../group/support/scripted-cluster.js';
import { FakeLog } from './fake-brokers.js';

interface VirtualTopic {
  readonly id: string;
  readonly internal: boolean;
  readonly logs: FakeLog[];
}

const topicId = (n: number): string => Buffer.alloc(16, n).toString('base64url');

/**
 * A cluster of one broker in virtual time, spoken to over bytes: topics, records, one classic group. Written from the outside, so
 * that a whole consumer can be watched from its public surface.
 */
export class VirtualKafka {
  readonly runtime: VirtualRuntime;
  readonly broker: ScriptedBroker;
  readonly kafka: Kafka;
  readonly group: GroupBroker;
  readonly topics: Map<string, VirtualTopic> = new Map<string, VirtualTopic>();
  /** Committed offsets by `topic-partition`. */
  readonly committed: Map<string, number> = new Map<string, number>();
  /** Topics that Metadata created because it was asked to. */
  readonly created: string[] = [];
  #ids = 0;

  constructor(options: KafkaOptions = {}, seed = 1) {
    this.runtime = new VirtualRuntime(seed);
    this.broker = new ScriptedBroker(this.runtime, 9092, 'b1');
    this.group = new GroupBroker(this.runtime as never);
    this.group.onCommit = (_member, topic, partition, offset) => {
      this.committed.set(`${topic}-${partition}`, offset);
    };
    this.kafka = new Kafka({ bootstrapServers: 'b1:9092', runtime: this.runtime, ...options });
    this.broker
      .on(metadataApi, ({ body }) => this.#metadata(body))
      .on(findCoordinatorApi, ({ body }) => ({
        coordinators: body.coordinatorKeys.map((key) => ({ key, nodeId: 1, host: 'b1', port: 9092, errorCode: 0 })),
      }))
      .on(listOffsetsApi, ({ body }) => ({
        topics: body.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, timestamp }) => {
            const log = this.topics.get(name)?.logs[partitionIndex];
            const offset = (timestamp === -2 ? log?.logStart : log?.end) ?? -1;
            return { partitionIndex, errorCode: log === undefined ? 3 : 0, timestamp: -1, offset, leaderEpoch: 1 };
          }),
        })),
      }))
      .on(offsetFetchApi, ({ body }) => ({
        groups: body.groups.map(({ groupId, topics }) => ({
          groupId,
          topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
            name,
            partitions: partitionIndexes.map((partitionIndex) => ({
              partitionIndex,
              committedOffset: this.committed.get(`${name}-${partitionIndex}`) ?? -1,
            })),
          })),
        })),
      }))
      .on(fetchApi, (asked) => {
        this.#fetch(asked, this.runtime.now() + asked.body.maxWaitMs);
        return null;
      })
      .on(offsetCommitApi, (asked) => {
        const { memberId, generationIdOrMemberEpoch, topics } = asked.body;
        if (memberId !== '' || generationIdOrMemberEpoch >= 0) return this.#grouped(asked);
        return {
          topics: topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partitionIndex, committedOffset }) => {
              this.committed.set(`${name}-${partitionIndex}`, committedOffset);
              return { partitionIndex, errorCode: 0 };
            }),
          })),
        };
      })
      .on(joinGroupApi, (asked) => this.#grouped(asked))
      .on(syncGroupApi, (asked) => this.#grouped(asked))
      .on(heartbeatApi, (asked) => this.#grouped(asked))
      .on(leaveGroupApi, (asked) => this.#grouped(asked));
    this.#tick();
  }

  topic(name: string, partitions: number, internal = false): FakeLog[] {
    const logs = Array.from({ length: partitions }, () => new FakeLog(1));
    this.topics.set(name, { id: topicId(++this.#ids), internal, logs });
    return logs;
  }

  /** So many records in each partition. */
  fill(name: string, count: number): void {
    for (const log of this.topics.get(name)!.logs) log.fill(count);
  }

  /** What Metadata was asked about, in order: names, or null for all topics. */
  asked(): (readonly string[] | null)[] {
    return this.broker
      .asked(metadataApi)
      .map(({ body }) => (body as unknown as MetadataRequest).topics?.map(({ name }) => name!).sort() ?? null);
  }

  advance(ms: number): void {
    this.runtime.advance(ms);
  }

  #metadata({ topics, allowAutoTopicCreation }: MetadataRequest): Input<MetadataResponse> {
    const names = topics?.map(({ name }) => name!) ?? [...this.topics.keys()];
    return {
      brokers: [{ nodeId: 1, host: 'b1', port: 9092, rack: null }],
      clusterId: 'c',
      controllerId: 1,
      topics: names.map((name) => {
        if (topics !== null && allowAutoTopicCreation && !this.topics.has(name)) {
          this.created.push(name);
          this.topic(name, 1);
        }
        const topic = this.topics.get(name);
        if (topic === undefined) return { name, errorCode: 3, partitions: [] };
        const partitions = topic.logs.map((_, partitionIndex) => ({
          partitionIndex,
          leaderId: 1,
          leaderEpoch: 1,
          replicaNodes: [1],
          isrNodes: [1],
        }));
        return { name, topicId: topic.id, isInternal: topic.internal, partitions };
      }),
    };
  }

  /** A long poll without a session; whole batches from the offset on. */
  #fetch(asked: Asked & { readonly body: FetchRequest }, deadline: number): void {
    if (asked.peer.closed) return;
    let bytes = 0;
    const responses = asked.body.topics.map((topic) => {
      const found = [...this.topics.values()].find(({ id }) => id === topic.topicId);
      const partitions = topic.partitions.map(({ partition, fetchOffset, partitionMaxBytes }) => {
        const log = found?.logs[partition];
        const records = log?.read(fetchOffset, partitionMaxBytes, true) ?? new Uint8Array(0);
        bytes += records.length;
        const end = log?.end ?? -1;
        return {
          partitionIndex: partition,
          errorCode: log === undefined ? 3 : fetchOffset > end || fetchOffset < log.logStart ? 1 : 0,
          highWatermark: end,
          lastStableOffset: end,
          logStartOffset: log?.logStart ?? -1,
          abortedTransactions: asked.body.isolationLevel === 1 ? (log?.aborted ?? null) : null,
          records,
        };
      });
      return { topicId: topic.topicId, partitions };
    });
    if (bytes > 0 || this.runtime.now() >= deadline) {
      const body: Input<FetchResponse> = { errorCode: 0, sessionId: 0, responses };
      asked.answer(body);
      return;
    }
    this.runtime.later(Math.min(20, deadline - this.runtime.now()), () => {
      this.#fetch(asked, deadline);
    });
  }

  #grouped(asked: Asked): null {
    const call = {
      api: asked.api,
      body: asked.body,
      open: true,
      reply: (body: object): void => {
        if (!call.open) return;
        call.open = false;
        if (!asked.peer.closed) asked.answer(body);
      },
    };
    this.group.handle(call as unknown as Call);
    return null;
  }

  #tick(): void {
    this.runtime.later(50, () => {
      this.group.tick();
      this.#tick();
    });
  }
}

/** One subscription of `records$`, with all it was told. */
export class Reader {
  readonly records: string[] = [];
  readonly events: ConsumerEvent[] = [];
  /** `completed`, or what it failed with. */
  end: unknown = null;
  readonly consumer: Consumer<string, string>;
  /** Called inside each delivery. */
  onRecord: ((record: ConsumerRecord<string, string>) => void) | null = null;
  acks = true;
  #subscription: { unsubscribe(): void } | null = null;

  constructor(consumer: Consumer<string, string>) {
    this.consumer = consumer;
    consumer.events$.subscribe((event) => this.events.push(event));
  }

  subscribe(): this {
    this.end = null;
    this.#subscription = this.consumer.records$.subscribe({
      next: (record) => {
        this.records.push(`${record.topic}-${record.partition}:${record.offset}`);
        this.onRecord?.(record);
        if (this.acks) record.lease.ack();
      },
      error: (error: unknown) => {
        this.end = error;
      },
      complete: () => {
        this.end = 'completed';
      },
    });
    return this;
  }

  unsubscribe(): void {
    this.#subscription?.unsubscribe();
  }

  /** Since the last call. */
  take(): string[] {
    return this.records.splice(0).sort();
  }

  get held(): string[] {
    return this.consumer.assignment.map(({ topic, partition }) => `${topic}-${partition}`).sort();
  }
}
