import { type Runtime } from '../../src/index.js';
import { type ClusterState } from '../../src/testing/broker/cluster-state.js';
import { inMemory, type InMemoryCluster, type InMemoryOptions } from '../../src/testing/broker/index.js';
import { type Chance } from './chance.js';
import { ClientProcess } from './client-process.js';
import { type Delivered, type Invariant } from './invariant.js';
import { LogView } from './log-view.js';
import { type Counts } from './counts.js';
import { TopicGrowth } from './workload/topic-growth.js';
import { Trace } from './trace.js';
import { factsOf } from './request-facts.js';
import { type Violation } from './violation.js';
import { type Lane, VirtualClock } from './virtual-clock.js';

/** One simulated world: a cluster, processes with clients, the time they share, and what watches them. */
export class World {
  readonly clock: VirtualClock = new VirtualClock();
  readonly chance: Chance;
  readonly cluster: InMemoryCluster;
  /** What the brokers know, for those who judge. */
  readonly state: ClusterState;
  readonly trace: Trace;
  readonly counts: Counts;
  readonly processes: ClientProcess[] = [];
  readonly watches: Invariant[] = [];
  readonly violations: Violation[] = [];
  /** Whoever runs the world: its turns are neither of a client nor of a broker. */
  readonly operator: Lane;
  isThrottling = false;
  /**
   * Groups whose coordinator was struck, or moved in the middle of a rebalance: the next one knows them as they were when their last
   * rebalance was over, with the ids that static members had then.
   */
  readonly forgotten: Set<string> = new Set<string>();
  /** Faults have ended: nothing goes wrong any more. */
  isCalm = false;
  /**
   * Producers try for ever: a batch or a partition that is stuck stays stuck, where `deliveryTimeoutMs` would clear it away. The time to
   * catch up allows nothing for that then.
   */
  isPatient = false;
  readonly growth: TopicGrowth;
  readonly #logs = new Map<string, LogView>();

  constructor(chance: Chance, options: InMemoryOptions, counts: Counts, keepTrace: boolean) {
    this.chance = chance;
    this.counts = counts;
    this.operator = this.clock.lane();
    this.trace = new Trace(() => this.clock.now, keepTrace);
    this.cluster = inMemory({
      ...options,
      scheduler: this.clock.lane(),
      seed: chance.fork('cluster').between(1, 2 ** 30),
    });
    this.state = (this.cluster as unknown as { readonly state: ClusterState }).state;
    this.growth = new TopicGrowth(this);
    this.cluster.onRequest((request) => {
      this.trace.note(`${request.broker} ${request.api} ${request.clientId ?? ''}${factsOf(request)}`);
      for (const watch of this.watches) watch.arrived?.(request);
    });
  }

  get isOver(): boolean {
    return this.violations.length > 0;
  }

  /** How long a producer tries, and how much of that the time to catch up has to allow for. */
  deliveryTimeoutMs(drawnMs: number): number {
    return this.isPatient ? 600_000 : drawnMs;
  }
  allowedFor(deliveryTimeoutMs: number): number {
    return this.isPatient ? 0 : deliveryTimeoutMs;
  }

  process(name: string): ClientProcess {
    const process = new ClientProcess(this, name, this.chance.fork(`process ${name}`));
    this.processes.push(process);
    return process;
  }

  /** Milliseconds from now, in the turn of whoever runs the world. */
  after(ms: number, work: () => void): void {
    this.operator.schedule(() => {
      if (!this.isOver) work();
    }, ms);
  }

  violate(invariant: string, text: string): void {
    if (this.violations.length >= 3) return;
    this.trace.note(`VIOLATION ${invariant}: ${text}`);
    this.violations.push({ invariant, text, at: this.clock.now });
  }

  delivered(record: Delivered): void {
    this.counts.add('delivered');
    this.trace.note(`${record.member.name} got ${record.topic}/${record.partition}@${record.offset} ${record.value}`);
    for (const watch of this.watches) watch.delivered?.(record);
  }

  settled(record: Delivered, how: 'acked' | 'released' | 'fenced'): void {
    this.counts.add(how);
    this.trace.note(`${record.member.name} ${how} ${record.topic}/${record.partition}@${record.offset}`);
    for (const watch of this.watches) watch.settled?.(record, how);
  }

  log(topic: string, partition: number): LogView {
    const key = `${topic}/${partition}`;
    let view = this.#logs.get(key);
    if (view === undefined)
      this.#logs.set(key, (view = new LogView(topic, partition, this.state.partition(topic, partition)!.log)));
    return view.follow();
  }

  /** All partitions of a topic. */
  logs(topic: string): LogView[] {
    return this.state.topics.get(topic)!.partitions.map(({ index }) => this.log(topic, index));
  }

  committed(groupId: string, topic: string, partition: number): number | null {
    return this.cluster.committed(groupId, topic, partition);
  }

  /** The runtime of the brokers, for whoever needs their time. */
  get runtime(): Runtime {
    return this.state.runtime;
  }
}
