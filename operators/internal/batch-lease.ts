import { type WindowEntry, windowLease } from '../../src/model/lease-window.js';
import { type Lease, type LeaseAnswer, type LeaseOwner, type Leased, takeLease } from '../../src/model/lease.js';

/**
 * One lease over the leases of several elements. Elements may be settled one by one as well; it then settles the rest. It is
 * open while one of them is, then the worst that happened to one.
 */
export class BatchLease implements Lease {
  readonly #items: readonly Leased[];
  #partitions: readonly LeaseOwner[] | null = null;
  #controller: AbortController | null = null;

  constructor(items: readonly Leased[]) {
    this.#items = items;
  }

  get partitions(): readonly LeaseOwner[] {
    if (this.#partitions === null) {
      const owners = new Set<LeaseOwner>();
      for (const { lease } of this.#items) for (const owner of lease.partitions) owners.add(owner);
      this.#partitions = [...owners];
    }
    return this.#partitions;
  }

  get state(): Lease['state'] {
    let worst: 'acked' | 'released' | 'fenced' = 'acked';
    for (const { lease } of this.#items) {
      const state = lease.state;
      if (state === 'open') return 'open';
      if (state === 'fenced' || (state === 'released' && worst === 'acked')) worst = state;
    }
    return worst;
  }

  /** Aborted with the last open element: a part that lost its partition does not stop the work on the others. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      this.#controller = controller;
      const look = (): void => {
        if (this.state === 'fenced') controller.abort();
      };
      look();
      if (!controller.signal.aborted) {
        for (const { lease } of this.#items) lease.signal.addEventListener('abort', look, { once: true });
      }
    }
    return this.#controller.signal;
  }

  ack(): LeaseAnswer {
    let answer: LeaseAnswer = 'duplicate';
    for (const { lease } of this.#items) answer = better(answer, lease.ack());
    return answer;
  }

  release(reason?: unknown): LeaseAnswer {
    let answer: LeaseAnswer = 'duplicate';
    for (const { lease } of this.#items) answer = better(answer, lease.release(reason));
    return answer;
  }

  [takeLease](): void {
    for (const { lease } of this.#items) lease[takeLease]?.();
  }

  /** All of them or none: what entered before one that may not is taken out again, last first. */
  [windowLease](enter: boolean, settled?: () => void): WindowEntry {
    const items = this.#items;
    let answer: WindowEntry = 'settled';
    let entered = enter ? 0 : items.length;
    for (; enter && entered < items.length; entered += 1) {
      const entry = items[entered]!.lease[windowLease]?.(true, settled);
      // settled one by one before it came here: that part is no business of the window
      if (entry === 'held' || (entry === 'settled' && answer === 'held')) answer = 'held';
      else if (entry !== 'settled') {
        answer = entry ?? 'settled';
        break;
      }
    }
    if (enter && entered === items.length) return answer;
    while (entered > 0) items[--entered]!.lease[windowLease]?.(false);
    return answer;
  }
}

function better(a: LeaseAnswer, b: LeaseAnswer): LeaseAnswer {
  if (a === 'accepted' || b === 'accepted') return 'accepted';
  return a === 'fenced' ? a : b;
}
