import { type LeaseAnswer } from '../model/lease.js';
import { EpochRuns } from './epoch-runs.js';
import { LeaseSignals } from './lease-signals.js';
import { ACKED, FENCED, HELD, OPEN, RELEASED, WindowLeases } from './window-leases.js';

/** Bounds of what may be delivered and not settled, per partition. */
export interface LeaseLimits {
  readonly windowRecords: number;
  readonly windowBytes: number;
}

/** What a commit of this partition would say. */
export interface CommitValue {
  readonly offset: number;
  /** Epoch of the leader that wrote the last record before `offset`, -1 while unknown. */
  readonly leaderEpoch: number;
}

const KIND = 7;
/** Set beside OPEN and HELD once an operator took the lease. */
const TAKEN = 8;
/** Marks of a lease that is HELD. */
const DONE = 16;
const DROPPED = 32;
const MARKS = DONE | DROPPED;

const firstCapacity = 64;
/** Acknowledged records behind an open one may span this many windows before delivery waits for the open one. */
const spanFactor = 16;

/**
 * The leases of one partition under one delivery epoch: rings indexed by delivery sequence, so that settling costs the same
 * however many are open. After `fence` nothing is delivered through it any more, but leases of the epoch keep answering what
 * became of them.
 *
 * Commit values follow the order of delivery, never arithmetic on offsets: compaction, control and aborted records leave
 * gaps. Given out = open + released + given back (acknowledged or fenced) at any time.
 */
export class LeaseTracker {
  /** Next offset to deliver; moved by the owner, also over what is never delivered. */
  nextOffset: number;
  fenced = false;
  /** Told when somebody settles a lease that was fenced before: too late to count, and still a sign of life. */
  onLate: (() => void) | null = null;
  readonly #limits: LeaseLimits;
  readonly #span: number;
  /** Told after each change; it only marks. */
  readonly #settled: () => void;
  #states: Uint8Array = new Uint8Array(firstCapacity);
  #offsets: Float64Array = new Float64Array(firstCapacity);
  #times: Float64Array = new Float64Array(firstCapacity);
  #sizes: Int32Array = new Int32Array(firstCapacity);
  #mask = firstCapacity - 1;
  /** Oldest sequence that is not acknowledged, and next sequence to give out. */
  #head = 0;
  #tail = 0;
  #open = 0;
  #released = 0;
  #taken = 0;
  #bytes = 0;
  readonly #epochs: EpochRuns;
  #signals: LeaseSignals | null = null;
  #window: WindowLeases | null = null;

  constructor(limits: LeaseLimits, nextOffset: number, leaderEpoch: number, settled: () => void) {
    this.#limits = limits;
    this.#span = limits.windowRecords * spanFactor;
    this.nextOffset = nextOffset;
    this.#epochs = new EpochRuns(leaderEpoch);
    this.#settled = settled;
  }

  get open(): number {
    return this.#open;
  }
  get released(): number {
    return this.#released;
  }
  get taken(): number {
    return this.#taken;
  }
  /** Bytes of open and released records. */
  get bytes(): number {
    return this.#bytes;
  }
  /** Oldest sequence that is not acknowledged. */
  get head(): number {
    return this.#head;
  }
  /** Sequence of the next delivery: how many were given out. */
  get tail(): number {
    return this.#tail;
  }

  /** Whether the window has room. A window of any size lets one record through, however big it is. */
  get hasCredit(): boolean {
    return (
      this.#open + this.#released < this.#limits.windowRecords &&
      this.#bytes < this.#limits.windowBytes &&
      this.#tail - this.#head < this.#span
    );
  }

  /** Offset of the oldest delivered record that is not acknowledged, else the next one to deliver. */
  get commitOffset(): number {
    return this.#head < this.#tail ? this.#offsets[this.#head & this.#mask]! : this.nextOffset;
  }

  get commitValue(): CommitValue {
    return this.valueAt(this.#head);
  }

  /** Leader epoch of what was read last, or what the position came with. */
  get lastLeaderEpoch(): number {
    return this.#epochs.last;
  }

  /** Offset of the record delivered last, -1 before there was one. */
  get lastOffset(): number {
    return this.#tail === 0 ? -1 : this.#offsets[(this.#tail - 1) & this.#mask]!;
  }

  /** Of the open leases, the one delivered first. */
  get oldestOpen(): { readonly offset: number; readonly deliveredAt: number } | null {
    if (this.#open === 0) return null;
    for (let seq = this.#head; seq < this.#tail; seq++) {
      const at = seq & this.#mask;
      const kind = this.#states[at]! & KIND;
      if (kind === OPEN || kind === HELD) return { offset: this.#offsets[at]!, deliveredAt: this.#times[at]! };
    }
    return null;
  }

  /** Gives a record out; the returned sequence is its lease. The owner has moved `nextOffset` behind it. */
  deliver(offset: number, size: number, deliveredAt: number, leaderEpoch: number): number {
    const seq = this.#tail;
    if (seq - this.#head > this.#mask) this.#grow();
    const at = seq & this.#mask;
    this.#states[at] = OPEN;
    this.#offsets[at] = offset;
    this.#times[at] = deliveredAt;
    this.#sizes[at] = size;
    if (leaderEpoch !== this.#epochs.last) this.#epochs.add(seq + 1, leaderEpoch, this.#head);
    this.#tail = seq + 1;
    this.#open++;
    this.#bytes += size;
    return seq;
  }

  /** Nothing before `offset` is going to be delivered: its records are hidden, or there are none. */
  pass(offset: number, leaderEpoch: number): void {
    if (offset <= this.nextOffset) return;
    this.nextOffset = offset;
    if (leaderEpoch !== this.#epochs.last) this.#epochs.add(this.#tail, leaderEpoch, this.#head);
  }

  ack(seq: number): LeaseAnswer {
    if (seq < this.#head) return 'duplicate';
    const at = seq & this.#mask;
    const state = this.#states[at]!;
    if ((state & KIND) !== OPEN) return this.#mark(seq, DONE) ? 'accepted' : this.refusal(seq);
    this.#states[at] = ACKED;
    this.#open--;
    if (state !== OPEN) this.#taken--;
    this.#bytes -= this.#sizes[at]!;
    if (this.#signals !== null) this.#signals.settled(seq);
    if (seq === this.#head) this.#advance();
    this.#settled();
    return 'accepted';
  }

  /** Acknowledges what is open of the sequences `[from, to)`; returns how many that were. */
  ackRange(from: number, to: number): number {
    let accepted = 0;
    for (let seq = from < this.#head ? this.#head : from; seq < to; seq++) {
      const at = seq & this.#mask;
      const state = this.#states[at]!;
      if ((state & KIND) !== OPEN) continue;
      this.#states[at] = ACKED;
      if (state !== OPEN) this.#taken--;
      this.#bytes -= this.#sizes[at]!;
      if (this.#signals !== null) this.#signals.settled(seq);
      accepted++;
    }
    if (accepted === 0) return 0;
    this.#open -= accepted;
    if (this.#signals !== null) this.#signals.settled(-1 - from);
    if (from <= this.#head) this.#advance();
    this.#settled();
    return accepted;
  }

  /** Not done: keeps its credit and blocks the commit until the partition rewinds. */
  release(seq: number): LeaseAnswer {
    return this.releaseRange(seq, seq + 1) === 1 || this.#mark(seq, DROPPED) ? 'accepted' : this.refusal(seq);
  }

  releaseRange(from: number, to: number): number {
    let accepted = 0;
    for (let seq = from < this.#head ? this.#head : from; seq < to; seq++) {
      const at = seq & this.#mask;
      const state = this.#states[at]!;
      if ((state & KIND) !== OPEN) continue;
      this.#states[at] = RELEASED;
      if (state !== OPEN) this.#taken--;
      if (this.#signals !== null) this.#signals.settled(seq);
      accepted++;
    }
    if (accepted === 0) return 0;
    this.#open -= accepted;
    this.#released += accepted;
    if (this.#signals !== null) this.#signals.settled(-1 - from);
    this.#settled();
    return accepted;
  }

  /** Why a lease that is no longer open cannot be settled. */
  refusal(seq: number): 'duplicate' | 'fenced' {
    if (seq < this.#head || this.#states[seq & this.#mask] !== FENCED) return 'duplicate';
    this.onLate?.();
    return 'fenced';
  }

  /** The same for a lease over a range; what of it is in a window is marked. */
  rangeAnswer(from: number, to: number, done: boolean): LeaseAnswer {
    let marked = 0;
    for (let seq = from; seq < to; seq++) if (this.#mark(seq, done ? DONE : DROPPED)) marked++;
    if (marked > 0) return 'accepted';
    if (this.rangeState(from, to) !== 'fenced') return 'duplicate';
    this.onLate?.();
    return 'fenced';
  }

  state(seq: number): 'open' | 'acked' | 'released' | 'fenced' {
    if (seq < this.#head) return 'acked';
    const state = this.#states[seq & this.#mask]!;
    switch (state & KIND) {
      case HELD:
        return (state & MARKS) === 0 ? 'open' : (state & DONE) !== 0 ? 'acked' : 'released';
      case OPEN:
        return 'open';
      case ACKED:
        return 'acked';
      case RELEASED:
        return 'released';
      default:
        return 'fenced';
    }
  }

  /** State of a lease over a range: open while anything in it is open, else the worst that happened to a part. */
  rangeState(from: number, to: number): 'open' | 'acked' | 'released' | 'fenced' {
    let worst: 'acked' | 'released' | 'fenced' = 'acked';
    for (let seq = from; seq < to; seq++) {
      const state = this.state(seq);
      if (state === 'open') return 'open';
      if (state === 'fenced' || (state === 'released' && worst === 'acked')) worst = state;
    }
    return worst;
  }

  take(seq: number): void {
    this.takeRange(seq, seq + 1);
  }

  takeRange(from: number, to: number): void {
    for (let seq = from < this.#head ? this.#head : from; seq < to; seq++) {
      const at = seq & this.#mask;
      if (this.#states[at] !== OPEN) continue;
      this.#states[at] = OPEN | TAKEN;
      this.#taken++;
    }
  }

  /** What may go into the window of a transaction; made with the first one. */
  get window(): WindowLeases {
    return (this.#window ??= new WindowLeases(this));
  }
  get windowed(): boolean {
    return this.#window !== null && this.#window.listener !== null;
  }

  /** Once per turn in which something was settled. */
  told(): void {
    this.#window?.settled();
  }

  /** For the window: state of a delivered lease. */
  kind(seq: number): number {
    return seq < this.#head ? ACKED : this.#states[seq & this.#mask]! & KIND;
  }

  /** Gives the leases of one kind another one, without marks; returns how many those were. */
  turn(from: number, to: number, kind: number, into: number): number {
    let count = 0;
    for (let seq = from < this.#head ? this.#head : from; seq < to; seq++) {
      const at = seq & this.#mask;
      const state = this.#states[at]!;
      if ((state & KIND) !== kind) continue;
      this.#states[at] = into | (state & TAKEN);
      count++;
    }
    return count;
  }

  /** What a commit would say if everything before `seq` were done. */
  valueAt(seq: number): CommitValue {
    const offset = seq < this.#tail ? this.#offsets[seq & this.#mask]! : this.nextOffset;
    return { offset, leaderEpoch: this.#epochs.before(seq) };
  }

  /** Open, and nobody took it over. */
  isUntaken(seq: number): boolean {
    return seq >= this.#head && this.#states[seq & this.#mask] === OPEN;
  }

  /** Aborted when the lease is fenced. Reading a signal is dear, so there is none before somebody asks. */
  signal(seq: number): AbortSignal {
    return this.#signalOf(seq, this.state(seq));
  }

  rangeSignal(from: number, to: number): AbortSignal {
    return this.#signalOf(-1 - from, this.rangeState(from, to));
  }

  /** Ends the epoch: what is open or released is ours to settle no more. Returns how many that were. */
  fence(): number {
    this.fenced = true;
    this.#window?.listener?.fenced();
    const count = this.#fenceWhere((state) => (state & KIND) !== ACKED && state !== FENCED, -1, -1);
    this.#released = 0;
    return count;
  }

  /** Fences what was handed to a subscriber that left without anybody taking it over, except `[from, to)`. */
  fenceUntaken(from: number, to: number): number {
    return this.#fenceWhere((state) => state === OPEN, from, to);
  }

  #fenceWhere(matches: (state: number) => boolean, from: number, to: number): number {
    let count = 0;
    for (let seq = this.#head; seq < this.#tail; seq++) {
      const at = seq & this.#mask;
      const state = this.#states[at]!;
      if ((seq >= from && seq < to) || !matches(state)) continue;
      this.#states[at] = FENCED;
      if (state !== RELEASED) this.#open--;
      if ((state & TAKEN) !== 0) this.#taken--;
      this.#bytes -= this.#sizes[at]!;
      count++;
    }
    // listeners of a signal may call anything here: by now every state is what it will be
    if (count > 0) this.#signals?.abort((seq) => this.state(seq) === 'fenced');
    return count;
  }

  #signalOf(key: number, state: 'open' | 'acked' | 'released' | 'fenced'): AbortSignal {
    if (state === 'fenced') return AbortSignal.abort();
    return (this.#signals ??= new LeaseSignals()).of(key, state === 'open');
  }

  /** Settles a lease in the window for the time being; false for any other. */
  #mark(seq: number, mark: number): boolean {
    const at = seq & this.#mask;
    if (seq < this.#head || (this.#states[at]! & (KIND | MARKS)) !== HELD) return false;
    this.#states[at]! |= mark;
    if (mark === DROPPED) this.window.released = true;
    return true;
  }

  #advance(): void {
    const tail = this.#tail;
    const mask = this.#mask;
    const states = this.#states;
    let head = this.#head;
    while (head < tail && states[head & mask] === ACKED) head++;
    this.#head = head;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const states = new Uint8Array(capacity);
    const offsets = new Float64Array(capacity);
    const times = new Float64Array(capacity);
    const sizes = new Int32Array(capacity);
    for (let seq = this.#head; seq < this.#tail; seq++) {
      const from = seq & this.#mask;
      const to = seq & (capacity - 1);
      states[to] = this.#states[from]!;
      offsets[to] = this.#offsets[from]!;
      times[to] = this.#times[from]!;
      sizes[to] = this.#sizes[from]!;
    }
    this.#states = states;
    this.#offsets = offsets;
    this.#times = times;
    this.#sizes = sizes;
    this.#mask = capacity - 1;
  }
}
