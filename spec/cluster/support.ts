import { Cluster, type ClusterOptions } from '../../src/cluster/cluster.js';
import type { KafkaError } from '../../src/errors/kafka-error.js';
import type { ClientEvent } from '../../src/model/client-event.js';
import type { Done } from '../../src/model/done.js';
import type { Input } from '../../src/protocol/api.js';
import { metadataApi, type MetadataRequest, type MetadataResponse } from '../../src/protocol/messages/metadata.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { VirtualRuntime } from '../support/virtual-runtime.js';

type AnsweredTopic = NonNullable<Input<MetadataResponse>['topics']>[number];

/** What a call came to. */
export interface Outcome<T> {
  at: number;
  error: KafkaError | null;
  value: T | null;
  times: number;
}

/** A cluster of scripted brokers with ids 1.., on ports 9001.., and a client that bootstraps from the first two. */
export class ClusterBench {
  readonly runtime: VirtualRuntime;
  readonly brokers: ScriptedBroker[];
  readonly events: ClientEvent[] = [];
  readonly topics: Map<string, AnsweredTopic> = new Map<string, AnsweredTopic>();
  readonly cluster: Cluster;
  /** Ids that Metadata answers name. */
  ids: number[];

  constructor(options: Partial<ClusterOptions> = {}, count = 3, seed = 1) {
    this.runtime = new VirtualRuntime(seed);
    this.ids = Array.from({ length: count }, (_, index) => index + 1);
    this.brokers = this.ids.map((id) => new ScriptedBroker(this.runtime, 9000 + id, `b${id}`));
    for (const broker of this.brokers) broker.on(metadataApi, ({ body }) => this.metadata(body));
    const silent = (): void => undefined;
    this.cluster = new Cluster(
      {
        bootstrapServers: this.ids.slice(0, 2).map((id) => ({ host: `b${id}`, port: 9000 + id })),
        clientId: 'me',
        tls: null,
        sasl: null,
        requestTimeoutMs: 30_000,
        connectTimeoutMs: 10_000,
        retryBackoffMs: 100,
        retryBackoffMaxMs: 1000,
        reconnectBackoffMs: 50,
        reconnectBackoffMaxMs: 1000,
        metadataMaxAgeMs: 300_000,
        connectionsMaxIdleMs: 540_000,
        brokerVersionFallback: null,
        logger: { debug: silent, info: silent, warn: silent, error: silent },
        ...options,
      },
      this.runtime,
      (event) => this.events.push(event),
    );
  }

  broker(id: number): ScriptedBroker {
    return this.brokers[id - 1]!;
  }

  /** All brokers see the topic: a leader per partition. */
  topic(name: string, leaders: readonly number[], epoch = 0, topicId?: string): void {
    const partitions = leaders.map((leaderId, partitionIndex) => ({
      partitionIndex,
      leaderId,
      leaderEpoch: epoch,
      replicaNodes: [leaderId],
      isrNodes: [leaderId],
    }));
    this.topics.set(name, { name, partitions, ...(topicId === undefined ? {} : { topicId }) });
  }

  metadata(asked: MetadataRequest): Input<MetadataResponse> {
    const names = asked.topics === null ? [...this.topics.keys()] : asked.topics.map(({ name }) => name!);
    return {
      brokers: this.ids.map((id) => ({ nodeId: id, host: `b${id}`, port: 9000 + id, rack: `r${id}` })),
      clusterId: 'c',
      controllerId: 1,
      topics: names.map((name) => this.topics.get(name) ?? { name, errorCode: 3 }),
    };
  }

  /** Metadata requests to all brokers, in order of time. */
  get questions(): { at: number; topics: (string | null)[] | null; create: boolean }[] {
    return this.brokers
      .flatMap((broker) => broker.asked(metadataApi))
      .sort((a, b) => a.at - b.at)
      .map(({ at, body }) => {
        const { topics, allowAutoTopicCreation } = body as unknown as MetadataRequest;
        return { at, topics: topics?.map(({ name }) => name) ?? null, create: allowAutoTopicCreation };
      });
  }

  outcome<T>(start: (done: Done<T>) => void): Outcome<T> {
    const outcome: Outcome<T> = { at: -1, error: null, value: null, times: 0 };
    let returned = false;
    start((error, value) => {
      expect(returned).toBe(true);
      Object.assign(outcome, { at: this.runtime.now(), error, value, times: outcome.times + 1 });
    });
    returned = true;
    return outcome;
  }

  run(outcome: Outcome<unknown>): void {
    this.runtime.until('outcome', () => outcome.times > 0);
  }

  /** Closes and proves that nothing is left. */
  end(): void {
    this.cluster.close();
    this.runtime.advance(2);
    expect(this.runtime.pending).toBe(0);
    expect(this.runtime.alive).toBe(0);
    for (const broker of this.brokers) expect(broker.live).toHaveLength(0);
  }
}
