import { type FetchedPart } from './fetched-part.js';
import { type Frame } from './frame-budget.js';

/** A fetch answer for one partition, without error. */
export interface FetchedAnswer {
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** Null when no bytes came. */
  readonly part: FetchedPart | null;
  readonly frame: Frame;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A fetch never asks for more than a frame may hold. */
const maxRecordBytes = 100 * 1024 * 1024;

/** Where one partition is fetched from and how that goes. Plain facts: the broker source acts on them. */
export class FetchState {
  /** Next offset to ask for: behind what is buffered, -1 while the position is unknown. */
  offset = -1;
  /** Leader epoch of the record before `offset`, -1 while unknown. */
  positionEpoch = -1;
  /** Epoch under which `offset` is known to lie on the leader's log (KIP-320). */
  validatedEpoch = -1;
  validating = false;
  broker = -1;
  /** Epoch of the leader as metadata has it. */
  leaderEpoch = -1;
  /** Last seen id of the topic; another one is another topic of the same name. */
  topicId: string | null = null;
  /** Runtime.now() before which it is not asked for again, after an error. */
  retryAt = 0;
  attempts = 0;
  /** Which request asked for it last, and for what. */
  askedBy = -1;
  askedOffset = -1;
  /** Bytes per fetch; grows while a record batch does not fit. */
  maxBytes: number;
  highWatermark = -1;
  lastStableOffset = -1;
  logStartOffset = -1;
  lastFetchedAt: number | null = null;
  /** Behind which offset the leader's log diverges from what was read, after `truncated`. */
  divergesAt = -1;
  /** Epoch of the leader's record before that offset. */
  divergesEpoch = -1;
  /** Follower that is read from instead of the leader (KIP-392), -1 for none, and until when (Runtime.now()). */
  preferred = -1;
  preferredUntil = Infinity;
  /** Until then the leader is not told a rack. */
  leaderOnlyUntil = 0;
  readonly #usualBytes: number;
  #failed = false;

  constructor(maxBytes: number) {
    this.#usualBytes = maxBytes;
    this.maxBytes = maxBytes;
  }

  /** A valid position, and nothing that a back-off cannot cure. */
  get usable(): boolean {
    return this.offset >= 0 && !this.#failed && !this.validating;
  }

  moveTo(offset: number, leaderEpoch: number): void {
    this.offset = offset;
    this.positionEpoch = leaderEpoch;
    this.validatedEpoch = -1;
    this.validating = false;
    this.askedBy = -1;
    this.retryAt = 0;
    this.attempts = 0;
    this.divergesAt = -1;
    this.divergesEpoch = -1;
    this.maxBytes = this.#usualBytes;
    this.#failed = false;
  }

  answered({ highWatermark, lastStableOffset, logStartOffset, part, at }: FetchedAnswer): void {
    this.attempts = 0;
    this.retryAt = 0;
    this.highWatermark = highWatermark;
    this.lastStableOffset = lastStableOffset;
    this.logStartOffset = logStartOffset;
    this.lastFetchedAt = at;
    if (part === null) return;
    // brokers since 0.10.1 send the first batch whole; this is for those that do not, and for limits in between
    this.maxBytes = part.tooSmall ? Math.min(this.maxBytes * 2, maxRecordBytes) : this.#usualBytes;
    const last = part.batches.at(-1);
    if (last === undefined) return;
    this.offset = last.nextOffset;
    if (last.partitionLeaderEpoch >= 0) this.positionEpoch = last.partitionLeaderEpoch;
  }

  /** No fetching until `moveTo`. False when it was so already: trouble is told once. */
  fail(): boolean {
    if (this.#failed) return false;
    this.#failed = true;
    return true;
  }
}
