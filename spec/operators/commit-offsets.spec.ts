import { EMPTY, NEVER, Subject, from, map, of, range, take } from 'rxjs';
import { type CommitOffsetsOptions, commitOffsets, processEach } from '../../operators/index.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { type CommitReceipt } from '../../src/model/commit.js';
import { type LeaseOwner, type Leased } from '../../src/model/lease.js';
import { runMarbles } from '../../src/testing/index.js';
import { SpecLease, SpecOwner, item } from './support/leases.js';

const receipt = (offset: number, partition = 0): CommitReceipt => ({
  offsets: [{ topic: 't', partition, offset }],
  outcome: 'committed',
  at: 0,
});
const a = { key: 'k', value: 1 };

/** An owner that knows cadences, as the client's own do. */
class CadencedOwner extends SpecOwner {
  readonly cadences: { options: unknown; tell: (receipt: CommitReceipt) => void; closed: boolean }[] = [];
  refuse: unknown = undefined;
  commitCadence(options: CommitOffsetsOptions | undefined, tell: (receipt: CommitReceipt) => void): () => void {
    if (this.refuse !== undefined) throw this.refuse as Error;
    const cadence = { options, tell, closed: false };
    this.cadences.push(cadence);
    return () => {
      cadence.closed = true;
    };
  }
}

interface Seen {
  readonly receipts: unknown[];
  readonly errors: unknown[];
  completed: boolean;
  unsubscribe: () => void;
}
function start(source$: Subject<Leased>, options?: CommitOffsetsOptions): Seen {
  const seen: Seen = { receipts: [], errors: [], completed: false, unsubscribe: () => undefined };
  const subscription = source$.pipe(commitOffsets(options)).subscribe({
    next: (value) => {
      seen.receipts.push(value);
    },
    error: (error: unknown) => {
      seen.errors.push(error);
    },
    complete: () => {
      seen.completed = true;
    },
  });
  seen.unsubscribe = () => {
    subscription.unsubscribe();
  };
  return seen;
}

describe('commitOffsets', () => {
  it('acknowledges each element as it arrives and emits no element', () => {
    runMarbles(({ records, expectObservable, expectAcks }) => {
      const source$ = records('-a-a', { a });
      expectObservable(source$.pipe(commitOffsets({ everyRecords: 10 }))).toBe('-');
      expectAcks(source$).toBe('-a-a');
    });
  });

  it('is silent on a silent source and completes with an empty one', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      expectObservable(NEVER.pipe(commitOffsets())).toBe('-');
      expectObservable(EMPTY.pipe(commitOffsets())).toBe('|');
      const source$ = cold<Leased>('----');
      expectObservable(source$.pipe(commitOffsets()), '--!').toBe('-');
      expectSubscriptions(source$.subscriptions).toBe('^-!');
    });
  });

  it('commits after everyMs, and the rest when the source completes', () => {
    runMarbles(({ records, expectObservable }) => {
      const offsets$ = records('aa---a--|', { a }).pipe(
        commitOffsets({ everyMs: 3 }),
        map((r) => r.offsets),
      );
      const at = (offset: number): readonly object[] => [{ topic: 'topic', partition: 0, offset }];
      expectObservable(offsets$).toBe('---x----(y|)', { x: at(2), y: at(3) });
    });
  });

  it('commits after everyRecords', () => {
    runMarbles(({ records, expectObservable }) => {
      const offsets$ = records('aaaaa-|', { a }).pipe(
        commitOffsets({ everyRecords: 2 }),
        map((r) => r.offsets[0]?.offset),
      );
      expectObservable(offsets$).toBe('-x-y--(z|)', { x: 2, y: 4, z: 5 });
    });
  });

  it('passes the error of the source on', () => {
    runMarbles(({ records, expectObservable }) => {
      expectObservable(records('a-#', { a }).pipe(commitOffsets())).toBe('--#');
    });
  });

  it('serves two subscribers apart', () => {
    runMarbles(({ records, expectObservable }) => {
      const offsets$ = records('a|', { a }).pipe(
        commitOffsets(),
        map((r) => r.offsets[0]?.offset),
      );
      expectObservable(offsets$).toBe('-(x|)', { x: 1 });
      expectObservable(offsets$, '--^').toBe('---(x|)', { x: 1 });
    });
  });

  it('acknowledges what an earlier operator counts in its window when the source emits inside subscribe', () => {
    const owner = new CadencedOwner();
    let emitted = 0;
    const endless$ = range(0, Infinity).pipe(map((id) => item((emitted = id), owner)));
    const leases = endless$.pipe(take(3));
    leases.pipe(commitOffsets()).subscribe();
    expect([emitted, owner.cadences.length, owner.commits.length]).toEqual([2, 1, 1]);
  });

  describe('on an owner with cadences of its own', () => {
    it('asks each partition once, with the options', () => {
      const owners = [new CadencedOwner(0), new CadencedOwner(1)];
      const source$ = new Subject<Leased>();
      start(source$, { everyMs: 50 });
      for (const index of [0, 1, 0, 1]) source$.next(item(index, owners[index]));
      expect(owners.map((owner) => owner.cadences.map((cadence) => cadence.options))).toEqual([
        [{ everyMs: 50, everyRecords: undefined }],
        [{ everyMs: 50, everyRecords: undefined }],
      ]);
    });

    it('keeps the cadence of the consumer without options', () => {
      const owner = new CadencedOwner();
      const source$ = new Subject<Leased>();
      start(source$);
      source$.next(item(0, owner));
      expect(owner.cadences[0]?.options).toBeUndefined();
    });

    it('emits a receipt that covers several partitions once', () => {
      const owners = [new CadencedOwner(0), new CadencedOwner(1)];
      const source$ = new Subject<Leased>();
      const seen = start(source$);
      for (const owner of owners) source$.next(item(0, owner));
      const both = receipt(1);
      for (const owner of owners) owner.cadences[0]?.tell(both);
      expect(seen.receipts).toEqual([both]);
    });

    it('tells a last receipt once, whether the cadence or the commit tells it first', () => {
      for (const cadenceFirst of [true, false]) {
        const owner = new CadencedOwner();
        const source$ = new Subject<Leased>();
        const seen = start(source$);
        source$.next(item(0, owner));
        owner.cadences[0]?.tell(receipt(1));
        source$.next(item(1, owner));
        source$.complete();
        if (cadenceFirst) owner.cadences[0]?.tell(receipt(2));
        owner.commits[0]?.(receipt(2));
        if (!cadenceFirst) owner.cadences[0]?.tell(receipt(2));
        expect([seen.receipts, seen.completed]).toEqual([[receipt(1), receipt(2)], true]);
      }
    });

    it('leaves out of a receipt the partitions that do not pass here, and empty receipts', () => {
      const owner = new CadencedOwner(0);
      const source$ = new Subject<Leased>();
      const seen = start(source$);
      source$.next(item(0, owner));
      owner.cadences[0]?.tell({ ...receipt(1), offsets: [...receipt(1, 0).offsets, ...receipt(9, 1).offsets] });
      owner.cadences[0]?.tell({ ...receipt(1), offsets: [] });
      expect(seen.receipts).toEqual([receipt(1, 0)]);
    });

    it('completes after the last receipt of the last partition', () => {
      const owners = [new CadencedOwner(0), new CadencedOwner(1)];
      const source$ = new Subject<Leased>();
      const seen = start(source$);
      for (const owner of owners) source$.next(item(0, owner));
      source$.complete();
      owners[0]?.commits[0]?.(receipt(1, 0));
      expect([seen.receipts.length, seen.completed]).toEqual([1, false]);
      owners[1]?.commits[0]?.(null);
      expect([seen.receipts.length, seen.completed]).toEqual([1, true]);
      expect(owners.map((owner) => owner.cadences[0]?.closed)).toEqual([true, true]);
    });

    it('fails when the last commit does', () => {
      const owner = new CadencedOwner();
      const source$ = new Subject<Leased>();
      const seen = start(source$);
      source$.next(item(0, owner));
      source$.complete();
      const error = new Error('denied');
      owner.commits[0]?.(null, error);
      expect([seen.errors, seen.completed]).toEqual([[error], false]);
    });

    it('gives cadences and last commits up when it is unsubscribed', () => {
      const owner = new CadencedOwner();
      const source$ = new Subject<Leased>();
      const seen = start(source$);
      source$.next(item(0, owner));
      source$.complete();
      seen.unsubscribe();
      expect([owner.cadences[0]?.closed, owner.cancelled]).toEqual([true, 1]);
      owner.commits[0]?.(receipt(1));
      expect([seen.receipts, seen.completed]).toEqual([[], false]);
    });

    it('ends the cadence of an earlier assignment of the partition', () => {
      const owners = [0, 1].map((epoch) => new CadencedOwner(0, undefined, epoch));
      const source$ = new Subject<Leased>();
      start(source$);
      for (const owner of owners) source$.next(item(0, owner));
      expect(owners.map((owner) => owner.cadences[0]?.closed)).toEqual([true, false]);
    });

    it('sends the refusal of an owner down the error channel and settles nothing', () => {
      const owner = new CadencedOwner();
      owner.refuse = new UsageError('no group');
      const source$ = new Subject<Leased>();
      const seen = start(source$);
      const only = item(0, owner);
      source$.next(only);
      expect([seen.errors, only.lease.state]).toEqual([[owner.refuse], 'released']);
    });
  });

  describe('on an owner that only commits', () => {
    it('says that a groupless consumer cannot commit', () => {
      const owner = new SpecOwner();
      owner.group = undefined;
      const source$ = new Subject<Leased>();
      const seen = start(source$);
      source$.next(item(0, owner));
      expect(seen.errors).toEqual([expect.any(UsageError)]);
    });

    it('has one commit in flight and counts on meanwhile', () => {
      const owner = new SpecOwner();
      const source$ = new Subject<Leased>();
      const seen = start(source$, { everyRecords: 2 });
      for (let id = 0; id < 5; id += 1) source$.next(item(id, owner));
      expect(owner.commits).toHaveLength(1);
      owner.commits[0]?.(receipt(2));
      expect([owner.commits.length, seen.receipts]).toEqual([2, [receipt(2)]]);
      seen.unsubscribe();
      expect(owner.cancelled).toBe(1);
    });

    it('fails when a commit fails', () => {
      const owner = new SpecOwner();
      const source$ = new Subject<Leased>();
      const seen = start(source$, { everyRecords: 1 });
      source$.next(item(0, owner));
      const error = new Error('denied');
      owner.commits[0]?.(null, error);
      expect(seen.errors).toEqual([error]);
    });
  });

  it('covers every partition of a mixed lease, and acknowledges a lease of none', () => {
    const owners: LeaseOwner[] = [new CadencedOwner(0), new CadencedOwner(1)];
    const mixed = new SpecLease(...owners);
    const none = new SpecLease();
    const source$ = new Subject<Leased>();
    start(source$);
    source$.next({ lease: mixed });
    source$.next({ lease: none });
    expect([mixed.state, none.state]).toEqual(['acked', 'acked']);
    expect(owners.map((owner) => (owner as CadencedOwner).cadences.length)).toEqual([1, 1]);
  });

  it('leaves a failed element to the error', () => {
    const owner = new CadencedOwner();
    const items = [item(0, owner), item(1, owner)];
    const errors: unknown[] = [];
    from(items)
      .pipe(
        processEach((i) => (i.id === 1 ? [] : of(1)), { order: 'none' }),
        commitOffsets(),
      )
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(items.map((i) => i.lease.state)).toEqual(['acked', 'acked']);
  });

  it.each<[string, unknown]>([
    ['everyMs', { everyMs: 0 }],
    ['everyMs', { everyMs: '5s' }],
    ['everyRecords', { everyRecords: 0 }],
    ['interval', { interval: 5 }],
    ['options', null],
  ])('rejects a bad %s at the call', (option, options) => {
    expect(() => commitOffsets(options as never)).toThrow(InvalidOptionError);
    expect(() => commitOffsets(options as never)).toThrow(expect.objectContaining({ option }) as Error);
  });
});
