import { type KafkaError } from '../errors/kafka-error.js';
import { type CommitReceipt, type GroupMetadata } from '../model/commit.js';
import { type LeaseOwner } from '../model/lease.js';
import { type LeaseWindow, type WindowListener } from '../model/lease-window.js';
import { type ParkedNotice } from '../model/parking.js';
import { type Runtime } from '../model/runtime.js';
import { type Deserializer } from '../model/serde.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { Listeners } from '../runtime/listeners.js';
import { type RecordHome } from './buffered-batch.js';
import { CommitAhead } from './commit-ahead.js';
import { type CadenceArguments, commitsNothing } from './cursor-commits.js';
import { type CursorPort } from './cursor-port.js';
import { deliverBatches, deliverRecords } from './delivery.js';
import { type RangeSettler } from './fetched-batch.js';
import { type FetchedAnswer, FetchState } from './fetch-state.js';
import { type BatchReceiver, type PositionTrouble, type RecordReceiver } from './flow-options.js';
import { type CommitValue, LeaseTracker } from './lease-tracker.js';
import { openLeaseWindow } from './lease-window.js';
import { park } from './parked.js';
import { PauseReasons } from './pause-reasons.js';
import { type Pressure } from './pressure.js';
import { type RecordReader } from './record-reader.js';
import { ReleasedRewind } from './released-rewind.js';

/**
 * One assigned partition under one assignment epoch: where it stands, what is fetched and waits, what is delivered and not
 * settled. Fetching and delivery each ask their own predicate, recomputed from what is true at that moment.
 */
export class PartitionCursor implements LeaseOwner, RecordHome, RangeSettler {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  /** Fences leases: raised by every `moveTo`. */
  deliveryEpoch = 0;
  leaseEverRead = false;
  lastSettledAt: number | null = null;
  lastDeliveredAt: number | null = null;
  readonly alone: readonly LeaseOwner[];
  readonly keyDeserializer: Deserializer<unknown> | null;
  readonly valueDeserializer: Deserializer<unknown> | null;
  /** Where the next fetch begins and how the last ones went; moved by the broker source. @internal */
  readonly fetch: FetchState;
  /** Waiting batches and the record under delivery. @internal */
  readonly reader: RecordReader;
  /** Set while the pump has it in its ring, and while it owes the listener a `settled`. @internal */
  queued = false;
  marked = false;
  readonly #port: CursorPort;
  readonly #pauses: PauseReasons = new PauseReasons();
  readonly #pressure: Listeners<Pressure> = new Listeners<Pressure>();
  readonly #rewind: ReleasedRewind;
  readonly #ahead: CommitAhead | null;
  #tracker: LeaseTracker;
  #records: RecordReceiver | null = null;
  #batches: BatchReceiver | null = null;
  #stopped = false;
  #closed = false;
  /** Something that delivery depends on was changed, perhaps by the receiver during `next`. */
  #interrupted = false;
  #pressed = false;
  /** Leases the tracker had given back when it was looked at last. */
  #givenBack = 0;
  /** Sequences whose `next` is running under onNext: they settle by themselves, whoever left meanwhile. */
  #deliveringFrom = -1;
  #deliveringTo = -1;

  constructor(port: CursorPort, at: TopicPartition, epoch: number, position: number | null, leaderEpoch: number) {
    this.#port = port;
    this.topic = at.topic;
    this.partition = at.partition;
    this.epoch = epoch;
    this.alone = [this];
    this.keyDeserializer = port.options.keyDeserializer;
    this.valueDeserializer = port.options.valueDeserializer;
    this.#tracker = this.#newTracker(position ?? -1, leaderEpoch);
    this.fetch = new FetchState(port.options.maxPartitionFetchBytes);
    this.fetch.moveTo(position ?? -1, leaderEpoch);
    this.reader = port.reader(this, (error) => {
      this.failed(error);
    });
    this.#ahead = this.atMostOnce ? new CommitAhead(this, port) : null;
    this.#ahead?.reset();
    this.#rewind = new ReleasedRewind(port, () => {
      if (!this.#stopped && this.#tracker.released > 0) port.listener.positionInvalid(this, 'released');
    });
  }

  get runtime(): Runtime {
    return this.#port.runtime;
  }
  /** Next offset to deliver, -1 while unknown. */
  get position(): number {
    return this.#tracker.nextOffset;
  }
  /** Null while the position is unknown. */
  get commitValue(): CommitValue | null {
    const tracker = this.#tracker;
    if (tracker.nextOffset < 0) return null;
    return this.#ahead === null ? tracker.commitValue : this.#ahead.commitValue(tracker);
  }
  /** Committed before it is delivered, so nothing is ever delivered again. */
  get atMostOnce(): boolean {
    return this.#port.options.acknowledge === 'beforeDelivery';
  }
  get openLeases(): number {
    return this.#tracker.open;
  }
  get releasedLeases(): number {
    return this.#tracker.released;
  }
  get oldestLease(): { readonly offset: number; readonly deliveredAt: number } | null {
    return this.#tracker.oldestOpen;
  }
  get windowFull(): boolean {
    return !this.#tracker.hasCredit;
  }
  get windowed(): boolean {
    return this.#tracker.windowed;
  }
  get tracker(): LeaseTracker {
    return this.#tracker;
  }
  get highWatermark(): number {
    return this.fetch.highWatermark;
  }
  get lastStableOffset(): number {
    return this.fetch.lastStableOffset;
  }
  get lastFetchedAt(): number | null {
    return this.fetch.lastFetchedAt;
  }
  /** Node that is fetched from, -1 while there is no leader. */
  get leader(): number {
    return this.fetch.broker;
  }
  /** Bytes on the wire that wait for delivery. */
  get bufferedBytes(): number {
    return this.reader.bytes;
  }
  get pauseReasons(): ReadonlySet<string> {
    return this.#pauses.names;
  }
  get held(): boolean {
    return this.#pauses.held;
  }
  get subscribed(): boolean {
    return this.#records !== null || this.#batches !== null;
  }
  get closed(): boolean {
    return this.#closed;
  }

  /** Subscribed, credit, no pause, something there. */
  get deliverable(): boolean {
    // behind a released record nothing is worth delivering: it comes again after the rewind
    if (this.#stopped || this.#tracker.released > 0 || !this.subscribed || this.#pauses.any) return false;
    return this.#tracker.hasCredit && this.reader.ready && (this.#ahead === null || this.#ahead.ready);
  }

  /** Position valid, buffer below high water, not paused by the user. Back-off after errors is the broker source's part. */
  get fetchable(): boolean {
    return (
      !this.#stopped &&
      this.fetch.usable &&
      this.reader.bytes < this.#port.options.maxPartitionFetchBytes &&
      !this.#pauses.has('user')
    );
  }

  /** Nothing is buffered although the receiver would take it: gets its share even while the budget is used up by others. */
  get starving(): boolean {
    return this.reader.bytes === 0 && this.subscribed && !this.#pauses.any && this.#tracker.hasCredit;
  }

  /** Not fetchable now, but likely soon: the broker must not be busy with a long poll of others then. */
  leftOutForNow(now: number): boolean {
    if (this.#stopped || !this.fetch.usable || this.#pauses.has('user')) return false;
    const active = Math.max(this.lastDeliveredAt ?? -Infinity, this.lastSettledAt ?? -Infinity);
    return this.deliverable || now - active < 1000;
  }

  attachRecords(receiver: RecordReceiver): void {
    this.#attach(receiver, null);
  }
  attachBatches(receiver: BatchReceiver): void {
    this.#attach(null, receiver);
  }
  detach(): void {
    this.#records = null;
    this.#batches = null;
    this.#ahead?.reset();
    this.#interrupted = true;
  }

  pause(reason: string): void {
    this.#pauses.add(reason);
    this.#interrupted = true;
  }
  resume(reason: string): void {
    this.#pauses.remove(reason);
    this.#wake();
  }
  hold(reason: string): () => void {
    this.#interrupted = true;
    return this.#pauses.hold(reason, () => {
      this.#wake();
    });
  }
  park(notice: ParkedNotice | null): (() => void) | null {
    return this.#stopped ? null : park(this, this.#pauses, this.#port.listener, notice);
  }

  /** Starts anew at that offset: buffered records are dropped, open leases fenced, the commit value is the new position. */
  moveTo(offset: number, leaderEpoch: number): void {
    if (this.#closed) return;
    const tracker = this.#tracker;
    this.#interrupted = true;
    this.deliveryEpoch++;
    this.#pressed = false;
    this.#givenBack = 0;
    this.#rewind.moved(offset);
    this.#ahead?.reset();
    // in place before anything is fenced: an abort listener may look at this cursor
    this.#tracker = this.#newTracker(offset, leaderEpoch);
    this.fetch.moveTo(offset, leaderEpoch);
    this.reader.dropAll();
    tracker.fence();
    this.#port.mark(this);
    this.#wake();
  }

  /** What waits was read from a log that is not the leader's any more (KIP-320): it is fetched again, leases stay. */
  refetch(): void {
    this.#interrupted = true;
    this.reader.dropWaiting();
    this.fetch.moveTo(this.#tracker.nextOffset, this.#tracker.lastLeaderEpoch);
    this.#wake();
  }

  /** Drain, step 1: undelivered records go, nothing more is delivered or fetched. Open leases stay until they settle. */
  stopDelivery(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#interrupted = true;
    this.#rewind.clear();
    this.#ahead?.reset();
    this.reader.dropWaiting();
    this.#port.mark(this);
  }

  /** A subscriber left: what it was handed and nobody took over is redelivered to the next one. */
  fenceUntaken(): void {
    if (this.#tracker.fenceUntaken(this.#deliveringFrom, this.#deliveringTo) === 0) return;
    this.reader.recount();
    this.#port.mark(this);
  }

  /** Fences what is open, frees what is buffered, leaves the fetcher. */
  close(): void {
    if (this.#closed) return;
    this.#stopped = true;
    this.#closed = true;
    this.#interrupted = true;
    this.detach();
    this.#rewind.clear();
    this.reader.dropAll();
    this.#port.left(this);
    this.#tracker.fence();
    this.#pressure.clear();
  }

  onPressure(listener: (why: Pressure) => void): () => void {
    return this.#pressure.add(listener);
  }
  /** For the orchestrator: the partition is about to go. */
  press(why: 'windowFull' | 'revoking' | 'draining' | 'lost'): void {
    this.#pressure.tell(why);
  }

  rewind(): void {
    const { listener } = this.#port;
    this.#ahead?.reset();
    if (listener.rewind !== undefined) {
      listener.rewind(this);
      return;
    }
    const value = this.commitValue;
    if (value !== null) this.moveTo(value.offset, value.leaderEpoch);
  }
  commitNow(done: (receipt: CommitReceipt | null, error?: unknown) => void): () => void {
    return this.#port.listener.commitNow?.(this, done) ?? commitsNothing();
  }
  commitCadence(...how: CadenceArguments): () => void {
    return this.#port.listener.commitCadence?.(this, ...how) ?? commitsNothing();
  }
  openWindow(listener: WindowListener): LeaseWindow | null {
    if (this.#closed) return null;
    return openLeaseWindow(this, this.#tracker, this.#port.listener.windowCommits?.(this), listener);
  }
  groupMetadata(): GroupMetadata | undefined {
    return this.#port.listener.groupMetadata?.();
  }

  /** The leases `[from, to)` are done. @internal */
  ackRange(tracker: LeaseTracker, from: number, to: number): number {
    return tracker === this.#tracker ? this.reader.ackRange(tracker, from, to) : 0;
  }
  /** @internal */
  ackUntaken(tracker: LeaseTracker, from: number, to: number): void {
    if (tracker === this.#tracker) this.reader.ackUntaken(tracker, from, to);
  }

  /** What a fetch answer brought. One that was out when a drain began must not move the position over what was dropped. @internal */
  answered(answer: FetchedAnswer): void {
    this.fetch.answered(answer);
    if (answer.part !== null && !this.#stopped) {
      this.reader.append(answer.part, answer.frame);
      this.#port.wakeDelivery(this);
      if (answer.part.error !== null) this.failed(answer.part.error);
    }
    this.#port.listener.fetched?.(this);
  }

  /** Told once; until `moveTo` nothing is fetched. @internal */
  invalidate(why: PositionTrouble): void {
    if (this.#stopped || !this.fetch.fail()) return;
    this.#port.listener.positionInvalid(this, why);
  }
  /** @internal */
  failed(error: KafkaError): void {
    if (this.#stopped || !this.fetch.fail()) return;
    this.#port.listener.fetchFailed(this, error);
  }

  /**
   * Delivers up to `quantum` records, or one batch, as long as nothing stands against it; returns how many. Called by the
   * pump only: nothing is ever delivered in the stack of an acknowledgement. @internal
   */
  deliver(quantum: number, now: number): number {
    this.#interrupted = false;
    const wanted = this.#records !== null ? quantum : this.#port.options.maxPollRecords;
    const allowed = this.#ahead === null ? wanted : this.#ahead.allow(wanted, this.#tracker);
    let count = 0;
    if (this.#records !== null) count = deliverRecords(this, this.#records, allowed, now);
    else if (this.#batches !== null) count = deliverBatches(this, this.#batches, allowed, now);
    if (count > 0) this.lastDeliveredAt = now;
    if (this.windowFull && !this.#pressed) this.#windowFull();
    return count;
  }

  /** The receiver, or somebody it called, changed what delivery depends on. @internal */
  get interrupted(): boolean {
    return this.#interrupted;
  }
  /** @internal */
  get settlesOnNext(): boolean {
    return this.#port.options.acknowledge !== 'explicit';
  }
  /** @internal */
  delivering(from: number, to: number): void {
    this.#deliveringFrom = from;
    this.#deliveringTo = to;
  }

  /** Once per turn in which something was settled or the position moved. @internal */
  settled(now: number): void {
    const tracker = this.#tracker;
    const givenBack = tracker.tail - tracker.open - tracker.released;
    if (givenBack > this.#givenBack) this.lastSettledAt = now;
    this.#givenBack = givenBack;
    if (tracker.hasCredit) this.#pressed = false;
    tracker.told();
    if (!this.#stopped && tracker.released > 0 && tracker.open === 0) this.#rewind.due(tracker.commitOffset);
  }

  #attach(records: RecordReceiver | null, batches: BatchReceiver | null): void {
    this.#records = records;
    this.#batches = batches;
    this.#interrupted = true;
    this.#port.wakeDelivery(this);
  }

  #newTracker(offset: number, leaderEpoch: number): LeaseTracker {
    return new LeaseTracker(this.#port.options, offset, leaderEpoch, () => {
      if (!this.marked) this.#port.mark(this);
    });
  }

  #windowFull(): void {
    this.#pressed = true;
    this.#pressure.tell('windowFull');
    if (!this.#closed) this.#port.listener.pressure(this, 'windowFull');
  }

  #wake(): void {
    this.#port.wakeDelivery(this);
    this.#port.wakeFetch(this);
  }
}
