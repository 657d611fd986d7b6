import type { Lease, Leased } from '../../src/model/lease.js';
import type { DeliveryFields, WrittenBatch } from '../../src/model/record-sink.js';
import type { TimestampType } from '../../src/model/topic-partition.js';

const TOKENS = 0x3fffffff;
const INITIAL_SLOTS = 256;

/** Written, no answer yet. */
export const PENDING = 0;
export const DELIVERED = 1;
/** The stream ends with the error when everything before it was handed on. */
export const FAILED = 2;
/** Settled without a delivery. */
export const GONE = 3;
export type SlotState = typeof PENDING | typeof DELIVERED | typeof FAILED | typeof GONE;

/** What `produce` emits for an element without a lease. */
export class DeliveredRecord<S> implements DeliveryFields<S> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: TimestampType;
  readonly logStartOffset: number;
  readonly serializedKeySize: number;
  readonly serializedValueSize: number;
  readonly source: S;

  constructor(batch: WrittenBatch, offset: number, timestamp: number, keySize: number, valueSize: number, source: S) {
    this.topic = batch.topic;
    this.partition = batch.partition;
    this.offset = offset;
    this.timestamp = timestamp;
    this.timestampType = batch.timestampType;
    this.logStartOffset = batch.logStartOffset;
    this.serializedKeySize = keySize;
    this.serializedValueSize = valueSize;
    this.source = source;
  }
}

/**
 * What `produce` emits for a leased element. The same fields once more: V8 takes 31 ns for an object of a derived class with
 * them, 17 for this.
 */
export class LeasedDelivery<S> implements DeliveryFields<S>, Leased {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: TimestampType;
  readonly logStartOffset: number;
  readonly serializedKeySize: number;
  readonly serializedValueSize: number;
  readonly source: S;
  readonly lease: Lease;

  constructor(
    batch: WrittenBatch,
    offset: number,
    timestamp: number,
    keySize: number,
    valueSize: number,
    source: S,
    lease: Lease,
  ) {
    this.topic = batch.topic;
    this.partition = batch.partition;
    this.offset = offset;
    this.timestamp = timestamp;
    this.timestampType = batch.timestampType;
    this.logStartOffset = batch.logStartOffset;
    this.serializedKeySize = keySize;
    this.serializedValueSize = valueSize;
    this.source = source;
    this.lease = lease;
  }
}

/**
 * Records in flight, in order of writing. Parallel arrays instead of an object per record: what lives until the
 * acknowledgement would survive several collections. A token is a sequence number modulo 2^30, so that it stays valid
 * when the ring grows under it.
 */
export class DeliveryRing<T> {
  #mask = INITIAL_SLOTS - 1;
  #head = 0;
  #tail = 0;
  #states = new Uint8Array(INITIAL_SLOTS);
  #sources = new Array<T | null>(INITIAL_SLOTS).fill(null);
  #leases = new Array<Lease | null>(INITIAL_SLOTS).fill(null);
  #batches = new Array<WrittenBatch | null>(INITIAL_SLOTS).fill(null);
  #offsets = new Float64Array(INITIAL_SLOTS);
  #timestamps = new Float64Array(INITIAL_SLOTS);
  #keySizes = new Int32Array(INITIAL_SLOTS);
  #valueSizes = new Int32Array(INITIAL_SLOTS);

  /** How many it can hold before it grows. */
  get slots(): number {
    return this.#mask + 1;
  }

  get length(): number {
    return (this.#tail - this.#head) & TOKENS;
  }

  push(source: T, lease: Lease | null): number {
    if (this.length > this.#mask) this.#grow();
    const token = this.#tail;
    const slot = token & this.#mask;
    this.#states[slot] = PENDING;
    this.#sources[slot] = source;
    this.#leases[slot] = lease;
    this.#tail = (token + 1) & TOKENS;
    return token;
  }

  /** False for an answer that comes twice, or after its slot was given up. */
  isPending(token: number): boolean {
    return ((token - this.#head) & TOKENS) < this.length && this.#states[token & this.#mask] === PENDING;
  }

  source(token: number): T {
    return this.#sources[token & this.#mask] as T;
  }

  lease(token: number): Lease | null {
    return this.#leases[token & this.#mask] as Lease | null;
  }

  setState(token: number, state: SlotState): void {
    this.#states[token & this.#mask] = state;
  }

  setDelivered(
    token: number,
    batch: WrittenBatch,
    offset: number,
    timestamp: number,
    keySize: number,
    valueSize: number,
  ): void {
    const slot = token & this.#mask;
    this.#states[slot] = DELIVERED;
    this.#batches[slot] = batch;
    this.#offsets[slot] = offset;
    this.#timestamps[slot] = timestamp;
    this.#keySizes[slot] = keySize;
    this.#valueSizes[slot] = valueSize;
  }

  get headToken(): number {
    return this.#head;
  }

  /** PENDING when there is none. */
  get headState(): SlotState {
    return this.length === 0 ? PENDING : (this.#states[this.#head & this.#mask] as SlotState);
  }

  /** Of a delivered head. */
  headDelivery(): DeliveredRecord<T> {
    const slot = this.#head & this.#mask;
    const lease = this.#leases[slot] as Lease | null;
    const batch = this.#batches[slot]!;
    const source = this.#sources[slot] as T;
    const offset = this.#offsets[slot]!;
    const timestamp = this.#timestamps[slot]!;
    const keySize = this.#keySizes[slot]!;
    const valueSize = this.#valueSizes[slot]!;
    return lease === null
      ? new DeliveredRecord(batch, offset, timestamp, keySize, valueSize, source)
      : new LeasedDelivery(batch, offset, timestamp, keySize, valueSize, source, lease);
  }

  pop(): void {
    const slot = this.#head & this.#mask;
    this.#sources[slot] = null;
    this.#leases[slot] = null;
    this.#batches[slot] = null;
    this.#head = (this.#head + 1) & TOKENS;
  }

  #grow(): void {
    const length = this.length;
    const slots = (this.#mask + 1) * 2;
    const mask = slots - 1;
    const states = new Uint8Array(slots);
    const sources = new Array<T | null>(slots).fill(null);
    const leases = new Array<Lease | null>(slots).fill(null);
    const batches = new Array<WrittenBatch | null>(slots).fill(null);
    const offsets = new Float64Array(slots);
    const timestamps = new Float64Array(slots);
    const keySizes = new Int32Array(slots);
    const valueSizes = new Int32Array(slots);
    for (let index = 0; index < length; index += 1) {
      const from = (this.#head + index) & this.#mask;
      const to = (this.#head + index) & mask;
      states[to] = this.#states[from]!;
      sources[to] = this.#sources[from]!;
      leases[to] = this.#leases[from]!;
      batches[to] = this.#batches[from]!;
      offsets[to] = this.#offsets[from]!;
      timestamps[to] = this.#timestamps[from]!;
      keySizes[to] = this.#keySizes[from]!;
      valueSizes[to] = this.#valueSizes[from]!;
    }
    this.#mask = mask;
    this.#states = states;
    this.#sources = sources;
    this.#leases = leases;
    this.#batches = batches;
    this.#offsets = offsets;
    this.#timestamps = timestamps;
    this.#keySizes = keySizes;
    this.#valueSizes = valueSizes;
  }
}
