import { type KafkaError } from '../errors/kafka-error.js';
import { type Api } from '../protocol/api.js';

/** A request that was written and is not answered. */
export interface PendingCall {
  readonly api: Api<unknown, unknown>;
  readonly version: number;
  readonly correlationId: number;
  /** Runtime.now() by which the answer must be there. */
  readonly deadline: number;
  readonly done: (error: KafkaError | null, body: unknown) => void;
}

const firstCapacity = 16;

/** A broker answers a connection's requests in their order: a ring, first in, first out. */
export class PendingCalls {
  #ring: (PendingCall | undefined)[] = new Array<PendingCall | undefined>(firstCapacity);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(call: PendingCall): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = call;
    this.#size += 1;
  }

  /** The oldest, which the next answer is for; undefined when nobody waits. */
  peek(): PendingCall | undefined {
    return this.#ring[this.#head];
  }

  /** Takes the oldest out. */
  take(): PendingCall | undefined {
    if (this.#size === 0) return undefined;
    const call = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    return call;
  }

  /** Earliest deadline, infinity when nothing waits. */
  earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#size; i++) {
      const { deadline } = this.#ring[(this.#head + i) & (this.#ring.length - 1)]!;
      if (deadline < earliest) earliest = deadline;
    }
    return earliest;
  }

  expired(now: number): PendingCall[] {
    const expired: PendingCall[] = [];
    for (let i = 0; i < this.#size; i++) {
      const call = this.#ring[(this.#head + i) & (this.#ring.length - 1)]!;
      if (call.deadline <= now) expired.push(call);
    }
    return expired;
  }

  #grow(): void {
    const ring = new Array<PendingCall | undefined>(this.#ring.length * 2);
    for (let i = 0; i < this.#size; i++) ring[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
