import { Observable, mergeMap, take } from 'rxjs';
import type { LeaseOwner, Leased } from '../../src/model/lease.js';
import { type FailurePolicy, decide } from '../failure-policy.js';
import type { TransactionBytes } from './transaction-bytes.js';
import { PolicyRefusal } from './window-failure.js';
import type { Part, Project } from './transaction-window.js';

export interface Narrowing {
  readonly attempts: number;
  readonly policy: (tx: TransactionBytes) => FailurePolicy<Leased>;
}

/** How the next window that begins with this element has to be. */
export interface WindowPlan {
  readonly maxRecords: number;
  /** Of the partitions of its first element only. */
  readonly alone: boolean;
  /** Its one element goes to the policy, for this error. */
  readonly poison: { readonly error: unknown } | null;
}

/** A partition in whose windows something fails. */
interface Suspect {
  /** At the present size of the window. */
  failures: number;
  /** Infinity while windows are as everybody else's. */
  limit: number;
  /** What failed lies before this offset. */
  until: number;
  poison: { readonly error: unknown } | null;
}

/**
 * Finds the element that makes a window fail: after `attempts` failures the partitions of the window get windows of their own, half
 * as large with every further failure; an element that failed alone as often goes to the policy, in a transaction with its
 * offset. What committed is no suspect any more, and behind the range that failed windows have their full size again.
 */
export class WindowSuspects {
  readonly #narrowing: Narrowing;
  readonly #suspects = new Map<string, Suspect>();

  constructor(narrowing: Narrowing) {
    this.#narrowing = narrowing;
  }

  get any(): boolean {
    return this.#suspects.size > 0;
  }

  plan(item: Leased, maxRecords: number): WindowPlan | null {
    for (const owner of item.lease.partitions) {
      const suspect = this.#suspects.get(nameOf(owner));
      if (suspect === undefined || suspect.limit === Infinity) continue;
      return { maxRecords: Math.min(maxRecords, suspect.limit), alone: true, poison: suspect.poison };
    }
    return null;
  }

  failed(parts: Iterable<Part>, records: number, error: unknown): void {
    const all = [...parts];
    for (const { owner, end } of all) {
      const until = end?.offset ?? 0;
      const name = nameOf(owner);
      let suspect = this.#suspects.get(name);
      if (suspect === undefined) {
        suspect = { failures: 0, limit: Infinity, until, poison: null };
        this.#suspects.set(name, suspect);
      }
      suspect.failures += 1;
      suspect.until = Math.max(suspect.until, until);
      if (suspect.limit === 1) {
        if (suspect.failures >= this.#narrowing.attempts) suspect.poison = { error };
      } else if (suspect.limit < Infinity || suspect.failures >= this.#narrowing.attempts) {
        // with several partitions in it, taking them apart is the first cut
        suspect.limit = all.length > 1 ? records : Math.ceil(records / 2);
        suspect.failures = 0;
      }
    }
  }

  committed(parts: Iterable<Part>): void {
    for (const { owner, end } of parts) {
      const name = nameOf(owner);
      const suspect = this.#suspects.get(name);
      if (suspect === undefined) continue;
      suspect.failures = 0;
      suspect.poison = null;
      if (end!.offset >= suspect.until) this.#suspects.delete(name);
    }
  }

  /** A project function that hands the one element of its window to the policy. */
  poisoned<S, K, V, R>(error: unknown): Project<S, K, V, R> {
    const { attempts, policy } = this.#narrowing;
    return (window$, tx) =>
      window$.pipe(
        take(1),
        mergeMap(
          (item) =>
            new Observable<never>((subscriber) =>
              decide(policy(tx), item as S & Leased, error, attempts, (failed) => {
                if (failed === null) subscriber.complete();
                else subscriber.error(new PolicyRefusal(failed.error));
              }),
            ),
        ),
      );
  }
}

function nameOf({ topic, partition }: LeaseOwner): string {
  return `${partition} ${topic}`;
}
