import { EMPTY, NEVER, Subject, from, map, of, range, take } from 'rxjs';
import { type FailurePolicy, type ProduceOptions, acknowledge, produce } from '../../operators/index.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { type RecordSink } from '../../src/model/record-sink.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';
import { SpecFastSink, SpecSink, metadata } from './support/sinks.js';

const a = { key: 'x', value: 1 };
const b = { key: 'y', value: 2 };
const broken = new Error('broken');
const toRecord = (i: SpecItem): { topic: string; value: number } => ({ topic: 't', value: i.value });

interface Seen {
  readonly values: number[];
  readonly errors: unknown[];
  completed: boolean;
}

describe('produce', () => {
  const immediate: RecordSink<never, number> = {
    write: (_, done) => {
      done(null, metadata(0));
      return true;
    },
    onReady: () => () => undefined,
  };
  honoursTheOperatorContract(
    () => produce(immediate, (r: In) => ({ topic: 't', value: r.value })),
    (out) => out.source.value,
  );

  it('hands on where each record was written, with its source, in input order', () => {
    runMarbles(({ records, sink, expectObservable, expectAcks }) => {
      const source$ = records('ab|', { a, b });
      const out$ = source$.pipe(
        produce(sink<string, number>('10ms (a|)'), (r) => ({ topic: 't', key: r.key, value: r.value })),
      );
      const at = {
        topic: 't',
        partition: 0,
        timestampType: 'createTime',
        logStartOffset: 0,
        serializedKeySize: 1,
        serializedValueSize: 1,
      };
      expectObservable(out$).toBe('10ms a(b|)', {
        a: { ...at, offset: 0, timestamp: 0, source: record(a) },
        b: { ...at, offset: 1, timestamp: 1, source: record({ ...b, offset: 1 }) },
      });
      expectAcks(source$).toBe('-');
    });
  });

  it('subscribes once and leaves the source when the source is done', () => {
    runMarbles(({ cold, sink, expectObservable, expectSubscriptions }) => {
      const source$ = cold('a-|', { a: 1 });
      const out$ = source$.pipe(
        produce(sink<never, number>('5ms (a|)'), (value) => ({ topic: 't', value })),
        map((d) => d.source),
      );
      expectObservable(out$).toBe('5ms (a|)', { a: 1 });
      expectSubscriptions(source$.subscriptions).toBe('^-!');
    });
  });

  it('has no lease for an element without one', () => {
    runMarbles(({ sink, expectObservable }) => {
      const out$ = of(1).pipe(
        produce(sink<never, number>(), (value) => ({ topic: 't', value })),
        map((d) => 'lease' in d),
      );
      expectObservable(out$).toBe('(f|)', { f: false });
    });
  });

  describe.each([
    ['through write', (capacity?: number) => new SpecSink(capacity)],
    ['through the fast port', (capacity?: number) => new SpecFastSink(capacity)],
  ])('%s', (_name, makeSink) => {
    const start = <T extends SpecItem>(
      sink: SpecSink,
      source: Subject<T>,
      options?: ProduceOptions<T>,
      project: (i: T) => ReturnType<typeof toRecord> | readonly ReturnType<typeof toRecord>[] | null = toRecord,
    ): Seen & { unsubscribe(): void } => {
      const seen: Seen = { values: [], errors: [], completed: false };
      const subscription = source.pipe(produce(sink, project, options)).subscribe({
        next: (out) => {
          seen.values.push(out.source.id);
        },
        error: (error: unknown) => {
          seen.errors.push(error);
        },
        complete: () => {
          seen.completed = true;
        },
      });
      return Object.assign(seen, {
        unsubscribe: () => {
          subscription.unsubscribe();
        },
      });
    };
    const items = (count: number): SpecItem[] => Array.from({ length: count }, (_, index) => item(index));

    it('waits for earlier answers', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$);
      for (const i of items(3)) source$.next(i);
      source$.complete();
      sink.answer(2);
      sink.answer(1);
      expect(seen.values).toEqual([]);
      sink.answer(0);
      expect([seen.values, seen.completed]).toEqual([[0, 1, 2], true]);
    });

    it('takes leases inside next and carries them on', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const leases: unknown[] = [];
      source$.pipe(produce(sink, toRecord)).subscribe((out) => leases.push(out.lease));
      const only = item(1);
      source$.next(only);
      expect(only.lease.taken).toBe(1);
      sink.answer(0);
      expect(leases).toEqual([only.lease]);
      expect(only.lease.state).toBe('open');
    });

    it('writes nothing while the sink is full, and goes on when it is ready', () => {
      const sink = makeSink(2);
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$);
      for (const i of items(5)) source$.next(i);
      source$.complete();
      expect(sink.written.map((r) => r.value)).toEqual([0, 1]);
      sink.answer(0);
      expect(sink.written.map((r) => r.value)).toEqual([0, 1, 2]);
      sink.answer(1);
      sink.answer(2);
      sink.answer(3);
      expect(seen.completed).toBe(false);
      sink.answer(4);
      expect([seen.values, seen.completed]).toEqual([[0, 1, 2, 3, 4], true]);
    });

    it('writes at most maxInFlight records ahead', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$, { maxInFlight: 2 });
      for (const i of items(4)) source$.next(i);
      sink.answer(1);
      expect(sink.written).toHaveLength(2);
      sink.answer(0);
      expect([sink.written.length, seen.values]).toEqual([4, [0, 1]]);
    });

    it('acknowledges what writes nothing', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$, {}, (i) => (i.id === 0 ? null : []));
      const both = items(2);
      for (const i of both) source$.next(i);
      source$.complete();
      expect(both.map((i) => i.lease.state)).toEqual(['acked', 'acked']);
      expect([seen.values, seen.completed]).toEqual([[], true]);
    });

    it('gives one delivery per record of an array, which share the lease', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const leases: { ack(): unknown }[] = [];
      source$
        .pipe(produce(sink, (i) => [toRecord(i), toRecord(i), toRecord(i)]))
        .subscribe((out) => leases.push(out.lease));
      const only = item(1);
      source$.next(only);
      for (const index of [0, 1, 2]) sink.answer(index);
      leases[0]?.ack();
      leases[1]?.ack();
      expect(only.lease.state).toBe('open');
      leases[2]?.ack();
      expect([only.lease.state, only.lease.settlements]).toEqual(['acked', 1]);
    });

    it('hands on what comes before a failure, then releases the element and fails the stream', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$);
      const all = items(3);
      for (const i of all) source$.next(i);
      sink.answer(1, broken);
      const late = item(9);
      source$.next(late);
      expect([seen.errors, sink.written.length]).toEqual([[], 3]);
      sink.answer(0);
      expect([seen.values, seen.errors]).toEqual([[0], [broken]]);
      expect([...all, late].map((i) => i.lease.state)).toEqual(['open', 'released', 'released', 'released']);
      expect(all[1]?.lease.reason).toBe(broken);
      sink.answer(2);
      expect(seen.values).toEqual([0]);
    });

    it('acknowledges and goes on with onError skip', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$, { onError: 'skip' });
      const all = items(2);
      for (const i of all) source$.next(i);
      source$.complete();
      sink.answer(0, broken);
      sink.answer(1);
      expect([seen.values, seen.completed, all[0]?.lease.state]).toEqual([[1], true, 'acked']);
    });

    it('holds the place of a failed record until its policy has decided', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const decision = new Subject<'settled' | 'fail'>();
      const policy: FailurePolicy<unknown> = { name: 'p', handle: () => decision };
      const seen = start(sink, source$, { onError: policy });
      const all = items(2);
      for (const i of all) source$.next(i);
      source$.complete();
      sink.answer(0, broken);
      sink.answer(1);
      expect(seen.values).toEqual([]);
      decision.next('settled');
      expect([seen.values, seen.completed, all[0]?.lease.state]).toEqual([[1], true, 'acked']);
    });

    it('fails the stream when the policy says so', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$, { onError: { name: 'p', handle: () => of('fail') } });
      const only = item(0);
      source$.next(only);
      sink.answer(0, broken);
      expect([seen.errors, only.lease.state]).toEqual([[broken], 'released']);
    });

    it('treats a function that throws like a record that fails', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$, {}, (i) => {
        if (i.id === 1) throw broken;
        return toRecord(i);
      });
      const all = items(3);
      for (const i of all) source$.next(i);
      expect(seen.errors).toEqual([]);
      sink.answer(0);
      expect([seen.values, seen.errors, sink.written.length]).toEqual([[0], [broken], 1]);
      expect(all.map((i) => i.lease.state)).toEqual(['open', 'released', 'released']);
    });

    it('releases what is in flight or waits when it is unsubscribed, and ignores the answers', () => {
      const sink = makeSink(2);
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$);
      const all = items(4);
      for (const i of all) source$.next(i);
      seen.unsubscribe();
      expect(all.map((i) => [i.lease.state, i.lease.settlements])).toEqual(all.map(() => ['released', 1]));
      sink.answer(0);
      sink.answer(1);
      expect([seen.values, sink.written.length, sink.listeners.size]).toEqual([[], 2, 0]);
    });

    it('does not take an answer to a run that has ended for one of the next run', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const ended = start(sink, source$);
      for (const i of items(2)) source$.next(i);
      ended.unsubscribe();
      const next = start(sink, source$);
      for (const i of items(2)) source$.next(i);
      sink.answer(0);
      sink.answer(1, broken);
      expect([next.values, next.errors]).toEqual([[], []]);
      sink.answer(2);
      sink.answer(3);
      expect([ended.values, next.values, next.errors]).toEqual([[], [0, 1], []]);
    });

    it('leaves a run alone that is begun where another one ends', () => {
      const sink = makeSink();
      const first$ = new Subject<SpecItem>();
      const second$ = new Subject<SpecItem>();
      const seen: number[][] = [[], []];
      first$.pipe(produce(sink, toRecord), take(1)).subscribe({
        next: (out) => seen[0]!.push(out.source.id),
        complete: () => {
          second$.pipe(produce(sink, toRecord)).subscribe((out) => seen[1]!.push(out.source.id));
          for (const i of items(3)) second$.next(i);
        },
      });
      for (const i of items(3)) first$.next(i);
      sink.answer(2);
      sink.answer(1);
      sink.answer(0);
      expect(seen).toEqual([[0], []]);
      for (const at of [3, 4, 5]) sink.answer(at);
      expect(seen).toEqual([[0], [0, 1, 2]]);
    });

    it('unsubscribes a policy that is at work', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const decision = new Subject<'settled'>();
      const seen = start(sink, source$, { onError: { name: 'p', handle: () => decision } });
      const only = item(0);
      source$.next(only);
      sink.answer(0, broken);
      expect(decision.observed).toBe(true);
      seen.unsubscribe();
      expect([decision.observed, only.lease.state]).toEqual([false, 'released']);
    });

    it('does not write an element whose lease was fenced while it waited', () => {
      const sink = makeSink(1);
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$);
      const all = items(3);
      for (const i of all) source$.next(i);
      source$.complete();
      all[1]?.lease.fence();
      sink.answer(0);
      sink.answer(1);
      expect([sink.written.map((r) => r.value), seen.values, seen.completed]).toEqual([[0, 2], [0, 2], true]);
    });

    it('stays in order when it outgrows its ring many times over', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen = start(sink, source$);
      for (let id = 0; id < 200; id += 1) source$.next(item(id));
      for (let id = 0; id < 150; id += 1) sink.answer(id);
      for (let id = 200; id < 3000; id += 1) source$.next(item(id));
      for (let id = 2999; id >= 150; id -= 1) sink.answer(id);
      expect(seen.values).toEqual(Array.from({ length: 3000 }, (_, id) => id));
    });

    it('lets downstream leave inside next', () => {
      const sink = makeSink();
      const source$ = new Subject<SpecItem>();
      const seen: number[] = [];
      source$.pipe(produce(sink, toRecord), take(1)).subscribe((out) => seen.push(out.source.id));
      const all = items(2);
      for (const i of all) source$.next(i);
      sink.answer(1);
      sink.answer(0);
      expect([seen, source$.observed]).toEqual([[0], false]);
      expect(all.map((i) => i.lease.state)).toEqual(['open', 'released']);
    });
  });

  it.each([
    ['a sink', () => new SpecSink()],
    ['a fast sink', () => new SpecFastSink()],
  ])('is not disturbed by the answers of one that ended before it began, with %s', (_, makeSink) => {
    const sink = makeSink();
    const source$ = new Subject<SpecItem>();
    const next$ = new Subject<SpecItem>();
    const seen: number[][] = [[], []];
    const first = source$.pipe(produce(sink, toRecord)).subscribe((out) => {
      seen[0]!.push(out.source.id);
      first.unsubscribe();
      next$.pipe(produce(sink, toRecord)).subscribe((later) => seen[1]!.push(later.source.id));
      for (let id = 10; id < 13; id += 1) next$.next(item(id));
    });
    for (let id = 0; id < 3; id += 1) source$.next(item(id));
    sink.answer(1);
    sink.answer(0);
    sink.answer(2);
    expect(seen).toEqual([[0], []]);
    for (const index of [5, 3, 4]) sink.answer(index);
    expect(seen).toEqual([[0], [10, 11, 12]]);
  });

  it('keeps the order when the function pushes into the source', () => {
    const sink = new SpecSink();
    const source$ = new Subject<number>();
    source$
      .pipe(
        produce(sink, (value) => {
          if (value === 1) source$.next(2);
          return { topic: 't', value };
        }),
      )
      .subscribe();
    source$.next(1);
    expect(sink.written.map((r) => r.value)).toEqual([1, 2]);
  });

  it('completes when the function ends the source and writes nothing', () => {
    const source$ = new Subject<number>();
    let completed = false;
    source$
      .pipe(
        produce(new SpecSink(), () => {
          source$.complete();
          return null;
        }),
      )
      .subscribe({ complete: () => (completed = true) });
    source$.next(1);
    expect(completed).toBe(true);
  });

  it('hears a sink that becomes ready inside write', () => {
    let ready: () => void = () => undefined;
    const written: number[] = [];
    const sink: RecordSink<never, number> = {
      write: (r) => {
        written.push(r.value);
        ready();
        return false;
      },
      onReady: (listener) => {
        ready = listener;
        return () => undefined;
      },
    };
    from([1, 2, 3])
      .pipe(produce(sink, (value) => ({ topic: 't', value })))
      .subscribe();
    expect(written).toEqual([1, 2, 3]);
  });

  it('fails the stream when the sink throws', () => {
    const sink: RecordSink<never, number> = {
      write: () => {
        throw broken;
      },
      onReady: () => () => undefined,
    };
    const errors: unknown[] = [];
    of(1)
      .pipe(produce(sink, (value) => ({ topic: 't', value })))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
  });

  it('says that undefined is no record', () => {
    const errors: unknown[] = [];
    of(1)
      .pipe(produce(new SpecSink(), (() => undefined) as never, { onError: 'skip' }))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors[0]).toBeInstanceOf(UsageError);
  });

  describe('overflow', () => {
    const flood = (
      overflow: 'buffer' | 'error' | 'dropNewest' | 'dropOldest',
    ): { sink: SpecSink; errors: unknown[] } => {
      const sink = new SpecSink(1);
      const errors: unknown[] = [];
      range(0, 10_003)
        .pipe(produce(sink, (value) => ({ topic: 't', value }), { overflow }))
        .subscribe({ error: (error: unknown) => errors.push(error) });
      for (let index = 0; index < sink.written.length; index += 1) sink.answer(index);
      return { sink, errors };
    };

    it('keeps everything and warns once by default', () => {
      const warnings: unknown[] = [];
      const emit = jest.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(text));
      const { sink } = flood('buffer');
      emit.mockRestore();
      expect(sink.written).toHaveLength(10_003);
      expect(warnings).toEqual([expect.stringContaining('produceFrom')]);
    });

    it('fails the stream with error', () => {
      expect(flood('error').errors).toEqual([expect.any(UsageError)]);
    });

    it('leaves out the newest with dropNewest', () => {
      const { sink } = flood('dropNewest');
      expect([sink.written.length, sink.written.at(-1)?.value]).toEqual([10_001, 10_000]);
    });

    it('leaves out the oldest that wait with dropOldest', () => {
      const { sink } = flood('dropOldest');
      expect([sink.written.length, sink.written[1]?.value, sink.written.at(-1)?.value]).toEqual([10_001, 3, 10_002]);
    });

    it('does not concern leased elements', () => {
      const sink = new SpecSink(1);
      from(Array.from({ length: 10_010 }, (_, id) => item(id)))
        .pipe(produce(sink, toRecord, { overflow: 'dropNewest' }), acknowledge())
        .subscribe();
      for (let index = 0; index < sink.written.length; index += 1) sink.answer(index);
      expect(sink.written).toHaveLength(10_010);
    });
  });

  it.each<[string, unknown[]]>([
    ['sink', [{}, toRecord]],
    ['sink', [undefined, toRecord]],
    ['toRecord', [new SpecSink(), 'x']],
    ['maxInFlight', [new SpecSink(), toRecord, { maxInFlight: 0 }]],
    ['onError', [new SpecSink(), toRecord, { onError: 'drop' }]],
    ['overflow', [new SpecSink(), toRecord, { overflow: 'drop' }]],
    ['linger', [new SpecSink(), toRecord, { linger: 1 }]],
  ])('rejects a bad %s at the call', (option, args) => {
    const call = (): unknown => (produce as (...all: unknown[]) => unknown)(...args);
    expect(call).toThrow(InvalidOptionError);
    expect(call).toThrow(expect.objectContaining({ option }) as Error);
  });

  it('touches the sink only while subscribed', () => {
    const sink = new SpecSink();
    const operator = produce(sink, (value: number) => ({ topic: 't', value }));
    expect(sink.listeners.size).toBe(0);
    const subscription = NEVER.pipe(operator).subscribe();
    expect(sink.listeners.size).toBe(1);
    subscription.unsubscribe();
    EMPTY.pipe(operator).subscribe();
    expect(sink.listeners.size).toBe(0);
  });
});
