import { EMPTY, NEVER, Observable, Subject, from, map, of, take, throwError, timer } from 'rxjs';
import {
  type FailurePolicy,
  type ProcessContext,
  type ProcessEachOptions,
  acknowledge,
  processEach,
} from '../../operators/index.js';
import { TimeoutExpiredError } from '../../src/errors/client-errors.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { SpecOwner, type SpecItem, item } from './support/leases.js';

const a = { key: 'x', value: 1 };
const b = { key: 'y', value: 2 };
const c = { key: 'x', value: 3 };
const values = { a: 1, b: 2, c: 3 };
const broken = new Error('broken');

/** Takes the record's value in milliseconds, ten for one. */
const slow = (r: In): Observable<number> => timer(r.value * 10).pipe(map(() => r.value));

describe('processEach', () => {
  honoursTheOperatorContract(
    () => processEach((r: In) => of(r.value)),
    (out) => out.value,
  );
  describe('by key', () => {
    honoursTheOperatorContract(
      () => processEach((r: In) => [r.value], { order: 'key' }),
      (out) => out.value,
    );
  });
  describe('as completed', () => {
    honoursTheOperatorContract(
      () => processEach((r: In) => [r.value], { order: 'none', emit: 'asCompleted' }),
      (out) => out.value,
    );
  });

  describe('lanes', () => {
    const times = (options: ProcessEachOptions<In>, marbles: string, script = '(abc|)'): void => {
      runMarbles(({ records, expectValues }) => {
        expectValues(records(script, { a, b, c }).pipe(processEach(slow, options))).toBe(marbles, values);
      });
    };

    it('works on one element of a partition at a time by default', () => {
      times({}, '10ms a 19ms b 29ms (c|)');
    });

    it('works on partitions side by side', () => {
      runMarbles(({ records, expectValues }) => {
        const source$ = records('(abc|)', { a, b: { ...b, partition: 1 }, c });
        expectValues(source$.pipe(processEach(slow))).toBe('10ms a 9ms b 19ms (c|)', values);
      });
    });

    it('limits partitions side by side by concurrency', () => {
      runMarbles(({ records, expectValues }) => {
        const source$ = records('(abc|)', { a, b: { ...b, partition: 1 }, c: { ...c, partition: 2 } });
        expectValues(source$.pipe(processEach(slow, { concurrency: 1 }))).toBe('10ms a 19ms b 29ms (c|)', values);
      });
    });

    it('[RX4] keeps the order of a key, and lets other keys pass', () => {
      times({ order: 'key' }, '10ms a 9ms b 19ms (c|)');
    });

    it('lets records without a key pass one another', () => {
      runMarbles(({ records, expectValues }) => {
        const source$ = records('(cba|)', { a: { ...a, key: null }, b: { ...b, key: null }, c: { ...c, key: null } });
        const out$ = source$.pipe(
          processEach((r) => timer(r.value * 10).pipe(map(() => r.value)), { order: 'key', emit: 'asCompleted' }),
        );
        expectValues(out$).toBe('10ms a 9ms b 9ms (c|)', values);
      });
    });

    it('runs everything side by side with order none', () => {
      times({ order: 'none' }, '10ms a 9ms b 9ms (c|)');
    });

    it('limits order none by concurrency', () => {
      times({ order: 'none', concurrency: 2 }, '10ms a 9ms b 19ms (c|)');
    });

    it('uses the lanes of a function', () => {
      times({ order: (r) => r.value % 2 }, '10ms a 9ms b 19ms (c|)');
    });

    it('[L19, E11] forgets the lanes of keys that are done, and never runs out of them', () => {
      const maps = new Set<Map<unknown, unknown>>();
      let most = 0;
      const plain = Reflect.get(Map.prototype, 'set') as Map<unknown, unknown>['set'];
      const set = jest.spyOn(Map.prototype, 'set').mockImplementation(function (
        this: Map<unknown, unknown>,
        key,
        value,
      ) {
        plain.call(this, key, value);
        // lanes by key are numbers
        if (typeof key === 'number') {
          maps.add(this);
          most = Math.max(most, this.size);
        }
        return this;
      });
      const waiting: Subject<number>[] = [];
      let count = 0;
      const source$ = new Subject<In>();
      source$
        .pipe(
          processEach(
            () => {
              const answer = new Subject<number>();
              waiting.push(answer);
              return answer;
            },
            { order: 'key', concurrency: 100 },
          ),
          acknowledge(),
        )
        .subscribe(() => (count += 1));
      for (let n = 0; n < 20_000; n += 1) {
        source$.next(record({ key: `key ${n}`, value: n, offset: n }));
        if (waiting.length === 100)
          for (const answer of waiting.splice(0)) {
            answer.next(n);
            answer.complete();
          }
      }
      set.mockRestore();
      expect(count).toBe(20_000);
      expect(most).toBeGreaterThan(50);
      expect(most).toBeLessThanOrEqual(100);
      expect([...maps].map(({ size }) => size)).toEqual([0]);
    });

    it('gives a free place to the lane that waits longest', () => {
      times({ order: 'key', concurrency: 1 }, '10ms a 19ms b 29ms (c|)');
    });

    it('says that elements without a key cannot be ordered by key', () => {
      const batch = { items: [1], lease: record(a).lease };
      const errors: unknown[] = [];
      of(batch)
        .pipe(processEach(() => of(1), { order: 'key' }))
        .subscribe({ error: (error: unknown) => errors.push(error) });
      expect(errors[0]).toBeInstanceOf(UsageError);
      expect(batch.lease.state).toBe('released');
    });

    it('releases the element and fails the stream when the lane function throws', () => {
      const items = [item(1), item(2)];
      const errors: unknown[] = [];
      const order = (i: SpecItem): unknown => {
        if (i.id === 2) throw broken;
        return 0;
      };
      from(items)
        .pipe(processEach(() => NEVER, { order }))
        .subscribe({ error: (error: unknown) => errors.push(error) });
      expect(errors).toEqual([broken]);
      expect(items.map((i) => i.lease.state)).toEqual(['released', 'released']);
    });
  });

  describe('emission', () => {
    it('holds a result back for earlier ones of its partition only', () => {
      runMarbles(({ records, expectValues }) => {
        const source$ = records('(cab|)', { a, b: { ...b, partition: 1 }, c });
        expectValues(source$.pipe(processEach(slow, { order: 'none' }))).toBe('20ms b 9ms (ca|)', values);
      });
    });

    it('hands results on as they come with emit asCompleted', () => {
      runMarbles(({ records, expectValues }) => {
        const out$ = records('(cba|)', { a, b, c }).pipe(processEach(slow, { order: 'none', emit: 'asCompleted' }));
        expectValues(out$).toBe('10ms a 9ms b 9ms (c|)', values);
      });
    });

    it('does not hold back behind an element without a result', () => {
      runMarbles(({ records, expectValues, expectAcks }) => {
        const source$ = records('(ab|)', { a, b });
        const none = processEach((r: In) => (r.value === 1 ? EMPTY : of(r.value)), { order: 'none' });
        expectValues(source$.pipe(none)).toBe('(b|)', values);
        expectAcks(source$).toBe('a');
      });
    });
  });

  describe('results', () => {
    it('[L17] acknowledges an element without a result', () => {
      runMarbles(({ records, cold, expectValues, expectAcks }) => {
        const source$ = records('a|', { a });
        expectValues(source$.pipe(processEach(() => cold<number>('---|')))).toBe('---|');
        expectAcks(source$).toBe('---a');
      });
    });

    it('[L17] lets several results share the lease', () => {
      runMarbles(({ records, expectObservable, expectAcks }) => {
        const source$ = records('a----b-----|', { a, b });
        const out$ = source$.pipe(
          processEach((r) => [r.value, r.value * 10]),
          acknowledge(),
          map((p) => [p.value, p.record.offset]),
        );
        expectObservable(out$).toBe('(aA)-(bB)--|', { a: [1, 0], A: [10, 0], b: [2, 1], B: [20, 1] });
        expectAcks(source$).toBe('a----b');
      });
    });

    it('is done when all results are, and released when one is', () => {
      const source = [item(1), item(2)];
      const outs: { readonly lease: { ack(): unknown; release(): unknown } }[] = [];
      from(source)
        .pipe(processEach(() => ['x', 'y', 'z']))
        .subscribe((out) => outs.push(out));
      outs[0]?.lease.ack();
      outs[0]?.lease.ack();
      outs[1]?.lease.ack();
      expect(source[0]?.lease.state).toBe('open');
      outs[2]?.lease.ack();
      expect(source[0]?.lease.state).toBe('acked');
      outs[3]?.lease.release();
      outs[4]?.lease.ack();
      expect(source[1]?.lease.state).toBe('open');
      outs[5]?.lease.ack();
      expect(source[1]?.lease.state).toBe('released');
    });

    it('hands results on when all are there', () => {
      runMarbles(({ records, cold, expectValues }) => {
        const out$ = records('a|', { a }).pipe(processEach(() => cold('-x-y-|')));
        expectValues(out$).toBe('-----(xy|)');
      });
    });

    it('hands all results of an element on before those of one that is pushed meanwhile', () => {
      const source$ = new Subject<SpecItem>();
      const seen: string[] = [];
      const first = new Subject<string>();
      source$
        .pipe(processEach((i): Subject<string> | string[] => (i.id === 1 ? first : ['2a', '2b']), { order: 'none' }))
        .subscribe((out) => {
          seen.push(out.value);
          if (out.value === '1a') source$.next(item(2));
        });
      source$.next(item(1));
      first.next('1a');
      first.next('1b');
      first.complete();
      expect(seen).toEqual(['1a', '1b', '2a', '2b']);
    });

    it('takes promises, foreign thenables and async iterables', async () => {
      async function* three(): AsyncGenerator<number> {
        yield 1;
        await Promise.resolve();
        yield 2;
      }
      const thenable: PromiseLike<number> = {
        then: (resolve) => {
          void resolve?.(3);
          void resolve?.(4);
          return undefined as never;
        },
      };
      const results = [Promise.resolve(0), three(), thenable, [5, 6]] as const;
      const seen: number[] = [];
      await new Promise<void>((resolve, reject) => {
        from(results.map((_, id) => item(id, new SpecOwner(id))))
          .pipe(processEach((i) => results[i.id] as PromiseLike<number>, { emit: 'inOrder' }))
          .subscribe({ next: (out) => seen.push(out.value), error: reject, complete: resolve });
      });
      expect(seen.sort()).toEqual([0, 1, 2, 3, 5, 6]);
    });

    it.each([
      ['a string', 'text'],
      ['nothing', undefined],
      ['null', null],
      ['a set', new Set([1])],
      ['a number', 7],
    ])('fails the stream when the function returns %s', (_name, result) => {
      const source = item(1);
      const errors: unknown[] = [];
      of(source)
        .pipe(processEach(() => result as never, { onFailure: 'skip', retry: 3 }))
        .subscribe({ error: (error: unknown) => errors.push(error) });
      expect(errors[0]).toBeInstanceOf(UsageError);
      expect(source.lease.state).toBe('released');
    });
  });

  describe('failures', () => {
    it.each([
      [
        'throws',
        () => {
          throw broken;
        },
      ],
      ['gives an Observable that fails', () => throwError(() => broken)],
    ])('releases what is under way and fails the stream when the function %s', (_name, fail) => {
      const items = [1, 2, 3].map((id) => item(id, new SpecOwner(id)));
      const signals: AbortSignal[] = [];
      const errors: unknown[] = [];
      from(items)
        .pipe(
          processEach((i, context) => {
            signals.push(context.signal);
            return i.id === 3 ? fail() : NEVER;
          }),
        )
        .subscribe({ error: (error: unknown) => errors.push(error) });
      expect(errors).toEqual([broken]);
      expect(items.map((i) => [i.lease.state, i.lease.reason])).toEqual([
        ['released', broken],
        ['released', broken],
        ['released', broken],
      ]);
      expect(signals.map((signal) => signal.aborted)).toEqual([true, true, false]);
    });

    it('fails the stream when a promise is rejected', async () => {
      const source = item(1);
      const error = await new Promise((resolve) => {
        of(source)
          .pipe(processEach(() => Promise.reject(broken)))
          .subscribe({ error: resolve });
      });
      expect(error).toBe(broken);
      expect(source.lease.state).toBe('released');
    });

    it('acknowledges and goes on with onFailure skip', () => {
      runMarbles(({ records, expectValues, expectAcks }) => {
        const source$ = records('abc|', { a, b, c });
        const handler = (r: In): Observable<number> => (r.value === 2 ? throwError(() => broken) : of(r.value));
        expectValues(source$.pipe(processEach(handler, { onFailure: 'skip' }))).toBe('a-c|', values);
        expectAcks(source$).toBe('-b');
      });
    });

    it('waits in its lane for a policy, and acknowledges what it settled', () => {
      runMarbles(({ records, cold, expectValues, expectAcks }) => {
        const source$ = records('(abc|)', { a, b, c });
        const policy: FailurePolicy<unknown> = { name: 'p', handle: () => cold('5ms s', { s: 'settled' as const }) };
        const handler = (r: In): Observable<number> => (r.value === 1 ? throwError(() => broken) : of(r.value));
        expectValues(source$.pipe(processEach(handler, { order: 'key', onFailure: policy, emit: 'asCompleted' }))).toBe(
          'b 4ms (c|)',
          values,
        );
        expectAcks(source$).toBe('5ms a');
      });
    });

    it('fails the stream when a policy says so', () => {
      runMarbles(({ records, cold, expectObservable }) => {
        const policy: FailurePolicy<unknown> = { name: 'p', handle: () => cold('5ms f', { f: 'fail' as const }) };
        const out$ = records('a', { a }).pipe(processEach(() => throwError(() => broken), { onFailure: policy }));
        expectObservable(out$).toBe('5ms #', undefined, broken);
      });
    });

    it('tries again in place with growing pauses, the lane waits', () => {
      runMarbles(({ records, expectValues, flush }) => {
        const tries: number[] = [];
        const handler = (r: In, context: ProcessContext): Observable<number> => {
          if (r.value === 1) tries.push(context.attempt);
          return r.value === 1 && context.attempt < 4 ? throwError(() => broken) : of(r.value);
        };
        const out$ = records('(abc|)', { a, b, c }).pipe(
          processEach(handler, { retry: { attempts: 3, initialMs: 10, maxMs: 25 }, order: 'key', emit: 'asCompleted' }),
        );
        expectValues(out$).toBe('b 54ms (ac|)', values);
        flush();
        expect(tries).toEqual([1, 2, 3, 4]);
      });
    });

    it('gives up after the attempts of retry', () => {
      const failures: number[] = [];
      runMarbles(({ records, expectValues, expectAcks }) => {
        const source$ = records('a|', { a });
        const policy: FailurePolicy<unknown> = {
          name: 'count',
          handle: (failure) => {
            failures.push(failure.attempts);
            return of('settled');
          },
        };
        expectValues(source$.pipe(processEach(() => throwError(() => broken), { retry: 2, onFailure: policy }))).toBe(
          '300ms |',
        );
        expectAcks(source$).toBe('300ms a');
      });
      expect(failures).toEqual([3]);
    });

    it('tries again only what retry.when accepts', () => {
      runMarbles(({ records, expectObservable }) => {
        const retry = { attempts: 9, when: (error: unknown) => error !== broken };
        const out$ = records('a', { a }).pipe(processEach(() => throwError(() => broken), { retry }));
        expectObservable(out$).toBe('#', undefined, broken);
      });
    });

    it('fails the stream when retry.when throws', () => {
      runMarbles(({ records, expectObservable }) => {
        const when = (): boolean => {
          throw broken;
        };
        const out$ = records('a', { a }).pipe(processEach(() => throwError(() => 'other'), { retry: { when } }));
        expectObservable(out$).toBe('#', undefined, broken);
      });
    });
  });

  describe('timeoutMs', () => {
    it('[RX6] aborts the signal and fails the try', () => {
      runMarbles(({ records, expectObservable, flush }) => {
        const signals: AbortSignal[] = [];
        const out$ = records('a', { a }).pipe(
          processEach(
            (_, context) => {
              signals.push(context.signal);
              return NEVER;
            },
            { timeoutMs: 20 },
          ),
        );
        const error = new TimeoutExpiredError('processEach: no result within timeoutMs (20)');
        expectObservable(out$).toBe('20ms #', undefined, error);
        flush();
        expect(signals[0]?.reason).toBeInstanceOf(TimeoutExpiredError);
      });
    });

    it('counts per try', () => {
      runMarbles(({ records, expectValues }) => {
        const handler = (_: In, { attempt }: ProcessContext): Observable<number> =>
          attempt === 1 ? NEVER : timer(15).pipe(map(() => 1));
        const out$ = records('a|', { a }).pipe(
          processEach(handler, { timeoutMs: 20, retry: { attempts: 1, initialMs: 5 } }),
        );
        expectValues(out$).toBe('40ms (a|)', values);
      });
    });

    it('leaves alone what answers in time, also behind one that does not', () => {
      runMarbles(({ records, expectValues, expectAcks }) => {
        const source$ = records('a---b-c|', { a, b, c });
        const handler = (r: In): Observable<number> => timer(r.value === 1 ? 100 : 15).pipe(map(() => r.value));
        const out$ = source$.pipe(processEach(handler, { timeoutMs: 20, order: 'none', onFailure: 'skip' }));
        expectValues(out$).toBe('20ms b(c|)', values);
        expectAcks(source$).toBe('20ms a');
      });
    });

    it('ignores the late answer of a promise, whatever its job serves by then', async () => {
      const items = [item(1), item(2)];
      const answers: ((value: number) => void)[] = [];
      const seen: number[] = [];
      await new Promise<void>((resolve, reject) => {
        const handler = (i: SpecItem): Promise<number> =>
          new Promise((answer) => {
            answers.push(answer);
            if (i.id === 1) return;
            // the first one has timed out, and its job was recycled for this one
            answers[0]?.(111);
            void Promise.resolve().then(() => {
              answer(222);
            });
          });
        from(items)
          .pipe(processEach(handler, { timeoutMs: 20, onFailure: 'skip', order: () => 0 }))
          .subscribe({ next: (out) => seen.push(out.value), error: reject, complete: resolve });
      });
      expect(seen).toEqual([222]);
      expect(items[0]?.lease.state).toBe('acked');
    });
  });

  describe('leases', () => {
    it('takes each lease inside next', () => {
      const source$ = new Subject<SpecItem>();
      source$.pipe(processEach(() => NEVER)).subscribe();
      const items = [item(1), item(2)];
      for (const i of items) source$.next(i);
      expect(items.map((i) => i.lease.taken)).toEqual([1, 1]);
    });

    it('aborts and releases what is under way, waiting or held back when it is unsubscribed', () => {
      const source$ = new Subject<SpecItem>();
      const owner = new SpecOwner();
      const items = [item(1, owner, 1), item(2, owner, 2), item(3, owner, 1)];
      const signals: AbortSignal[] = [];
      let torn = 0;
      const subscription = source$
        .pipe(
          processEach(
            (i, context) => {
              signals.push(context.signal);
              return i.id === 2 ? of(2) : new Observable<number>(() => () => (torn += 1));
            },
            { order: 'key' },
          ),
        )
        .subscribe();
      for (const i of items) source$.next(i);
      subscription.unsubscribe();
      expect(items.map((i) => [i.lease.state, i.lease.settlements])).toEqual([
        ['released', 1],
        ['released', 1],
        ['released', 1],
      ]);
      expect([torn, signals.length, signals[0]?.aborted, signals[1]?.aborted]).toEqual([1, 2, true, false]);
    });

    it('goes on with what it has when the source completes', () => {
      runMarbles(({ hot, expectObservable, expectSubscriptions }) => {
        const source$ = hot('a|', { a: record(b) });
        expectObservable(
          source$.pipe(
            processEach(slow),
            map((p) => p.value),
          ),
        ).toBe('20ms (b|)', values);
        expectSubscriptions(source$.subscriptions).toBe('^!');
      });
    });

    it('releases the shares that were not handed on when downstream leaves in the middle', () => {
      const source = item(1);
      const leases: { ack(): unknown }[] = [];
      of(source)
        .pipe(
          processEach(() => [1, 2, 3]),
          take(1),
        )
        .subscribe((out) => leases.push(out.lease));
      expect(source.lease.state).toBe('open');
      leases[0]?.ack();
      expect(source.lease.state).toBe('released');
    });

    it('does not start an element whose lease was fenced while it waited', () => {
      const source$ = new Subject<SpecItem>();
      const owner = new SpecOwner();
      const started: number[] = [];
      const first = new Subject<number>();
      source$
        .pipe(
          processEach((i) => {
            started.push(i.id);
            return first;
          }),
        )
        .subscribe();
      const items = [item(1, owner), item(2, owner), item(3, owner)];
      for (const i of items) source$.next(i);
      items[1]?.lease.fence();
      first.complete();
      expect(started).toEqual([1, 3]);
    });

    it('follows the lease: aborts the signal when it is fenced, and then ignores the failure', () => {
      const source$ = new Subject<SpecItem>();
      const answer = new Subject<number>();
      const errors: unknown[] = [];
      let signal: AbortSignal | undefined;
      source$
        .pipe(
          processEach((_, context) => {
            signal = context.signal;
            return answer;
          }),
        )
        .subscribe({ error: (error: unknown) => errors.push(error) });
      const only = item(1);
      source$.next(only);
      only.lease.fence();
      expect(signal?.aborted).toBe(true);
      answer.error(new Error('aborted'));
      expect(errors).toEqual([]);
    });

    it('tells a signal that is read late that its try was given up', () => {
      const contexts: ProcessContext[] = [];
      of(item(1))
        .pipe(
          processEach((_, context) => {
            contexts.push(context);
            return NEVER;
          }),
        )
        .subscribe()
        .unsubscribe();
      expect(contexts[0]?.signal.aborted).toBe(true);
    });

    it('survives a function that unsubscribes', () => {
      const source$ = new Subject<SpecItem>();
      const seen: unknown[] = [];
      const subscription = source$
        .pipe(
          processEach(() => {
            subscription.unsubscribe();
            return of(1);
          }),
        )
        .subscribe((out) => seen.push(out));
      const only = item(1);
      source$.next(only);
      expect([seen, only.lease.state]).toEqual([[], 'released']);
    });

    it('closes an async iterable that waits', async () => {
      let closed = false;
      async function* endless(): AsyncGenerator<number> {
        try {
          for (;;) {
            await Promise.resolve();
            yield 1;
          }
        } finally {
          closed = true;
        }
      }
      const subscription = of(item(1))
        .pipe(processEach(() => endless()))
        .subscribe();
      await Promise.resolve();
      subscription.unsubscribe();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      expect(closed).toBe(true);
    });
  });

  it('works off a deep lane without recursion', () => {
    const source$ = new Subject<SpecItem>();
    const owner = new SpecOwner();
    const first = new Subject<number>();
    let count = 0;
    source$.pipe(processEach((i) => (i.id === 0 ? first : [i.id]))).subscribe(() => (count += 1));
    for (let id = 0; id < 20_000; id += 1) source$.next(item(id, owner));
    first.next(0);
    first.complete();
    expect(count).toBe(20_000);
  });

  it.each<[string, unknown]>([
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 1.5 }],
    ['order', { order: 'topic' }],
    ['retry', { retry: -1 }],
    ['retry', { retry: 'often' }],
    ['retry', { retry: null }],
    ['attempts', { retry: { attempts: -1 } }],
    ['maxMs', { retry: { initialMs: 100, maxMs: 10 } }],
    ['when', { retry: { when: 1 } }],
    ['onFailure', { onFailure: 'drop' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: NaN }],
    ['emit', { emit: 'sorted' }],
    ['parallel', { parallel: 3 }],
    ['options', 3],
  ])('rejects a bad %s at the call', (option, options) => {
    expect(() => processEach(() => of(1), options as never)).toThrow(InvalidOptionError);
    expect(() => processEach(() => of(1), options as never)).toThrow(expect.objectContaining({ option }) as Error);
  });

  it('takes undefined for every option', () => {
    const nothing = {
      concurrency: undefined,
      order: undefined,
      retry: undefined,
      onFailure: undefined,
      timeoutMs: undefined,
      emit: undefined,
    };
    expect(() => processEach(() => of(1), nothing)).not.toThrow();
    expect(() => processEach(undefined as never)).toThrow(InvalidOptionError);
  });
});
