import { type Observable, Subject, VirtualTimeScheduler, map, of, throwError } from 'rxjs';
import { type ProcessEachOptions, filterRecord, mapValue, processEach, produce } from '../../operators/index.js';
import { type Leased } from '../../src/model/lease.js';
import { ParkingOwner, type SpecItem, SpecLease, SpecOwner } from './support/leases.js';
import { SpecSink } from './support/sinks.js';

const broken = new Error('broken');

/** A pipeline over two partitions in which elements with a value in `bad` fail. */
function run(
  operator: (
    bad: ReadonlySet<number>,
  ) => (source$: Observable<SpecItem>) => Observable<{ readonly lease: unknown; readonly value: number }>,
) {
  const scheduler = new VirtualTimeScheduler();
  const owners = [0, 1].map((partition) => new ParkingOwner(partition, scheduler));
  const source$ = new Subject<SpecItem>();
  const bad = new Set<number>();
  const out: number[] = [];
  const ends: unknown[] = [];
  const subscription = source$.pipe(operator(bad)).subscribe({
    next: ({ value }) => out.push(value),
    error: (error: unknown) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  const push = (value: number, key = 0, partition = 0): SpecLease => {
    const owner = owners[partition]!;
    const lease = new SpecLease(owner);
    const element = { id: value, value, keyBytes: new Uint8Array([key]), lease, topic: 't', partition, offset: value };
    source$.next(element);
    return lease;
  };
  const hop = (): void => {
    scheduler.flush();
  };
  return { owners, owner: owners[0]!, source$, bad, out, ends, subscription, push, hop };
}

const processing = (options: ProcessEachOptions<SpecItem> = {}) =>
  run((bad) =>
    processEach((i: SpecItem) => (bad.has(i.value) ? throwError(() => broken) : of(i.value)), {
      order: 'key',
      onFailure: 'park',
      ...options,
    }),
  );

describe('processEach with onFailure park', () => {
  it('sets the record aside with its lease open and tells who it is [D#R5]', () => {
    const { bad, push, owner, out, ends } = processing();
    bad.add(1);
    const lease = push(1);
    expect([lease.state, lease.taken, owner.count]).toEqual(['open', 1, 1]);
    expect(owner.parked).toEqual([expect.objectContaining({ offset: 1, error: broken })]);
    expect([out, ends]).toEqual([[], []]);
  });

  it('stops the lane of the record, others go on and are handed on before it', () => {
    const { bad, push, owner, out } = processing();
    bad.add(1);
    push(1, 1);
    push(2, 1);
    push(3, 2);
    expect(out).toEqual([3]);
    expect(owner.holds).toEqual([]);
  });

  it('stops and holds the partition where the lane is the partition, others go on', () => {
    const { bad, push, owners, out } = processing({ order: 'partition' });
    bad.add(1);
    push(1);
    push(2);
    push(3, 0, 1);
    expect(out).toEqual([3]);
    expect(owners.map(({ holds }) => holds)).toEqual([['parked'], []]);
  });

  it('retry runs the function again, then the lane goes on in order', () => {
    const { bad, push, owner, out, hop } = processing();
    bad.add(1);
    const leases = [push(1), push(2)];
    bad.clear();
    owner.parked[0]!.retry();
    expect(out).toEqual([]);
    hop();
    expect(out).toEqual([1, 2]);
    expect([owner.count, owner.listeners]).toEqual([0, 0]);
    expect(leases.map(({ state }) => state)).toEqual(['open', 'open']);
  });

  it('parks again when the retry fails, with attempts in place counted anew', () => {
    let tries = 0;
    const { push, owner, hop } = run(() =>
      processEach(
        (): Observable<number> => {
          tries += 1;
          return throwError(() => broken);
        },
        { onFailure: 'park', retry: { attempts: 1, initialMs: 1 } },
      ),
    );
    push(1);
    hop();
    expect([tries, owner.parked.length]).toEqual([2, 1]);
    owner.parked[0]!.retry();
    hop();
    expect([tries, owner.parked.length, owner.count]).toEqual([4, 2, 1]);
  });

  it('skip acknowledges the record and goes on', () => {
    const { bad, push, owner, out, hop } = processing();
    bad.add(1);
    const lease = push(1);
    push(2);
    owner.parked[0]!.skip();
    hop();
    expect([lease.state, out]).toEqual(['acked', [2]]);
  });

  it('acts on the first of several decisions only', () => {
    const { bad, push, owner, out, hop } = processing();
    bad.add(1);
    const lease = push(1);
    owner.parked[0]!.skip();
    owner.parked[0]!.retry();
    hop();
    owner.parked[0]!.retry();
    hop();
    expect([lease.state, lease.settlements, out, owner.parked.length]).toEqual(['acked', 1, [], 1]);
  });

  it('takes no worker while it is parked', () => {
    const { bad, push, out } = processing({ concurrency: 1 });
    bad.add(1);
    push(1, 1);
    push(2, 2);
    expect(out).toEqual([2]);
  });

  it.each(['revoking', 'draining', 'lost'] as const)(
    'releases it and what waits behind it when the partition is %s',
    (why) => {
      const { bad, push, owner, out, ends, hop, source$ } = processing();
      bad.add(1);
      const leases = [push(1, 1), push(2, 1)];
      owner.press(why);
      expect(leases.map(({ state }) => state)).toEqual(['released', 'released']);
      bad.clear();
      owner.parked[0]!.retry();
      owner.parked[0]!.skip();
      hop();
      expect([out, owner.count, owner.listeners]).toEqual([[], 0, 0]);
      source$.complete();
      expect(ends).toEqual(['complete']);
    },
  );

  it('does not care for a full window', () => {
    const { bad, push, owner } = processing();
    bad.add(1);
    const lease = push(1);
    owner.press('windowFull');
    expect([lease.state, owner.count]).toEqual(['open', 1]);
  });

  it('forgets it when it was sought past, and its lane is free', () => {
    const { bad, push, owner, out } = processing();
    bad.add(1);
    const leases = [push(1), push(2)];
    for (const lease of leases) lease.state = 'fenced';
    for (const lease of leases) lease.controller.abort();
    expect(owner.count).toBe(0);
    push(3);
    expect(out).toEqual([3]);
  });

  it('releases at once what fails while its partition is being given up', () => {
    const { bad, push, owner, ends, source$ } = processing();
    owner.goingAway = true;
    bad.add(1);
    const lease = push(1);
    expect([lease.state, owner.parked]).toEqual(['released', []]);
    source$.complete();
    expect(ends).toEqual(['complete']);
  });

  it('keeps the stream open until somebody decides', () => {
    const { bad, push, owner, ends, hop, source$ } = processing();
    bad.add(1);
    push(1);
    source$.complete();
    expect(ends).toEqual([]);
    owner.parked[0]!.skip();
    hop();
    expect(ends).toEqual(['complete']);
  });

  it('releases it when downstream leaves, and decisions come to nothing', () => {
    const { bad, push, owner, hop, out, subscription } = processing();
    bad.add(1);
    const lease = push(1);
    subscription.unsubscribe();
    expect([lease.state, owner.count, owner.listeners]).toEqual(['released', 0, 0]);
    owner.parked[0]!.skip();
    hop();
    expect([lease.state, out]).toEqual(['released', []]);
  });

  it('fails the stream where a partition cannot be parked at', () => {
    const errors: unknown[] = [];
    const lease = new SpecLease(new SpecOwner());
    of({ id: 1, value: 1, keyBytes: null, lease })
      .pipe(processEach(() => throwError(() => broken), { onFailure: 'park' }))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect([errors, lease.state]).toEqual([[broken], 'released']);
  });

  it('tells of a batch over several partitions once, and notes it at each', () => {
    const scheduler = new VirtualTimeScheduler();
    const owners = [0, 1].map((partition) => new ParkingOwner(partition, scheduler));
    const record = (partition: number): object => ({ topic: 't', partition, offset: 7 });
    const lease = new SpecLease(...owners);
    of({ lease, items: [record(1), record(0)] } as Leased)
      .pipe(processEach(() => throwError(() => broken), { onFailure: 'park' }))
      .subscribe();
    expect(owners.map(({ parked, count }) => [parked.length, count])).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });
});

describe('processEach with lanes by a function', () => {
  it('runs elements of the lane null one after another', () => {
    const { push, out } = run(() => processEach((i: SpecItem) => of(i.value), { order: () => null }));
    push(1);
    push(2);
    expect(out).toEqual([1, 2]);
  });
});

describe('mapValue and filterRecord with onFailure park', () => {
  const mapping = () =>
    run((bad) =>
      mapValue(
        (i: SpecItem) => {
          if (bad.has(i.value)) throw broken;
          return i.value;
        },
        { onFailure: 'park' },
      ),
    );

  it('keeps the order of the partition and lets others go on', () => {
    const { bad, push, owners, out, hop } = mapping();
    bad.add(1);
    push(1);
    push(2);
    push(3, 0, 1);
    expect([out, owners[0]!.holds, owners[1]!.holds]).toEqual([[3], ['parked'], []]);
    bad.clear();
    owners[0]!.parked[0]!.retry();
    hop();
    push(4);
    expect(out).toEqual([3, 1, 2, 4]);
    expect(owners[0]!.holds).toEqual([]);
  });

  it('parks the next one that fails, in turn', () => {
    const { bad, push, owner, out, hop } = mapping();
    bad.add(1).add(2);
    const leases = [push(1), push(2), push(3)];
    owner.parked[0]!.skip();
    hop();
    expect([owner.parked.map(({ offset }) => offset), out]).toEqual([[1, 2], []]);
    bad.clear();
    owner.parked[1]!.retry();
    hop();
    expect([out, leases.map(({ state }) => state)]).toEqual([
      [2, 3],
      ['acked', 'open', 'open'],
    ]);
  });

  it('gives up what waits when the partition goes away, and completes', () => {
    const { bad, push, owner, out, ends, source$ } = mapping();
    bad.add(1);
    const leases = [push(1), push(2)];
    source$.complete();
    expect(ends).toEqual([]);
    owner.press('revoking');
    expect([leases.map(({ state }) => state), out, ends]).toEqual([['released', 'released'], [], ['complete']]);
  });

  it('does not hand on what was sought past while it waited', () => {
    const { bad, push, owner, out, hop } = mapping();
    bad.add(1);
    push(1);
    push(2).state = 'fenced';
    owner.parked[0]!.skip();
    hop();
    expect(out).toEqual([]);
  });

  it('parks what a filter cannot judge', () => {
    const { push, owner, out, hop } = run(() =>
      filterRecord(
        (): boolean => {
          throw broken;
        },
        { onFailure: 'park' },
      ),
    );
    const lease = push(1);
    owner.parked[0]!.skip();
    hop();
    expect([lease.state, out]).toEqual(['acked', []]);
  });

  it('works off a long line behind a policy that decides at once without nesting', () => {
    const decide$ = new Subject<'settled'>();
    let failures = 0;
    const { push, out } = run(() =>
      mapValue(
        (i: SpecItem) => {
          if (i.value < 20_000) throw broken;
          return i.value;
        },
        {
          onFailure: { name: 'p', handle: () => ((failures += 1), failures === 1 ? decide$ : of('settled' as const)) },
        },
      ),
    );
    for (let value = 1; value <= 20_000; value += 1) push(value);
    decide$.next('settled');
    expect(out).toEqual([20_000]);
  });
});

describe('produce with onError park', () => {
  const producing = (records = 1) => {
    const sink = new SpecSink();
    const made = run(
      () => (source$) =>
        source$.pipe(
          produce(
            sink,
            ({ value }) => Array.from({ length: records }, (_, n) => ({ topic: 't', value: value * 10 + n })),
            { onError: 'park' },
          ),
          map(({ lease, source }) => ({ lease, value: source.value })),
        ),
    );
    return { sink, ...made };
  };

  it('hands on those behind it, and writes it again on retry', () => {
    const { sink, push, owner, out, hop } = producing();
    push(1);
    push(2);
    sink.answer(0, broken);
    sink.answer(1);
    expect([out, owner.parked.length]).toEqual([[2], 1]);
    owner.parked[0]!.retry();
    hop();
    expect(sink.written.map(({ value }) => value)).toEqual([10, 20, 10]);
    sink.answer(2);
    expect(out).toEqual([2, 1]);
  });

  it('writes only the record of an element that failed', () => {
    const { sink, push, owner, hop } = producing(3);
    const lease = push(1);
    sink.answer(0);
    sink.answer(1, broken);
    sink.answer(2);
    owner.parked[0]!.retry();
    hop();
    expect(sink.written.map(({ value }) => value)).toEqual([10, 11, 12, 11]);
    expect(lease.state).toBe('open');
  });

  it('acknowledges on skip, and completes after it', () => {
    const { sink, push, owner, ends, hop, source$ } = producing();
    const lease = push(1);
    source$.complete();
    sink.answer(0, broken);
    expect([lease.state, ends]).toEqual(['open', []]);
    owner.parked[0]!.skip();
    hop();
    expect([lease.state, ends]).toEqual(['acked', ['complete']]);
  });

  it('releases it when the partition goes away or downstream leaves', () => {
    const { sink, push, owner, subscription } = producing();
    const leases = [push(1), push(2)];
    sink.answer(0, broken);
    owner.press('revoking');
    expect(leases.map(({ state }) => state)).toEqual(['released', 'open']);
    owner.goingAway = false;
    sink.answer(1, broken);
    subscription.unsubscribe();
    expect([leases[1]!.state, owner.count]).toEqual(['released', 0]);
  });
});
