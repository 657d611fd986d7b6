import { type ObservableInput, type Subscription, from } from 'rxjs';
import { TransactionError } from '../../src/errors/client-errors.js';
import { UsageError } from '../../src/errors/usage-error.js';
import type { GroupMetadata } from '../../src/model/commit.js';
import { type LeaseWindow, type WindowEnd, windowLease } from '../../src/model/lease-window.js';
import type { LeaseOwner, Leased } from '../../src/model/lease.js';
import type { TopicPartitionOffset } from '../../src/model/topic-partition.js';
import type { OpenTransaction, Transaction } from '../../src/model/transaction.js';
import { type WindowFailure, outside, projectFailure, transactionFailure, work } from './window-failure.js';
import { WindowBurst } from './window-burst.js';
import { WindowFeed } from './window-feed.js';

type Scheduler = LeaseOwner['runtime']['scheduler'];

export type Project<S, K, V, R> = (window$: NoInferObservable<S>, tx: Transaction<K, V>) => ObservableInput<R>;
type NoInferObservable<S> = WindowFeed<S>['window$'];

export interface WindowLimits {
  readonly maxRecords: number;
  readonly maxMs: number;
  /** From the first element on, for the project function to complete. */
  readonly deadlineMs: number;
}

/** What a window tells the operator it belongs to; none of it in the stack of `admit`, but for what the project function does there. */
export interface WindowHost<S, K, V, R> {
  /** It takes nothing more. */
  closed(window: TransactionWindow<S, K, V, R>): void;
  /** Admitted, and not begun on: for the next window, before everything else. */
  returned(items: readonly (S & Leased)[]): void;
  /** The transaction is in the log and the leases are settled. */
  committed(window: TransactionWindow<S, K, V, R>, values: readonly R[]): void;
  /** The transaction is undone and the leases are released. */
  aborted(window: TransactionWindow<S, K, V, R>, failure: WindowFailure): void;
}

export interface Part {
  readonly owner: LeaseOwner;
  readonly leases: LeaseWindow;
  /** What the transaction commits for it, or would have; null while that is not known. */
  end: WindowEnd | null;
}

/** What the transaction commits in one group. */
interface GroupOffsets {
  readonly group: GroupMetadata;
  readonly offsets: TopicPartitionOffset[];
}

/**
 * One transaction with the elements that are in it: filling (elements enter), finishing (window$ is complete, the project
 * function works), reading (waits until no other commit of its partitions is under way), committing, aborting, over.
 *
 * Race: a partition may be lost, or moved by a seek, at any time. Until the commit is issued that aborts the window; afterwards the
 * answer counts: the group had accepted the offsets while the member held the partition, and whoever gets it next waits for the
 * transaction to end.
 */
export class TransactionWindow<S, K, V, R> {
  readonly parts = new Map<LeaseOwner, Part>();
  /** Records that entered. */
  records = 0;
  /** The last element that entered. */
  last: (S & Leased) | null = null;
  readonly #open: OpenTransaction<K, V>;
  readonly #host: WindowHost<S, K, V, R>;
  readonly #scheduler: Scheduler;
  readonly #limits: WindowLimits;
  readonly #feed: WindowFeed<S>;
  readonly #values: R[] = [];
  readonly #cancels: (() => void)[] = [];
  #latest: Part | null = null;
  #state: 'filling' | 'finishing' | 'reading' | 'committing' | 'aborting' | 'over' = 'filling';
  #work: Subscription | null = null;
  #full: Subscription | null = null;
  #burst: WindowBurst | null = null;
  #hop: Subscription | null = null;
  #deadline: Subscription | null = null;
  #deadlineAt: number;

  constructor(open: OpenTransaction<K, V>, host: WindowHost<S, K, V, R>, scheduler: Scheduler, limits: WindowLimits) {
    this.#open = open;
    this.#host = host;
    this.#scheduler = scheduler;
    this.#limits = limits;
    this.#feed = new WindowFeed(scheduler);
    this.#deadlineAt = scheduler.now() + limits.deadlineMs;
    this.#cancels.push(
      open.onFailed((error) => {
        this.#fail(transactionFailure(error));
      }),
    );
  }

  get filling(): boolean {
    return this.#state === 'filling';
  }
  /** Nothing else has that partition, and it came last. */
  isLatest(owner: LeaseOwner | undefined): boolean {
    return owner !== undefined && owner === this.#latest?.owner;
  }
  /** Bounded by now: the commit or the abort is on its way. */
  get ending(): boolean {
    return this.#state !== 'filling';
  }

  /** Subscribes the project function; with the first element in hand, before it is handed over. */
  begin(project: Project<S, K, V, R>): void {
    this.#setDeadline(this.#limits.deadlineMs);
    this.#full = this.#scheduler.schedule(() => {
      this.close();
    }, this.#limits.maxMs);
    this.#burst = new WindowBurst(this.#scheduler, this.#count, this.#open.gather());
    try {
      const work$ = from(project(this.#feed.window$, this.#open.tx));
      this.#work = work$.subscribe({
        next: (value) => this.#values.push(value),
        error: (error: unknown) => {
          this.#fail(projectFailure(error));
        },
        complete: () => {
          this.#projected();
        },
      });
    } catch (error) {
      this.#fail(projectFailure(error));
    }
    if (this.#isOver) this.#work?.unsubscribe();
  }

  /**
   * Makes the partitions of an element part of the transaction; false when one of them is gone.
   * @throws UsageError when one of them cannot take part
   */
  join(item: Leased): boolean {
    const owners = item.lease.partitions;
    if (owners.length === 1 && owners[0] === this.#latest?.owner) return true;
    for (const owner of owners) {
      let part = this.parts.get(owner);
      if (part === undefined) {
        const leases = this.#openLeases(owner);
        if (leases === null) return false;
        part = { owner, leases, end: null };
        this.parts.set(owner, part);
      }
      this.#latest = part;
    }
    return true;
  }

  /** Hands an element over whose lease has entered; only while `filling`. */
  admit(item: S & Leased, records: number): void {
    this.records += records;
    this.last = item;
    const latest = this.#latest!;
    this.#feed.next(item);
    if (this.#state !== 'filling') return;
    if (this.records >= this.#limits.maxRecords || this.#feed.left) this.close();
    else if (latest.leases.exhausted) this.closeSoon();
  }

  /** Everything that arrives in this turn is still in it, and nothing happens in the stack of whoever asks. */
  closeSoon(): void {
    if (this.#state !== 'filling') return;
    this.#hop ??= this.#scheduler.schedule(() => {
      this.close();
    });
  }

  close(): void {
    if (this.#state !== 'filling') return;
    this.#state = 'finishing';
    this.#stopFilling();
    this.#host.closed(this);
    this.#feed.complete();
  }

  /** A partition of it is being given up: there is less time. */
  hasten(ms: number): void {
    if (this.#state !== 'filling' && this.#state !== 'finishing') return;
    if (this.#scheduler.now() + ms < this.#deadlineAt) this.#setDeadline(ms);
  }

  /** Nobody wants it any more. A commit that was issued goes on. */
  abandon(): void {
    this.#fail(outside('The stream of the transaction was unsubscribed'));
  }

  readonly #count = (): number => this.records;

  get #isOver(): boolean {
    return this.#state === 'aborting' || this.#state === 'over';
  }

  #openLeases(owner: LeaseOwner): LeaseWindow | null {
    if (owner.openWindow === undefined) {
      const text = `transaction: ${owner.topic} partition ${owner.partition} cannot take part, records have to come from a consumer with a groupId`;
      throw new UsageError(text);
    }
    return owner.openWindow({
      fenced: () => {
        // in the stack of a seek or of the end of a partition: what follows has a turn of its own
        const hop = this.#scheduler.schedule(() => {
          this.#failIfFenced();
        });
        this.#cancels.push(() => {
          hop.unsubscribe();
        });
      },
    });
  }

  #failIfFenced(): boolean {
    for (const { owner, leases } of this.parts.values()) {
      if (!leases.fenced) continue;
      this.#fail(
        outside(`Partition ${owner.partition} of ${owner.topic} moved or was lost, its window cannot be committed`),
      );
      return true;
    }
    return false;
  }

  #setDeadline(ms: number): void {
    this.#deadline?.unsubscribe();
    this.#deadlineAt = this.#scheduler.now() + ms;
    this.#deadline = this.#scheduler.schedule(() => {
      const text = `The window of a transaction was not done after ${ms} ms; transactionTimeoutMs and the time to give a partition up allow no more`;
      this.#fail(work(new TransactionError(text, { abortable: true })));
    }, ms);
  }

  #stopFilling(): void {
    this.#full?.unsubscribe();
    this.#hop?.unsubscribe();
    this.#burst?.end();
  }

  #projected(): void {
    if (this.#state === 'filling') this.close();
    if (this.#state !== 'finishing') return;
    this.#deadline?.unsubscribe();
    if (this.#feed.handed === 0) {
      const text =
        'transaction: the stream of the project function completed without an element of window$, return what reads it';
      this.#fail({ error: new UsageError(text), kind: 'final' });
      return;
    }
    const left = this.#feed.takeBack() as readonly (S & Leased)[];
    for (const { lease } of [...left].reverse()) lease[windowLease]!(false);
    if (left.length > 0) this.#host.returned(left);
    if (this.#failIfFenced() || this.#failIfReleased()) return;
    this.#state = 'reading';
    let loud = this.parts.size;
    for (const part of this.parts.values()) {
      const cancel = part.leases.quiet(() => {
        part.end = part.leases.end;
        loud -= 1;
        if (loud === 0) this.#commit();
      });
      this.#cancels.push(cancel);
    }
  }

  #failIfReleased(): boolean {
    if (![...this.parts.values()].some(({ leases }) => leases.released)) return false;
    const text = 'An element of the window was released, so the window cannot be committed as a whole';
    this.#fail(work(new TransactionError(text, { abortable: true })));
    return true;
  }

  #commit(): void {
    if (this.#state !== 'reading' || this.#failIfFenced()) return;
    const groups = this.#offsets();
    if (groups !== null) this.#addOffsets(groups, 0);
  }

  /** By group, with the identity that the member has now. */
  #offsets(): readonly GroupOffsets[] | null {
    const groups = new Map<string, GroupOffsets>();
    for (const { owner, end } of this.parts.values()) {
      const group = owner.groupMetadata();
      if (group === undefined) {
        this.#fail(outside(`The consumer of ${owner.topic} has left its group`));
        return null;
      }
      const { topic, partition } = owner;
      const { offset, leaderEpoch } = end!;
      let entry = groups.get(group.groupId);
      if (entry === undefined) groups.set(group.groupId, (entry = { group, offsets: [] }));
      entry.offsets.push({ topic, partition, offset, leaderEpoch: leaderEpoch < 0 ? undefined : leaderEpoch });
    }
    return [...groups.values()];
  }

  #addOffsets(groups: readonly GroupOffsets[], at: number): void {
    const next = groups[at];
    if (next === undefined) {
      this.#endCommit();
      return;
    }
    this.#open.addOffsets(next.offsets, next.group, (error) => {
      if (this.#state !== 'reading') return;
      if (error !== null) this.#fail(transactionFailure(error));
      else if (!this.#failIfFenced()) this.#addOffsets(groups, at + 1);
    });
  }

  #endCommit(): void {
    this.#state = 'committing';
    this.#open.commit((error) => {
      if (error !== null) {
        this.#state = 'reading';
        this.#fail(transactionFailure(error));
        return;
      }
      this.#finish();
      // settled before anything is emitted, so that whoever hears of it may close, seek or commit
      for (const { leases, end } of this.parts.values()) leases.committed(end!);
      this.#host.committed(this, this.#values);
    });
  }

  #fail(failure: WindowFailure): void {
    if (this.#state === 'committing' || this.#isOver) return;
    const wasFilling = this.#state === 'filling';
    this.#state = 'aborting';
    this.#stopFilling();
    this.#deadline?.unsubscribe();
    for (const cancel of this.#cancels) cancel();
    this.#work?.unsubscribe();
    for (const part of this.parts.values()) if (!part.leases.fenced) part.end ??= part.leases.end;
    if (wasFilling) this.#host.closed(this);
    this.#open.abort((error) => {
      this.#finish();
      for (const { leases } of this.parts.values()) leases.aborted();
      this.#host.aborted(this, error === null || failure.kind === 'final' ? failure : { error, kind: 'final' });
    });
  }

  #finish(): void {
    this.#state = 'over';
    for (const cancel of this.#cancels) cancel();
  }
}
