import { type ChannelPool } from '../cluster/channel-pool.js';
import { type Cluster } from '../cluster/cluster.js';
import { type Cancel } from '../model/done.js';
import { Timer, hop } from '../runtime/timer.js';
import { BrokerSink, type SinkHost } from './broker-sink.js';
import { type PartitionQueue } from './partition-queue.js';
import { type TopicState } from './topic-state.js';

/**
 * Brings queues to the sinks of their leaders and lets the sinks send: once per turn, so that everything that was written in
 * one turn leaves together, and when linger or a back-off is over.
 */
export class Dispatcher {
  readonly #cluster: Cluster;
  readonly #pool: ChannelPool;
  readonly #sinks: Map<number, BrokerSink> = new Map<number, BrokerSink>();
  readonly #sinkHost: SinkHost;
  readonly #wake: Timer;
  /** Asks for metadata again while something waits for a topic or a leader. */
  readonly #search: Timer;
  readonly #afterPass: () => void;
  #wakeTime = 0;
  #pass: Cancel | null = null;
  /** Searches that are out: another topic may begin one while the first is not answered. */
  readonly #searching: Set<Cancel> = new Set<Cancel>();
  #closed = false;

  /**
   * @param afterPass - runs at the end of every pass
   * @param searched - a search for metadata ended, whatever it brought; `search` again where something is still missing
   */
  constructor(cluster: Cluster, sinkHost: SinkHost, afterPass: () => void, searched: () => void) {
    this.#cluster = cluster;
    this.#pool = cluster.channels('produce');
    this.#sinkHost = sinkHost;
    this.#afterPass = afterPass;
    this.#wake = new Timer(cluster.runtime, () => {
      this.drainAll();
    });
    this.#search = new Timer(cluster.runtime, () => {
      const cancel = this.#cluster.metadata.refresh('records wait for a topic or a leader', () => {
        this.#searching.delete(cancel);
        searched();
      });
      this.#searching.add(cancel);
    });
  }

  /** Requests that are not answered. */
  get inFlight(): number {
    let total = 0;
    for (const sink of this.#sinks.values()) total += sink.inFlight;
    return total;
  }

  /** A pass is due at the end of this turn. */
  get passPending(): boolean {
    return this.#pass !== null;
  }

  /** The queue has something that may be sent: look at it at the end of this turn. */
  touch(queue: PartitionQueue): void {
    const { sink } = queue;
    if (sink === null) {
      this.search();
      return;
    }
    sink.list(queue);
    this.touchSink(sink);
  }

  touchSink(sink: BrokerSink): void {
    sink.dirty = true;
    this.passSoon();
  }

  /** A pass at the end of this turn. */
  passSoon(): void {
    if (this.#pass !== null || this.#closed) return;
    this.#pass = hop(this.#cluster.runtime, () => {
      this.#pass = null;
      this.#drainDirty();
    });
  }

  /** Every sink looks again. */
  drainAll(): void {
    for (const sink of this.#sinks.values()) sink.dirty = true;
    this.passSoon();
  }

  /** A pass at that time; the earliest one asked for counts. */
  wakeAt(time: number): void {
    if (this.#wake.armed && this.#wakeTime <= time) return;
    this.#wakeTime = time;
    this.#wake.set(Math.max(0, time - this.#cluster.runtime.now()));
  }

  /** Metadata lacks something that records wait for. */
  search(): void {
    if (!this.#search.armed && !this.#closed) this.#search.set(this.#cluster.options.retryBackoffMs);
  }

  /** Nothing waits any more: who asks for metadata would keep the process. */
  rest(): void {
    this.#search.clear();
    for (const cancel of this.#searching) cancel();
    this.#searching.clear();
  }

  /** Moves the queues of the topic whose leader changed, with everything in them, to the sink of the new one. */
  update(topic: TopicState): void {
    for (const queue of topic.update(this.#cluster.metadata)) {
      queue.sink?.unlist(queue);
      queue.sink = queue.leader < 0 ? null : this.#sink(queue.leader);
      if (queue.batches.length > 0) this.touch(queue);
    }
  }

  close(): void {
    this.#closed = true;
    this.#pass?.();
    this.#pass = null;
    this.#wake.clear();
    this.rest();
    this.#pool.close();
  }

  #drainDirty(): void {
    for (const sink of this.#sinks.values()) {
      if (!sink.dirty) continue;
      sink.dirty = false;
      sink.drain();
    }
    this.#afterPass();
  }

  #sink(nodeId: number): BrokerSink {
    let sink = this.#sinks.get(nodeId);
    if (sink === undefined) {
      sink = new BrokerSink(nodeId, this.#pool.broker(nodeId), this.#sinkHost);
      this.#sinks.set(nodeId, sink);
    }
    return sink;
  }
}
