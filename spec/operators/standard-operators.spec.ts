import {
  type Observable,
  type OperatorFunction,
  Observable as Rx,
  Subject,
  bufferCount,
  bufferTime,
  concatMap,
  debounceTime,
  delay,
  exhaustMap,
  filter,
  groupBy,
  interval,
  map,
  merge,
  mergeMap,
  share,
  switchMap,
  takeUntil,
  tap,
  timer,
  withLatestFrom,
} from 'rxjs';
import {
  acknowledge,
  batchRecords,
  conflateBy,
  fanOut,
  filterRecord,
  joinLatest,
  keepLease,
  processEach,
} from '../../operators/index.js';
import { type Leased } from '../../src/model/lease.js';
import { runMarbles } from '../../src/testing/index.js';
import { type SpecItem, item } from './support/leases.js';
import { PressedOwner } from './support/pressed-owner.js';

const window = 8;
const count = 24;

interface Outcome {
  /** How many records the source could deliver: below 24 it has stopped for good. */
  readonly delivered: number;
  /** What would be committed: the records before the oldest one that is not acknowledged. */
  readonly committed: number;
}

/** A source with a window: a record every millisecond while fewer than eight are unsettled. Watched for two seconds. */
function outcomeOf(pipeline: OperatorFunction<SpecItem, unknown>): Outcome {
  const owner = new PressedOwner();
  const items: SpecItem[] = [];
  const open = (): number => items.filter((i) => i.lease.state === 'open').length;
  const source$ = new Rx<SpecItem>((subscriber) =>
    interval(1).subscribe(() => {
      owner.windowFull = open() >= window;
      if (owner.windowFull || items.length === count) return;
      items.push(item(items.length, owner, items.length % 3));
      owner.windowFull = open() >= window;
      subscriber.next(items.at(-1)!);
      if (owner.windowFull) owner.press('windowFull');
    }),
  );
  let committed = -1;
  runMarbles(({ flush }) => {
    timer(1999).subscribe(() => {
      const first = items.findIndex((i) => i.lease.state !== 'acked');
      committed = first < 0 ? items.length : first;
    });
    source$.pipe(pipeline, takeUntil(timer(2000))).subscribe();
    flush();
  });
  return { delivered: items.length, committed };
}

const all: Outcome = { delivered: count, committed: count };
const settle = <S extends Leased>(s$: Observable<S>): Observable<S> => s$.pipe(acknowledge());

describe('transparent and bounded operators', () => {
  it.each<[string, OperatorFunction<SpecItem, unknown>]>([
    [
      'map to something with the lease',
      (s$) =>
        s$.pipe(
          map((i) => ({ lease: i.lease })),
          settle,
        ),
    ],
    ['tap', (s$) => s$.pipe(tap(), settle)],
    ['delay', (s$) => s$.pipe(delay(20), settle)],
    [
      'mergeMap',
      (s$) =>
        s$.pipe(
          mergeMap((i) => timer(20).pipe(map(() => i))),
          settle,
        ),
    ],
    [
      'concatMap',
      (s$) =>
        s$.pipe(
          concatMap((i) => timer(5).pipe(map(() => i))),
          settle,
        ),
    ],
    [
      'bufferTime, settled one by one',
      (s$) =>
        s$.pipe(
          bufferTime(10),
          mergeMap((list) => list),
          settle,
        ),
    ],
    [
      'bufferCount below the window',
      (s$) =>
        s$.pipe(
          bufferCount(4),
          mergeMap((list) => list),
          settle,
        ),
    ],
    [
      'keepLease in a projection',
      (s$) =>
        s$.pipe(
          map((i) => keepLease(i, i.id)),
          settle,
        ),
    ],
  ])('%s loses nothing', (_name, pipeline) => {
    expect(outcomeOf(pipeline)).toEqual(all);
  });
});

describe('dangerous operators and their twins', () => {
  it('bufferCount above the window stops for ever; batchRecords does not [E9]', () => {
    expect(
      outcomeOf((s$) =>
        s$.pipe(
          bufferCount(16),
          mergeMap((list) => list),
          settle,
        ),
      ),
    ).toEqual({
      delivered: window,
      committed: 0,
    });
    expect(outcomeOf((s$) => s$.pipe(batchRecords({ maxRecords: 16, maxMs: 5000 }), settle))).toEqual(all);
  });

  it('filter leaves what it drops open; filterRecord acknowledges it', () => {
    const even = (i: SpecItem): boolean => i.id % 2 === 0;
    expect(outcomeOf((s$) => s$.pipe(filter(even), settle))).toEqual({ delivered: 16, committed: 1 });
    expect(outcomeOf((s$) => s$.pipe(filterRecord(even), settle))).toEqual(all);
  });

  it('switchMap freezes the commit; conflateBy does not [E8]', () => {
    const work = (i: SpecItem): Observable<SpecItem> => timer(50).pipe(map(() => i));
    expect(outcomeOf((s$) => s$.pipe(switchMap(work), settle)).committed).toBe(0);
    const twin = outcomeOf((s$) =>
      s$.pipe(
        conflateBy((i) => i.keyBytes, { everyMs: 50 }),
        mergeMap(work),
        settle,
      ),
    );
    expect(twin).toEqual(all);
  });

  it('exhaustMap and debounceTime leave what they drop open; conflateBy does not', () => {
    const work = (i: SpecItem): Observable<SpecItem> => timer(50).pipe(map(() => i));
    expect(outcomeOf((s$) => s$.pipe(exhaustMap(work), settle)).committed).toBeLessThan(count);
    expect(outcomeOf((s$) => s$.pipe(debounceTime(5), settle)).committed).toBe(0);
    expect(
      outcomeOf((s$) =>
        s$.pipe(
          conflateBy(() => 'one', { everyMs: 5 }),
          settle,
        ),
      ),
    ).toEqual(all);
  });

  it('withLatestFrom drops what comes before its first value; joinLatest holds it', () => {
    const late = (): Observable<number> => timer(100);
    const plain = outcomeOf((s$) =>
      s$.pipe(
        withLatestFrom(late()),
        map(([i]) => i),
        settle,
      ),
    );
    expect(plain).toEqual({ delivered: window, committed: 0 });
    expect(
      outcomeOf((s$) =>
        s$.pipe(
          joinLatest(late(), (i) => i.id),
          settle,
        ),
      ),
    ).toEqual(all);
  });

  it('share commits with the first of its subscribers; fanOut with the last', () => {
    const slow$ = new Subject<never>();
    const never = (s$: Observable<SpecItem>): Observable<SpecItem> => s$.pipe(processEach(() => slow$)) as never;
    const shared = outcomeOf((s$) => {
      const one$ = s$.pipe(share());
      return merge(one$.pipe(settle), one$.pipe(tap()));
    });
    expect(shared).toEqual(all);
    expect(outcomeOf((s$) => s$.pipe(fanOut(settle, never)))).toEqual({ delivered: window, committed: 0 });
    expect(outcomeOf((s$) => s$.pipe(fanOut(settle, settle)))).toEqual(all);
  });

  it('groupBy with fewer inner streams than keys loses records; order key does not [E1]', () => {
    const grouped = outcomeOf((s$) =>
      s$.pipe(
        groupBy((i) => i.keyBytes?.[0]),
        mergeMap((group$) => group$, 1),
        settle,
      ),
    );
    expect(grouped).toEqual({ delivered: expect.any(Number) as number, committed: 1 });
    const lanes = outcomeOf((s$) =>
      s$.pipe(
        processEach((i) => timer(2).pipe(map(() => i.id)), { order: 'key', concurrency: 1 }),
        settle,
      ),
    );
    expect(lanes).toEqual(all);
  });
});
