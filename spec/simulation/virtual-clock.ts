import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly action: LaneAction;
}

/** More turns than this without time moving on are turns for ever. */
const mostPerInstant = 200_000;

/**
 * The time of a simulated world: a heap of what is due, in the order of time, then of scheduling. Everything happens in it, one
 * after another. Whoever lives in it has a lane: a scheduler that can be stopped and cut off like a process.
 */
export class VirtualClock {
  now = 0;
  /** What was run so far. */
  events = 0;
  readonly #heap: Entry[] = [];
  #order = 0;
  /** What was run since time moved last. */
  #instant = 0;

  lane(): Lane {
    return new Lane(this);
  }

  /** Runs what is due until that time, or until there is a reason to stop. */
  runUntil(time: number, stop: () => boolean): void {
    while (!stop()) {
      const next = this.#heap[0];
      if (next === undefined || next.due > time) {
        this.now = Math.max(this.now, time);
        return;
      }
      this.#pop();
      if (next.action.entry !== next) continue;
      if (next.due > this.now) {
        this.now = next.due;
        this.#instant = 0;
      } else if (++this.#instant > mostPerInstant) throw new Error(`Time stands still at ${this.now}`);
      this.events++;
      next.action.due();
    }
  }

  push(action: LaneAction, delay: number): Entry {
    const heap = this.#heap;
    const entry = { due: this.now + Math.max(0, delay), order: this.#order++, action };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
    return entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const size = heap.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

/** The scheduler of one process: what is due in it waits while it is stopped, and never runs once it is dead. */
export class Lane implements SchedulerLike {
  readonly clock: VirtualClock;
  /** What is scheduled and has neither run nor been cancelled. */
  pending = 0;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #waiting: LaneAction[] = [];

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  get state(): 'running' | 'stopped' | 'dead' {
    return this.#state;
  }

  now(): number {
    return this.clock.now;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T): Subscription {
    return new LaneAction(this, work as (state: unknown) => void).schedule(state, delay);
  }

  /** SIGSTOP: time goes on, nothing runs. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** SIGCONT: what became due meanwhile runs now, in its order. */
  resume(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const action of waiting) action.again();
  }

  /** kill -9. */
  kill(): void {
    this.#state = 'dead';
    this.#waiting = [];
  }

  /** It is due while the process stands still. */
  wait(action: LaneAction): void {
    this.#waiting.push(action);
  }
}

class LaneAction extends Subscription {
  entry: Entry | null = null;
  readonly #lane: Lane;
  readonly #work: (state: unknown) => void;
  #state: unknown;
  #isPending = false;

  constructor(lane: Lane, work: (state: unknown) => void) {
    super();
    this.#lane = lane;
    this.#work = work;
  }

  schedule(state?: unknown, delay = 0): this {
    if (this.closed) return this;
    this.#state = state;
    this.#pending(true);
    this.entry = this.#lane.clock.push(this, delay);
    return this;
  }

  due(): void {
    this.entry = null;
    const { state } = this.#lane;
    if (state === 'stopped') this.#lane.wait(this);
    else {
      this.#pending(false);
      if (state === 'running') this.#work(this.#state);
    }
  }

  again(): void {
    if (!this.closed) this.entry = this.#lane.clock.push(this, 0);
  }

  override unsubscribe(): void {
    if (this.closed) return;
    this.entry = null;
    this.#pending(false);
    super.unsubscribe();
  }

  #pending(is: boolean): void {
    if (is === this.#isPending) return;
    this.#isPending = is;
    this.#lane.pending += is ? 1 : -1;
  }
}
