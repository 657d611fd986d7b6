import { EMPTY, NEVER, type Observable, map, of, take, throwError } from 'rxjs';
import { type ForEachPartitionOptions, forEachPartition, mapValue } from '../../operators/index.js';
import { AuthenticationError } from '../../src/errors/client-errors.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { type PartitionStream } from '../../src/model/consumer.js';
import { runMarbles } from '../../src/testing/index.js';
import { partitionStream } from './support/partition-stream.js';

type P = PartitionStream<string, number>;
const inits = { a: { key: 'k', value: 1 }, b: { key: 'k', value: 2 }, c: { key: 'k', value: 3, partition: 1 } };
const values = { a: 1, b: 2, c: 3 };
const broken = new Error('broken');
const value = (p$: P): Observable<number> => p$.pipe(map((r) => r.value));

describe('forEachPartition', () => {
  it('runs one pipeline per partition, side by side', () => {
    runMarbles(({ cold, records, expectObservable, expectSubscriptions }) => {
      const partitions$ = cold('p-q---|', {
        p: partitionStream(0, records('-a---b-|', inits)),
        q: partitionStream(1, records('-c|', inits)),
      });
      expectObservable(partitions$.pipe(forEachPartition(value))).toBe('-a-c-b-|', values);
      expectSubscriptions(partitions$.subscriptions).toBe('^-----!');
    });
  });

  it('is silent, completes and fails with its source', () => {
    runMarbles(({ cold, records, expectObservable }) => {
      expectObservable(NEVER.pipe(forEachPartition(value))).toBe('-');
      expectObservable(EMPTY.pipe(forEachPartition(value))).toBe('|');
      const partitions$ = cold('p--#', { p: partitionStream(0, records('-a', inits)) });
      expectObservable(partitions$.pipe(forEachPartition(value))).toBe('-a-#', values);
    });
  });

  it('waits for partitions that go on after the source has ended', () => {
    runMarbles(({ cold, records, expectObservable }) => {
      const partitions$ = cold('(p|)', { p: partitionStream(0, records('-a---|', inits)) });
      expectObservable(partitions$.pipe(forEachPartition(value))).toBe('-a---|', values);
    });
  });

  it('leaves all partitions when it is unsubscribed or downstream has enough', () => {
    runMarbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const first$ = hot('-1-1-1');
      const second$ = hot('--2-2-');
      const partitions$ = cold('(pq)', {
        p: partitionStream(0, first$ as never),
        q: partitionStream(1, second$ as never),
      });
      const out$ = partitions$.pipe(forEachPartition((p$) => p$ as unknown as Observable<string>));
      expectObservable(out$, '^---!').toBe('-121-'.slice(0, 4));
      expectObservable(out$.pipe(take(2))).toBe('-1(2|)');
      expectSubscriptions(first$.subscriptions).toBe(['^---!', '^-!']);
      expectSubscriptions(second$.subscriptions).toBe(['^---!', '^-!']);
    });
  });

  it('serves two subscribers apart', () => {
    runMarbles(({ cold, records, expectObservable }) => {
      const out$ = cold('p', { p: partitionStream(0, records('-a', inits)) }).pipe(forEachPartition(value));
      expectObservable(out$).toBe('-a', values);
      expectObservable(out$, '--^').toBe('---a', values);
    });
  });

  it('[E5] ends all pipelines with the error of one by default', () => {
    runMarbles(({ cold, hot, records, expectObservable, expectSubscriptions }) => {
      const other$ = hot('-----');
      const partitions$ = cold('(pq)', {
        p: partitionStream(0, records('-a', inits)),
        q: partitionStream(1, other$ as never),
      });
      const fails = (p$: P): Observable<unknown> =>
        p$.pipe(
          mapValue(() => {
            throw broken;
          }),
        );
      expectObservable(partitions$.pipe(forEachPartition(fails))).toBe('-#', undefined, broken);
      expectSubscriptions(other$.subscriptions).toBe('^!');
    });
  });

  it('ends with the error of the function', () => {
    runMarbles(({ cold, expectObservable }) => {
      const fails = (): never => {
        throw broken;
      };
      const partitions$ = cold('-p', { p: partitionStream(0, NEVER) });
      expectObservable(partitions$.pipe(forEachPartition(fails))).toBe('-#', undefined, broken);
    });
  });

  describe('with restart', () => {
    const restart: ForEachPartitionOptions = { onError: { restart: { initialMs: 10, maxMs: 20 } } };

    it('[E5, L24, RX8, W6] subscribes the pipeline again after growing pauses, the others go on', () => {
      runMarbles(({ cold, records, expectObservable, expectSubscriptions }) => {
        const failing$ = cold('--#');
        const partitions$ = cold('(pq)', {
          p: partitionStream(0, failing$ as never),
          q: partitionStream(1, records('4ms c 20ms c', inits)),
        });
        expectObservable(partitions$.pipe(forEachPartition(value, restart)), '60ms !').toBe('4ms c 20ms c', values);
        expectSubscriptions(failing$.subscriptions).toBe(['^-!', '12ms ^-!', '34ms ^-!', '56ms ^-!']);
      });
    });

    it('counts failures anew after a value', () => {
      runMarbles(({ cold, records, expectObservable }) => {
        const p = partitionStream(0, records('-a#', inits));
        expectObservable(cold('p', { p }).pipe(forEachPartition(value, restart)), '30ms !').toBe(
          '-a 11ms a 11ms a',
          values,
        );
      });
    });

    it('gives up after attempts', () => {
      runMarbles(({ cold, expectObservable }) => {
        const p = partitionStream(
          0,
          throwError(() => broken),
        );
        const options = { onError: { restart: { initialMs: 10, attempts: 2 } } };
        expectObservable(cold('p', { p }).pipe(forEachPartition(value, options))).toBe('30ms #', undefined, broken);
      });
    });

    it.each([
      ['fatal', new AuthenticationError('refused')],
      ['wrong use', new UsageError('no')],
    ])('does not restart what is %s', (_name, error) => {
      runMarbles(({ cold, expectObservable }) => {
        const p = partitionStream(
          0,
          throwError(() => error),
        );
        expectObservable(cold('p', { p }).pipe(forEachPartition(value, restart))).toBe('#', undefined, error);
      });
    });

    it('ends quietly when the partition goes away during a pause', () => {
      runMarbles(({ cold, expectObservable }) => {
        const ended$ = cold('5ms e', { e: 'revoked' as const });
        const p = partitionStream(
          0,
          throwError(() => broken),
          ended$,
        );
        expectObservable(cold('(p|)', { p }).pipe(forEachPartition(value, restart))).toBe('5ms |');
      });
    });

    it('uses the runtime that the partition stream carries', () => {
      runMarbles(({ cold, expectObservable }) => {
        let tries = 0;
        const p = Object.assign(partitionStream(0, EMPTY), { runtime: { random: () => 1 } });
        const fails = (): Observable<number> => ((tries += 1), tries === 1 ? throwError(() => broken) : of(1));
        expectObservable(cold('(p|)', { p }).pipe(forEachPartition(fails, restart))).toBe('12ms (a|)', values);
      });
    });
  });

  it.each<[string, unknown]>([
    ['onError', { onError: 'stop' }],
    ['onError', { onError: {} }],
    ['onError', { onError: { restart: null } }],
    ['initialMs', { onError: { restart: { initialMs: -1 } } }],
    ['delay', { onError: { restart: { delay: 1 } } }],
    ['onerror', { onerror: 'fail' }],
  ])('rejects a bad %s at the call', (option, options) => {
    expect(() => forEachPartition(value, options as never)).toThrow(InvalidOptionError);
    expect(() => forEachPartition(value, options as never)).toThrow(expect.objectContaining({ option }) as Error);
  });

  it('rejects what is no function', () => {
    expect(() => forEachPartition(undefined as never)).toThrow(InvalidOptionError);
  });
});
