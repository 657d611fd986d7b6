import { Timer } from '../../runtime/timer.js';
import { type ClusterState } from './cluster-state.js';
import { offsetsTopic, transactionsTopic } from './internal-topics.js';
import { type Partition } from './topic.js';

/**
 * The controller's part: who is in sync and who leads. A broker that is killed or cut off stays leader and in sync until
 * `failoverMs` have passed, as a real one does until its session with the controller ends; one that stops in order hands over
 * at once. @internal
 */
export class Leadership {
  readonly #cluster: ClusterState;
  readonly #failovers = new Map<number, Timer>();

  constructor(cluster: ClusterState) {
    this.#cluster = cluster;
  }

  /** The broker stopped answering; its partitions move when the controller has noticed. */
  lost(id: number): void {
    const { runtime, settings } = this.#cluster;
    const timer = new Timer(runtime, () => {
      this.#failovers.delete(id);
      this.gone(id);
    });
    this.#failovers.get(id)?.clear();
    this.#failovers.set(id, timer);
    timer.set(settings.failoverMs);
  }

  /** The broker does not answer, and the controller does not know yet. */
  isPending(id: number): boolean {
    return this.#failovers.has(id);
  }

  /** Moves everything away from the broker, now. */
  gone(id: number): void {
    for (const partition of this.#partitions()) {
      if (partition.isr.includes(id) && partition.isr.length > 1) {
        partition.isr = partition.isr.filter((replica) => replica !== id);
      }
      if (partition.leader === id) this.#elect(partition);
      else this.advance(partition);
    }
  }

  /** The broker answers again: it catches up at once and leads what nobody leads. */
  back(id: number): void {
    this.#failovers.get(id)?.clear();
    this.#failovers.delete(id);
    for (const partition of this.#partitions()) {
      if (!partition.replicas.includes(id)) continue;
      if (partition.leader < 0) {
        if (partition.isr.includes(id)) this.#lead(partition, id);
        continue;
      }
      if (!partition.isr.includes(id)) {
        partition.isr = partition.replicas.filter((replica) => replica === id || partition.isr.includes(replica));
      }
      this.advance(partition);
    }
  }

  /** Elects another leader, in sync or not. */
  move(partition: Partition, id: number): void {
    if (partition.leader === id) return;
    if (!partition.isr.includes(id)) partition.isr = [...partition.isr, id];
    if (!partition.replicas.includes(id)) partition.replicas = [...partition.replicas, id];
    this.#lead(partition, id);
  }

  /** An unclean election: the leader stays, its log ends earlier under a new epoch. */
  truncate(partition: Partition, endOffset: number): void {
    const { log } = partition;
    partition.leaderEpoch++;
    log.truncate(endOffset);
    log.epochs.began(partition.leaderEpoch, log.endOffset);
    this.advance(partition);
  }

  stop(): void {
    for (const timer of this.#failovers.values()) timer.clear();
    this.#failovers.clear();
  }

  /** A new partition may have replicas on brokers that do not run. */
  settle(partition: Partition): void {
    const alive = partition.replicas.filter((id) => this.#cluster.brokers.get(id)?.reachable === true);
    if (alive.length === partition.replicas.length) return;
    partition.isr = alive.length === 0 ? partition.replicas : alive;
    partition.leader = alive[0] ?? -1;
  }

  /** The log grew, or the set of those in sync changed: moves the high watermark when all of them are reached. */
  advance(partition: Partition): void {
    const { brokers, runtime, settings } = this.#cluster;
    const reached = partition.isr.every((id) => brokers.get(id)?.reachable === true);
    const { log, leaderEpoch } = partition;
    const target = log.endOffset;
    if (!reached || partition.leader < 0 || target === log.highWatermark) {
      log.changed();
      return;
    }
    if (settings.replicationLagMs === 0 || partition.isr.length === 1) {
      log.advance(target);
      return;
    }
    new Timer(runtime, () => {
      // a leader that was replaced meanwhile has nothing to say, its successor has cut the log
      if (partition.leaderEpoch !== leaderEpoch || partition.log !== log) return;
      if (partition.isr.every((id) => brokers.get(id)?.reachable === true)) log.advance(target);
    }).set(settings.replicationLagMs);
    log.changed();
  }

  #elect(partition: Partition): void {
    const { brokers } = this.#cluster;
    const next = partition.isr.find((id) => brokers.get(id)?.reachable === true);
    if (next === undefined) {
      partition.leader = -1;
      partition.leaderEpoch++;
      partition.log.changed();
      this.#coordinatorMoved(partition);
    } else this.#lead(partition, next);
  }

  /** What followers did not have is lost with the old leader: the new one cuts the log at the high watermark. */
  #lead(partition: Partition, id: number): void {
    const { log } = partition;
    partition.leader = id;
    partition.leaderEpoch++;
    if (log.endOffset > log.highWatermark) log.truncate(log.highWatermark);
    log.epochs.began(partition.leaderEpoch, log.endOffset);
    this.advance(partition);
    this.#coordinatorMoved(partition);
  }

  #coordinatorMoved({ topic, index }: Partition): void {
    if (topic.name === offsetsTopic) this.#cluster.groups.coordinatorMoved(index);
    if (topic.name === transactionsTopic) this.#cluster.transactions.coordinatorMoved(index);
  }

  *#partitions(): Iterable<Partition> {
    for (const topic of [...this.#cluster.topics.values()]) yield* topic.partitions;
  }
}
