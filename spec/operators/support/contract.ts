import { EMPTY, NEVER, type Observable, type OperatorFunction, Subject, map, range, take, throwError } from 'rxjs';
import { type ConsumerRecord } from '../../../src/model/consumer-record.js';
import { record, runMarbles } from '../../../src/testing/index.js';

export type In = ConsumerRecord<string, number>;
const inits = {
  a: { key: 'a', value: 1 },
  b: { key: 'b', value: 2 },
  c: { key: 'c', value: 3 },
};
const values = { a: 1, b: 2, c: 3 };

/**
 * What every operator owes that hands each record on in the frame in which it came. `make` builds it anew, `read` gives
 * the number of the record an output came from.
 */
export function honoursTheOperatorContract<O>(
  make: () => OperatorFunction<In, O>,
  read: (out: O) => number,
  { atOnce = true }: { readonly atOnce?: boolean } = {},
): void {
  const run = (source$: Observable<In>): Observable<number> => source$.pipe(make(), map(read));
  /** An operator that waits for time has nothing to do with these, and says so with `atOnce: false`. */
  const whenAtOnce = (title: string, spec: () => void): void => {
    if (atOnce) it(title, spec);
  };

  describe('as an operator', () => {
    it('is silent on a source that is', () => {
      runMarbles(({ cold, records, expectObservable, expectSubscriptions }) => {
        expectObservable(run(NEVER)).toBe('-');
        expectObservable(run(records('-', inits))).toBe('-');
        const source$ = cold<In>('-');
        expectObservable(run(source$), '----!').toBe('-');
        expectSubscriptions(source$.subscriptions).toBe('^---!');
      });
    });

    it('completes with an empty source', () => {
      runMarbles(({ records, expectObservable }) => {
        expectObservable(run(EMPTY)).toBe('|');
        expectObservable(run(records('---|', inits))).toBe('---|');
      });
    });

    it('hands on one and many', () => {
      runMarbles(({ records, expectObservable }) => {
        expectObservable(run(records('-a-|', inits))).toBe('-a-|', values);
        expectObservable(run(records('-a-(bc)-a|', inits))).toBe('-a-(bc)-a|', values);
      });
    });

    it('passes the error of the source on', () => {
      runMarbles(({ records, expectObservable }) => {
        expectObservable(run(records('-a-#', inits))).toBe('-a-#', values);
        expectObservable(run(records('#', inits))).toBe('#');
        const broken = new Error('broken');
        expectObservable(run(throwError(() => broken))).toBe('#', undefined, broken);
      });
    });

    it('lives on an endless source until it is unsubscribed', () => {
      runMarbles(({ hot, expectObservable, expectSubscriptions }) => {
        const source$ = hot<In>('-a--b--a--b--a--b', { a: record(inits.a), b: record(inits.b) });
        expectObservable(run(source$), '^--------!').toBe('-a--b--a--', values);
        expectSubscriptions(source$.subscriptions).toBe('^--------!');
      });
    });

    it('leaves the source when downstream has enough', () => {
      runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
        const source$ = cold<In>('-a--b--a--|', { a: record(inits.a), b: record(inits.b) });
        expectObservable(run(source$).pipe(take(2))).toBe('-a--(b|)', values);
        expectSubscriptions(source$.subscriptions).toBe('^---!');
      });
    });

    whenAtOnce('stops an endless source that emits inside subscribe', () => {
      let emitted = 0;
      const endless$ = range(1, Infinity).pipe(
        map((value) => {
          emitted = value;
          return record({ key: 'k', value });
        }),
      );
      runMarbles(({ expectObservable }) => {
        expectObservable(run(endless$).pipe(take(3))).toBe('(abc|)', values);
      });
      expect(emitted).toBe(3);
    });

    it('serves two subscribers, and two uses of one operator, apart', () => {
      runMarbles(({ records, expectObservable }) => {
        const operator = make();
        const out$ = records('-a-b|', inits).pipe(operator, map(read));
        expectObservable(out$).toBe('-a-b|', values);
        expectObservable(out$, '--^').toBe('---a-b|', values);
        expectObservable(records('c|', inits).pipe(operator, map(read))).toBe('c|', values);
      });
    });

    whenAtOnce('keeps the order of a source that is pushed to inside next', () => {
      const source$ = new Subject<In>();
      const seen: number[] = [];
      run(source$).subscribe((value) => {
        seen.push(value);
        if (value < 3) source$.next(record({ key: 'k', value: value + 2 }));
        if (value < 3) source$.next(record({ key: 'k', value: value + 4 }));
      });
      source$.next(record({ key: 'k', value: 1 }));
      expect(seen).toEqual([1, 3, 5]);
    });
  });
}
