import type { Cluster } from '../../../src/cluster/cluster.js';
import { clusterParts } from '../../../src/consumer/cluster-parts.js';
import { ConsumerCore } from '../../../src/consumer/consumer-core.js';
import type { ConsumerCoreOptions, ConsumerView } from '../../../src/consumer/consumer-ports.js';
import type { FetchedRecord } from '../../../src/consumer/fetched-record.js';
import type { HeldPartition } from '../../../src/consumer/held-partition.js';
import type { ConsumerEvent, ConsumerState } from '../../../src/model/consumer.js';
import type { Done } from '../../../src/model/done.js';
import { takeLease } from '../../../src/model/lease.js';
import type { TopicPartition } from '../../../src/model/topic-partition.js';
import { resolveConsumerOptions } from '../../../src/observables/consumer-options.js';
import { GroupBroker } from '../group/support/group-broker.js';
import { ScriptedCluster, type Call } from '../group/support/scripted-cluster.js';
import { FakeBrokers, type FakeLog } from './fake-brokers.js';
import { FlowRuntime } from './flow-runtime.js';

/** Whole consumers over brokers and a group coordinator without a wire, in virtual time: topic `t`. */
export class ConsumerWorld {
  readonly runtime: FlowRuntime;
  readonly brokers: FakeBrokers;
  readonly group: GroupBroker;
  readonly logs: FakeLog[];
  readonly consumers: WorldConsumer[] = [];
  /** Milliseconds until a request of the group reaches its broker. */
  groupDelay: () => number = () => 1;
  /** What becomes of a request: null is lost before, false after it was handled. */
  wire: (call: Call) => boolean | null = () => true;

  constructor(partitions: number, seed = 1) {
    this.runtime = new FlowRuntime(seed);
    this.brokers = new FakeBrokers(this.runtime);
    this.group = new GroupBroker(this.runtime);
    this.logs = this.brokers.topic(
      't',
      Array.from({ length: partitions }, (_, at) => at % 3),
    );
  }

  consumer(options: object = {}): WorldConsumer {
    const consumer = new WorldConsumer(this, this.consumers.length, {
      topics: 't',
      groupId: 'g',
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 12_000,
      ...options,
    });
    this.consumers.push(consumer);
    return consumer;
  }

  fill(partition: number, count: number): void {
    this.logs[partition]!.fill(count);
    this.brokers.appended();
  }

  run(ms: number, stepMs = 100): void {
    for (let left = ms; left > 0; left -= stepMs) {
      this.runtime.advance(Math.min(left, stepMs));
      this.group.tick();
    }
  }

  /** Of the group's requests; used by the clusters of the consumers. */
  receive(consumer: WorldConsumer, call: Call): void {
    consumer.onCall?.(call);
    this.runtime.scheduler.schedule(() => {
      const fate = this.wire(call);
      if (fate === null) call.fail();
      else if (consumer.alive) {
        this.group.handle(call);
        if (!fate) call.fail();
      }
    }, this.groupDelay());
  }
}

/** One consumer and the pipe that reads it. */
export class WorldConsumer implements ConsumerView {
  readonly id: number;
  readonly core: ConsumerCore;
  readonly options: ConsumerCoreOptions;
  readonly groupWire: ScriptedCluster;
  readonly events: ConsumerEvent[] = [];
  readonly said: string[] = [];
  readonly states: ConsumerState[] = [];
  readonly warnings: string[] = [];
  readonly live: Map<string, HeldPartition> = new Map<string, HeldPartition>();
  alive = true;
  error: unknown = null;
  over = false;
  onCall: ((call: Call) => void) | null = null;
  /** The pipe; takes every lease, so that it lives until it is settled. */
  onRecord: (record: FetchedRecord, held: HeldPartition) => void = (record) => {
    record.lease.ack();
  };
  onOpened: (held: HeldPartition) => void = () => undefined;
  onEnded: (held: HeldPartition, why: string) => void = () => undefined;
  hookMs: () => number = () => 0;

  constructor(world: ConsumerWorld, id: number, options: object) {
    this.id = id;
    this.options = resolveConsumerOptions(options);
    this.groupWire = new ScriptedCluster(world.runtime);
    this.groupWire.broker = (call) => {
      world.receive(this, call);
    };
    const cluster = facade(world, this.groupWire);
    this.core = new ConsumerCore(cluster, clusterParts(cluster, this.options), this.options, {
      event: (event) => this.events.push(event),
      state: (state) => this.states.push(state),
      assignment: () => undefined,
      hook: (name, partitions, _context, done) => {
        this.said.push(`${name} ${names(partitions)}`);
        world.runtime.scheduler.schedule(() => {
          done(null);
        }, this.hookMs());
      },
      warn: (message) => this.warnings.push(message),
    });
  }

  get held(): readonly HeldPartition[] {
    return this.core.session?.partitions.all() ?? [];
  }
  cursor(partition: number): HeldPartition['cursor'] {
    const held = this.core.session?.partitions.get({ topic: 't', partition });
    if (held === undefined) throw new Error(`partition ${partition} is not held`);
    return held.cursor;
  }
  kinds(): string[] {
    return this.events.map(({ type }) => type);
  }

  subscribe(): this {
    this.over = false;
    this.core.subscribe(this);
    return this;
  }
  unsubscribe(): void {
    this.core.unsubscribe(this);
  }
  /** The process is gone: nothing more is sent, and nothing hears an answer. */
  kill(): void {
    this.alive = false;
    this.core.session?.abort();
  }

  opened(held: HeldPartition): void {
    this.live.set(names([held]), held);
    this.onOpened(held);
    held.cursor.attachRecords({
      next: (record) => {
        record[takeLease]();
        this.onRecord(record, held);
      },
    });
  }
  revoking(): void {
    // the pipe goes on with what it has
  }
  ended(held: HeldPartition, why: string): void {
    this.said.push(`ended ${names([held])} ${why}`);
    this.onEnded(held, why);
    if (this.live.get(names([held])) === held) this.live.delete(names([held]));
  }
  failed(error: unknown): void {
    this.error = error;
    this.over = true;
  }
  completed(): void {
    this.over = true;
  }
}

/** `t-0 t-1`, in the order given. */
export function names(partitions: readonly TopicPartition[]): string {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(' ');
}

/** One cluster out of the brokers that are fetched from and the coordinator. */
function facade(world: ConsumerWorld, group: ScriptedCluster): Cluster {
  const { brokers, runtime } = world;
  const cluster = {
    runtime,
    options: brokers.options,
    logger: brokers.logger,
    control: brokers.control,
    metadata: {
      ...brokers.metadata,
      topic: (name: string): unknown => {
        const known = brokers.metadata.topic(name);
        if (known === undefined) return undefined;
        const partitions = world.logs.map(({ leader, epoch }, partition) => ({
          partition,
          leader,
          leaderEpoch: epoch,
        }));
        return { ...(known as object), isInternal: false, partitions };
      },
      refresh: (_reason: string, done?: Done<true>): (() => void) => {
        let open = true;
        brokers.metadata.refresh();
        runtime.scheduler.schedule(() => {
          if (open) done?.(null, true);
        }, 6);
        return () => {
          open = false;
        };
      },
    },
    channels: (purpose: string): unknown => (purpose === 'fetch' ? brokers.channels() : group.channels(purpose)),
    coordinator: group.coordinator.bind(group),
    forgetCoordinator: group.forgetCoordinator.bind(group),
  };
  return cluster as unknown as Cluster;
}
