import { NEVER, type Observable, asyncScheduler, concat, defer, of, throwError, timer } from 'rxjs';
import { restartWithBackoff } from '../../operators/index.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { ConnectionClosedError } from '../../src/errors/connection-error.js';
import { runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';

const retriable = new ConnectionClosedError('gone');
const always = { when: (): boolean => true, random: (): number => 0.5 };

describe('restartWithBackoff', () => {
  honoursTheOperatorContract(
    () => restartWithBackoff<In>(),
    (out) => out.value,
  );

  it('subscribes again after pauses that double up to maxMs', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('#', undefined, retriable);
      const options = { initialMs: 10, maxMs: 25, attempts: 3, random: always.random };
      expectObservable(source$.pipe(restartWithBackoff(options))).toBe('55ms #', undefined, retriable);
      expectSubscriptions(source$.subscriptions).toBe(['(^!)', '10ms (^!)', '30ms (^!)', '55ms (^!)']);
    });
  });

  it('spreads the pauses by chance', () => {
    runMarbles(({ cold, expectObservable }) => {
      const run = (random: number): Observable<unknown> =>
        cold('#', undefined, retriable).pipe(restartWithBackoff({ initialMs: 100, attempts: 1, random: () => random }));
      expectObservable(run(0)).toBe('80ms #', undefined, retriable);
      expectObservable(run(1)).toBe('120ms #', undefined, retriable);
    });
  });

  it('counts anew after a value', () => {
    runMarbles(({ expectObservable }) => {
      let round = 0;
      const source$ = defer(() => {
        round += 1;
        return round < 5
          ? concat(
              timer(1),
              throwError(() => retriable),
            )
          : of(-1);
      });
      expectObservable(source$.pipe(restartWithBackoff({ ...always, initialMs: 10, attempts: 1 }))).toBe(
        '-v 10ms v 10ms v 10ms v 9ms (w|)',
        { v: 0, w: -1 },
      );
    });
  });

  it('passes on at once what is not retriable: wrong use, fatal errors, errors of user functions', () => {
    runMarbles(({ expectObservable }) => {
      for (const error of [new UsageError('wrong'), new Error('mine')]) {
        expectObservable(throwError(() => error).pipe(restartWithBackoff())).toBe('#', undefined, error);
      }
    });
  });

  it('asks when, and fails with what it throws', () => {
    const mine = new Error('mine');
    runMarbles(({ cold, expectObservable }) => {
      const restarted$ = cold('#', undefined, mine).pipe(restartWithBackoff({ ...always, initialMs: 10, attempts: 1 }));
      expectObservable(restarted$).toBe('10ms #', undefined, mine);
      const refused$ = cold('#', undefined, retriable).pipe(restartWithBackoff({ when: () => false }));
      expectObservable(refused$).toBe('#', undefined, retriable);
      const own = new Error('own');
      const throws = (): never => {
        throw own;
      };
      expectObservable(cold('#').pipe(restartWithBackoff({ when: throws }))).toBe('#', undefined, own);
    });
  });

  it('ends its pause when it is unsubscribed', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('#', undefined, retriable);
      expectObservable(source$.pipe(restartWithBackoff({ random: always.random })), '^ 50ms !').toBe('-');
      expectSubscriptions(source$.subscriptions).toBe('(^!)');
    });
  });

  it('waits on the scheduler it was given, without a bound on attempts', () => {
    let restarts = 0;
    const delays: number[] = [];
    const scheduler = {
      now: () => asyncScheduler.now(),
      schedule: (work: (this: never, state?: never) => void, ms = 0) => {
        delays.push(ms);
        restarts += 1;
        if (restarts < 100) work.call(undefined as never);
        return NEVER.subscribe();
      },
    };
    const source$ = throwError(() => retriable);
    source$.pipe(restartWithBackoff({ ...always, scheduler: scheduler })).subscribe();
    expect(delays.slice(0, 3)).toEqual([100, 200, 400]);
    expect(delays.at(-1)).toBe(10_000);
    expect(restarts).toBe(100);
  });

  it('rejects bad options at the call', () => {
    expect(() => restartWithBackoff({ initialMs: -1 })).toThrow(InvalidOptionError);
    expect(() => restartWithBackoff({ initialMs: 10, maxMs: 1 })).toThrow('maxMs');
    expect(() => restartWithBackoff({ attempts: 1.5 })).toThrow(InvalidOptionError);
    expect(() => restartWithBackoff({ when: true as never })).toThrow(InvalidOptionError);
    expect(() => restartWithBackoff({ scheduler: {} as never })).toThrow('scheduler');
    expect(() => restartWithBackoff({ delay: 5 } as never)).toThrow('no such option');
  });
});
