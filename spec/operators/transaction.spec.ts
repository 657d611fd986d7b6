import {
  EMPTY,
  NEVER,
  type Observable,
  concat,
  delay,
  filter,
  from,
  map,
  mergeMap,
  of,
  take,
  tap,
  throwError,
} from 'rxjs';
import {
  acknowledge,
  batchRecords,
  commitOffsets,
  fanOut,
  filterRecord,
  mapValue,
  processEach,
  produce,
  transaction,
} from '../../operators/index.js';
import { RecordTooLargeError, TransactionError } from '../../src/errors/client-errors.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { record } from '../../src/testing/index.js';
import { ScriptedTransactions } from './support/scripted-transactions.js';
import { type In, type Project, type Run, abortable, bench, copy } from './support/transaction-bench.js';

const slow = { maxMs: 1000 };

describe('transaction: the life of a window', () => {
  it('[T2] commits what was written with the offsets when it is full, and emits afterwards', () => {
    let run!: Run;
    const slots = bench(({ start, records$ }) => {
      run = start(records$('---ab---|'), copy, { ...slow, maxRecords: 2 });
    });
    // written at 5, quiet at 5, offsets at 6, committed at 7
    expect(run.told).toEqual(['0@7', '1@7', '|@8']);
    expect([slots.values, slots.offsets]).toEqual([[0, 1], [['0:2']]]);
    expect(slots.committed[0]!.offsets[0]!.group).toMatchObject({ groupId: 'test', generation: 1 });
  });

  it('[L27] initialises at subscription, and begins with the first record: never an empty transaction', () => {
    const slots = bench(({ start, records$, slots, at }) => {
      start(records$('---- 50ms ----|'), copy, slow);
      expect(slots.prepared).toBe(1);
      at(40, () => {
        expect(slots.all).toEqual([]);
      });
    });
    expect(slots.all).toEqual([]);
    const other = bench(({ start, records$ }) => {
      start(records$('---a---|'), copy, slow);
    });
    expect(other.all.map(({ begunAt }) => begunAt)).toEqual([3]);
  });

  it('lets records wait until the ids are initialised, and fails with what the initialisation fails with', () => {
    let run!: Run;
    const error = new TransactionError('fenced', { abortable: false });
    const late = bench(({ start, records$, slots }) => {
      slots.latencyMs = 20;
      run = start(records$('abc|'), copy, slow);
    });
    expect(late.all.map(({ begunAt }) => begunAt)).toEqual([20]);
    expect(late.values).toEqual([0, 1, 2]);
    bench(({ start, records$, slots }) => {
      slots.prepareError = error;
      run = start(records$('abc|'), copy);
    });
    expect([run.told, run.error]).toEqual([['#@1'], error]);
  });

  it('closes after maxMs from its first record', () => {
    let run!: Run;
    const slots = bench(({ start, records$ }) => {
      run = start(records$('--a-- 50ms b|'), copy, { maxMs: 30, maxRecords: 100 });
    });
    expect(run.told[0]).toBe('0@34');
    expect(slots.offsets).toEqual([['0:1'], ['0:2']]);
  });

  it('closes when the source completes, and completes after its last commit', () => {
    let run!: Run;
    const slots = bench(({ start, records$ }) => {
      run = start(records$('--(abA)|'), copy, slow);
    });
    expect(run.told).toEqual(['0@9', '1@9', '10@9', '|@9']);
    expect(slots.offsets).toEqual([['0:2', '1:1']]);
  });

  it('commits the offsets of what was filtered, acknowledged or produced nothing', () => {
    let run!: Run;
    const slots = bench(({ start, records$ }) => {
      const project: Project = (window$, tx) =>
        window$.pipe(
          filterRecord(({ value }) => value % 2 === 0),
          produce(tx, ({ value }) => (value === 0 ? null : { topic: 'out', value })),
          acknowledge(),
          map((out) => out.source.value),
        );
      run = start(records$('--abcd--|'), project, { ...slow, maxRecords: 4 });
    });
    expect(slots.offsets).toEqual([['0:4']]);
    expect(slots.values).toEqual([2]);
    expect(run.told[0]).toMatch(/^2@/);
  });

  it('acknowledges nothing before the commit, whatever the project function does', () => {
    bench(({ start, records$, expectAcks }) => {
      const source$ = records$('--ab----');
      start(source$, (window$, tx) => window$.pipe(acknowledge(), (acked$) => copy(acked$, tx)), {
        ...slow,
        maxRecords: 2,
      });
      // written at 4, offsets at 5, committed at 6
      expectAcks(source$).toBe('------(ab)');
    });
  });

  it('emits arrays and nothing in the order of the input', () => {
    let run!: Run;
    const slots = bench(({ start, records$ }) => {
      const project: Project = (window$, tx) =>
        window$.pipe(
          produce(tx, ({ value }) =>
            value === 1
              ? []
              : [
                  { topic: 'x', value },
                  { topic: 'y', value: -value },
                ],
          ),
          map((out) => `${out.topic}${out.source.value}`),
        );
      run = start(records$('--abc|'), project, slow);
    });
    expect(run.told.map((told) => told.split('@')[0])).toEqual(['x0', 'y0', 'x2', 'y2', '|']);
    expect(slots.offsets).toEqual([['0:3']]);
  });

  it('waits for the project function, and keeps what arrives meanwhile for the next window, in order', () => {
    let run!: Run;
    const slots = bench(({ start, records$ }) => {
      const project: Project = (window$, tx) => copy(window$, tx).pipe(delay(50));
      run = start(records$('--abcdef|'), project, { ...slow, maxRecords: 2 });
    });
    expect(slots.values).toEqual([0, 1, 2, 3, 4, 5]);
    expect(slots.offsets).toEqual([['0:2'], ['0:4'], ['0:6']]);
    expect(run.told.map((told) => told.split('@')[0])).toEqual(['0', '1', '2', '3', '4', '5', '|']);
  });

  it('closes when the project function completes early; what it did not take is in the next window', () => {
    const slots = bench(({ start, records$ }) => {
      start(records$('--abcde---|'), (window$, tx) => copy(window$.pipe(take(2)), tx), slow);
    });
    expect(slots.values).toEqual([0, 1, 2, 3, 4]);
    expect(slots.offsets).toEqual([['0:2'], ['0:4'], ['0:5']]);
  });

  it('loses nothing to a project function that reads its window late', () => {
    const slots = bench(({ start, records$ }) => {
      const project: Project = (window$, tx) =>
        concat(tx.send({ topic: 'head', value: -1 }).pipe(delay(20)), copy(window$, tx));
      start(records$('--abc|'), project, slow);
    });
    expect(slots.values).toEqual([-1, 0, 1, 2]);
    expect(slots.offsets).toEqual([['0:3']]);
  });

  it('takes batches, counts their records, and commits behind them', () => {
    const slots = bench(({ start, records$ }) => {
      const batches$ = records$('--abcdA|').pipe(batchRecords({ maxRecords: 2, maxMs: 1 }));
      start(
        batches$ as never,
        (window$) => window$.pipe(map((batch) => (batch as never as { items: In[] }).items.length)),
        {
          ...slow,
          maxRecords: 4,
        },
      );
    });
    expect(slots.offsets).toEqual([['0:4'], ['1:1']]);
  });

  it('serves steps above it: what finished out of order enters in order, and nothing is committed over what is under way', () => {
    let committedEarly: unknown = null;
    const slots = bench(({ start, records$, slots, at }) => {
      const work = (item: In): Observable<number> => of(item.value).pipe(delay(item.value === 0 ? 100 : 5));
      const source$ = records$('--abc').pipe(processEach(work, { order: 'none', emit: 'asCompleted' }));
      start(source$ as never, copy, { maxMs: 10, maxRecords: 100 });
      at(60, () => {
        committedEarly = slots.offsets;
      });
    });
    expect(committedEarly).toEqual([]);
    expect(slots.values).toEqual([0, 1, 2]);
    expect(slots.offsets).toEqual([['0:3']]);
  });

  it('goes on with what was early when the step above has dropped what was before it', () => {
    const slots = bench(({ start, records$ }) => {
      const work = (item: In): Observable<number> =>
        item.value === 0
          ? of(0).pipe(
              delay(50),
              filter(() => false),
            )
          : of(item.value);
      const source$ = records$('--abc').pipe(processEach(work, { order: 'none', emit: 'asCompleted' }));
      start(source$ as never, copy, { maxMs: 10, maxRecords: 100 });
    });
    expect(slots.values).toEqual([1, 2]);
    expect(slots.offsets).toEqual([['0:3']]);
  });
});

describe('transaction: aborts', () => {
  it('[T3] aborts when the project function fails, releases the records, and emits nothing of them', () => {
    let run!: Run;
    let leases: string[] = [];
    const slots = bench(({ start, records$, at }) => {
      const seen: In[] = [];
      const project: Project = (window$, tx) =>
        copy(window$, tx).pipe(mergeMap((value) => (value === 1 ? throwError(() => new Error('no')) : of(value))));
      run = start(records$('--abc').pipe(tap((item) => seen.push(item))), project, { ...slow, maxRecords: 3 });
      at(100, () => {
        leases = seen.map(({ lease }) => lease.state);
      });
    });
    expect(run.told).toEqual([]);
    expect([slots.committed, slots.aborted.length]).toEqual([[], 1]);
    expect(leases).toEqual(['released', 'released', 'released']);
  });

  it("ends with the error under onAbort 'fail', after the abort", () => {
    let run!: Run;
    const error = new Error('no');
    const slots = bench(({ start, records$ }) => {
      run = start(records$('--a'), () => throwError(() => error), { ...slow, onAbort: 'fail' });
    });
    expect([run.told, run.error]).toEqual([['#@3'], error]);
    expect(slots.aborted).toHaveLength(1);
  });

  it('ends with the error of a project function that throws', () => {
    let run!: Run;
    const error = new Error('no');
    bench(({ start, records$ }) => {
      const project = (): never => {
        throw error;
      };
      run = start(records$('--a'), project, { ...slow, onAbort: 'fail' });
    });
    expect(run.error).toBe(error);
  });

  it('ends the stream with what ends the producer, from whichever step', () => {
    const fenced = new TransactionError('fenced', { abortable: false });
    for (const step of ['offsetErrors', 'commitErrors', 'abortErrors'] as const) {
      let run!: Run;
      bench(({ start, records$, slots }) => {
        slots[step].push(fenced);
        const project: Project = step === 'abortErrors' ? () => throwError(() => new Error('no')) : copy;
        run = start(records$('--a--------'), project, { ...slow, maxRecords: 1 });
      });
      expect([step, run.error]).toEqual([step, fenced]);
      expect(run.told).toHaveLength(1);
    }
  });

  it("never ends for what the group or the broker refuses, also under onAbort 'fail'", () => {
    for (const step of ['offsetErrors', 'commitErrors'] as const) {
      let run!: Run;
      const slots = bench(({ start, records$, slots }) => {
        slots[step].push(abortable('ILLEGAL_GENERATION'));
        run = start(records$('--aA'), copy, { ...slow, maxRecords: 1, onAbort: 'fail' });
      });
      expect([slots.aborted.length, slots.offsets, run.error]).toEqual([1, [['1:1']], null]);
    }
  });

  it('aborts at once when the transaction fails under the project function', () => {
    const slots = bench(({ start, records$, slots, at }) => {
      start(records$('--a'), (window$, tx) => concat(copy(window$, tx), NEVER), { ...slow, maxRecords: 1 });
      at(10, () => {
        slots.all[0]!.fail(abortable('timed out at the broker'));
      });
    });
    expect(slots.aborted.map(({ endedAt }) => endedAt)).toEqual([11]);
  });

  it('counts a record that cannot be written as a failure of the window', () => {
    const tooLarge = new RecordTooLargeError('too large', { mayHaveBeenWritten: false });
    let run!: Run;
    bench(({ start, records$, slots }) => {
      slots.writeErrors.set(1, tooLarge);
      run = start(records$('--ab'), copy, { ...slow, maxRecords: 2, onAbort: 'fail' });
    });
    expect(run.error).toBe(tooLarge);
    const cause = new TransactionError('a record failed', { abortable: true, cause: tooLarge });
    bench(({ start, records$, slots, at }) => {
      run = start(records$('--ab'), () => NEVER, { ...slow, maxRecords: 2, onAbort: 'fail' });
      at(10, () => {
        slots.all[0]!.fail(cause);
      });
    });
    expect(run.error).toBe(cause);
  });

  it('aborts at 80 % of transactionTimeoutMs when the project function does not complete, and that goes to onAbort', () => {
    let run!: Run;
    const slots = bench(
      ({ start, records$ }) => {
        run = start(records$('--a'), (window$) => concat(window$, NEVER), { onAbort: 'fail', maxMs: 10 });
      },
      { timeoutMs: 1000 },
    );
    expect(slots.aborted[0]!.endedAt).toBe(803);
    expect(run.error).toBeInstanceOf(TransactionError);
    expect((run.error as Error).message).toMatch('800 ms');
  });

  it('aborts when an element of the window was released', () => {
    let run!: Run;
    const slots = bench(({ start, records$ }) => {
      const project: Project = (window$) => window$.pipe(tap(({ value, lease }) => value === 1 && lease.release()));
      run = start(records$('--abc'), project, { ...slow, maxRecords: 3, onAbort: 'fail' });
    });
    expect(slots.committed).toEqual([]);
    expect((run.error as Error).message).toMatch('released');
  });

  it('warns once when a window fails again and again', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      bench(({ start, records$ }) => {
        start(records$('--aAbBcCd'), () => throwError(() => new Error('no such table')), { ...slow, maxRecords: 1 });
      });
      expect(warn.mock.calls).toHaveLength(0);
      bench(({ start }) => {
        const source$ = from(Array.from({ length: 6 }, (_, partition) => record({ key: 'k', value: 1, partition })));
        start(source$, () => throwError(() => new Error('no such table')), { ...slow, maxRecords: 1 });
      });
      expect(warn.mock.calls).toHaveLength(1);
      expect(String(warn.mock.calls[0]![0])).toMatch(/3 times.*no such table/s);
    } finally {
      warn.mockRestore();
    }
  });

  it('aborts when downstream leaves, and gives everything back', () => {
    let states: string[] = [];
    const slots = bench(({ start, records$, at }) => {
      const seen: In[] = [];
      const run = start(records$('--abc').pipe(tap((item) => seen.push(item))), copy, { ...slow, maxRecords: 2 });
      at(4, () => {
        run.unsubscribe();
      });
      at(20, () => {
        states = seen.map(({ lease }) => lease.state);
      });
    });
    expect(slots.committed).toHaveLength(0);
    expect(states.slice(0, 2)).toEqual(['released', 'released']);
    expect(slots.listeners).toBe(0);
  });

  it('lets a commit that was issued end when downstream leaves', () => {
    let states: string[] = [];
    const slots = bench(({ start, records$, slots, at }) => {
      slots.latencyMs = 10;
      const seen: In[] = [];
      const run = start(records$('--ab').pipe(tap((item) => seen.push(item))), copy, { ...slow, maxRecords: 2 });
      at(38, () => {
        expect(slots.all[0]!.state).toBe('committing');
        run.unsubscribe();
      });
      at(80, () => {
        states = seen.map(({ lease }) => lease.state);
      });
    });
    expect(slots.offsets).toEqual([['0:2']]);
    expect(states).toEqual(['acked', 'acked']);
  });

  it('hands on nothing more once downstream has enough', () => {
    const slots = bench(({ records$, slots, expectObservable }) => {
      const out$ = records$('--abcd').pipe(
        transaction(slots.producer<string, number>(), copy as never, { ...slow, maxRecords: 2 }),
        take(1),
      );
      expectObservable(out$).toBe('------(a|)', { a: 0 });
    });
    expect(slots.offsets).toEqual([['0:2']]);
  });
});

describe('transaction: slots', () => {
  it('runs as many windows side by side as there are slots, a partition in one at a time', () => {
    const slots = bench(
      ({ start, records$ }) => {
        const project: Project = (window$, tx) => copy(window$, tx).pipe(delay(40));
        start(records$('--aAbB|'), project, { ...slow, maxRecords: 1 });
      },
      { count: 2 },
    );
    expect(slots.most).toBe(2);
    expect(slots.offsets).toEqual([['0:1'], ['1:1'], ['0:2'], ['1:2']]);
    expect(slots.all.map(({ begunAt }) => begunAt)).toEqual([2, 3, 45, 46]);
  });

  it('waits for its own window where there is no other slot', () => {
    const slots = bench(({ start, records$ }) => {
      const project: Project = (window$, tx) => copy(window$, tx).pipe(delay(40));
      start(records$('--aAbB|'), project, { ...slow, maxRecords: 1 });
    });
    expect(slots.most).toBe(1);
    expect(slots.offsets).toEqual([['0:1'], ['1:1'], ['0:2'], ['1:2']]);
  });

  it('refuses a second operator that finds no free slot', () => {
    let second!: Run;
    bench(({ start, records$, at }) => {
      const first = start(records$('--a'), (window$) => concat(window$, NEVER), slow);
      second = start(records$('----A'), copy, slow);
      at(50, () => {
        first.unsubscribe();
      });
    });
    expect(second.error).toBeInstanceOf(UsageError);
    expect((second.error as Error).message).toMatch('slots');
  });

  it('waits for the slot of one that has ended: a stream that is subscribed again goes on', () => {
    let second!: Run;
    const slots = bench(({ start, records$, slots, at }) => {
      slots.latencyMs = 10;
      const first = start(records$('--a'), (window$) => concat(window$, NEVER), slow);
      at(20, () => {
        first.unsubscribe();
        second = start(from([record({ key: 'A', value: 10, partition: 1 })]), copy, { ...slow, maxRecords: 1 });
      });
    });
    expect(second.told.map((told) => told.split('@')[0])).toEqual(['10', '|']);
    expect([slots.aborted.length, slots.offsets]).toEqual([1, [['1:1']]]);
  });
});

describe('transaction: wrong use', () => {
  const slots = new ScriptedTransactions();
  const producer = slots.producer<string, number>();

  it('refuses bad options at the call', () => {
    const cases: [string, () => unknown][] = [
      ['producer', () => transaction({} as never, () => EMPTY)],
      ['producer', () => transaction(null as never, () => EMPTY)],
      ['project', () => transaction(producer, null as never)],
      ['maxRecords', () => transaction(producer, () => EMPTY, { maxRecords: 0 })],
      ['maxMs', () => transaction(producer, () => EMPTY, { maxMs: -1 })],
      ['maxMs', () => transaction(producer, () => EMPTY, { maxMs: 5001 })],
      ['onAbort', () => transaction(producer, () => EMPTY, { onAbort: 'skip' as never })],
      ['onAbort', () => transaction(producer, () => EMPTY, { onAbort: { attempts: 3 } as never })],
      [
        'onAbort.attempts',
        () => transaction(producer, () => EMPTY, { onAbort: { attempts: 0, then: () => null as never } }),
      ],
      ['everyMs', () => transaction(producer, () => EMPTY, { everyMs: 1 } as never)],
    ];
    for (const [option, call] of cases) {
      expect(call).toThrow(InvalidOptionError);
      expect(call).toThrow(expect.objectContaining({ option }) as Error);
    }
    expect(() => transaction(producer, () => EMPTY, { maxMs: 5000 })).not.toThrow();
  });

  const refused = (
    project: Project,
    source: (item$: Observable<In>) => Observable<never> = (x$) => x$ as never,
  ): string => {
    let run!: Run;
    bench(({ start, records$ }) => {
      run = start(source(records$('--ab')), project, { ...slow, maxRecords: 2 });
    });
    expect(run.error).toBeInstanceOf(UsageError);
    return (run.error as Error).message;
  };

  it('refuses commitOffsets in the window', () => {
    expect(refused((window$) => window$.pipe(commitOffsets()))).toMatch('transaction');
  });

  it('refuses a project function that never reads its window, or reads it twice', () => {
    expect(refused(() => EMPTY)).toMatch('window$');
    expect(refused((window$) => concat(window$.pipe(take(1)), window$))).toMatch('read once');
  });

  it('[D#921] refuses elements that were acknowledged before, or that share a lease', () => {
    expect(refused(copy, (items$) => items$.pipe(acknowledge()) as never)).toMatch('acknowledged before');
    expect(
      refused(
        copy,
        (items$) =>
          items$.pipe(
            fanOut(
              (x$) => x$,
              (y$) => y$,
            ),
          ) as never,
      ),
    ).toMatch('shares its lease');
    expect(refused(copy, (items$) => items$.pipe(processEach(({ value }) => [value, value])) as never)).toMatch(
      'shares its lease',
    );
  });

  it('lets elements be forked inside of the window', () => {
    const slots = bench(({ start, records$ }) => {
      const project: Project = (window$, tx) =>
        window$.pipe(
          fanOut(
            (x$) => x$.pipe(produce(tx, ({ value }) => ({ topic: 'x', value }))),
            (y$) =>
              y$.pipe(
                mapValue(({ value }) => -value),
                produce(tx, ({ value }) => ({ topic: 'y', value })),
              ),
          ),
        );
      start(records$('--ab|'), project, slow);
    });
    expect(slots.offsets).toEqual([['0:2']]);
    expect(slots.values.toSorted()).toHaveLength(4);
  });
});
