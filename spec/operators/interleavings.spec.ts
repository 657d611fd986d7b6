import fc from 'fast-check';
import { Subject } from 'rxjs';
import { commitOffsets, processEach, produce } from '../../operators/index.js';
import { type Lease } from '../../src/model/lease.js';
import { SpecOwner, type SpecItem, item } from './support/leases.js';
import { SpecFastSink, SpecSink } from './support/sinks.js';

/** One step of a run: what it means depends on the state it meets. */
interface Step {
  readonly kind: 'push' | 'answer' | 'fail' | 'fence' | 'settle';
  readonly pick: number;
}
const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('push', 'push', 'push', 'answer', 'answer', 'answer', 'fail', 'fence', 'settle'),
    pick: fc.nat(11),
  }),
  { minLength: 1, maxLength: 60 },
);
const settledOnce = (items: readonly SpecItem[]): void => {
  for (const i of items) {
    const { state, settlements } = i.lease;
    expect([i.id, state, settlements]).toEqual([i.id, state, state === 'fenced' ? 0 : 1]);
  }
};

describe('processEach in every interleaving', () => {
  const order = fc.constantFrom<('partition' | 'key' | 'none')[]>('partition', 'key', 'none');
  const emit = fc.constantFrom<('inOrder' | 'asCompleted')[]>('inOrder', 'asCompleted');
  const concurrency = fc.constantFrom(1, 2, 3, Infinity);

  it('keeps lanes in order, bounds concurrency, and settles every lease once', () => {
    fc.assert(
      fc.property(steps, order, emit, concurrency, fc.boolean(), (script, order, emit, concurrency, leaves) => {
        const owners = [new SpecOwner(0), new SpecOwner(1)];
        const source$ = new Subject<SpecItem>();
        const items: SpecItem[] = [];
        const running: { readonly item: SpecItem; readonly answer: Subject<number>; readonly lane: string }[] = [];
        const started = new Map<string, number>();
        // an expectation inside the function would be a failure of the element
        const violations: string[] = [];
        const emitted: SpecItem[] = [];
        const held: Lease[] = [];
        let completed = false;
        const laneOf = (i: SpecItem): string => {
          const partition = String(i.lease.partitions[0]?.partition);
          if (order === 'partition') return partition;
          return order === 'key' ? String(i.keyBytes?.[0]) : `free ${String(i.id)}`;
        };
        const subscription = source$
          .pipe(
            processEach(
              (i: SpecItem) => {
                const lane = laneOf(i);
                if (running.some((work) => work.lane === lane)) violations.push(`two at work in lane ${lane}`);
                if ((started.get(lane) ?? -1) >= i.id) violations.push(`lane ${lane} out of order`);
                started.set(lane, i.id);
                const answer = new Subject<number>();
                running.push({ item: i, answer, lane });
                if (running.length > concurrency) violations.push('more at work than concurrency');
                return answer;
              },
              { order, emit, concurrency, onFailure: 'skip' },
            ),
          )
          .subscribe({
            next: (out) => {
              emitted.push(out.record);
              held.push(out.lease);
            },
            complete: () => (completed = true),
          });
        const finish = (pick: number, kind: 'answer' | 'fail', values: number): void => {
          const [work] = running.splice(pick % running.length, 1);
          if (work === undefined) return;
          for (let value = 0; value < values; value += 1) work.answer.next(value);
          if (kind === 'fail') work.answer.error(new Error('failed'));
          else work.answer.complete();
        };
        for (const { kind, pick } of script) {
          if (kind === 'push') {
            const next = item(items.length, owners[pick % 2], Math.floor(pick / 2) % 3);
            items.push(next);
            source$.next(next);
          } else if (kind === 'settle') held.splice(0).forEach((lease) => lease.ack());
          else if (kind === 'fence') items.at(-1 - pick)?.lease.fence();
          else if (running.length > 0) finish(pick, kind, pick % 3);
        }
        source$.complete();
        if (leaves) subscription.unsubscribe();
        else while (running.length > 0) finish(0, 'answer', 1);
        held.forEach((lease) => lease.ack());
        expect(violations).toEqual([]);
        if (!leaves) expect(completed).toBe(true);
        settledOnce(items);
        if (emit === 'inOrder' || order === 'partition') {
          for (const owner of owners) {
            const ids = emitted.filter((i) => i.lease.partitions[0] === owner).map((i) => i.id);
            expect(ids).toEqual(ids.slice().sort((x, y) => x - y));
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('produce in every interleaving', () => {
  it('keeps the order of writing and of emission, and settles every lease once', () => {
    const sizes = fc.array(fc.nat(3), { minLength: 60, maxLength: 60 });
    const room = fc.constantFrom(1, 2, 5, Infinity);
    fc.assert(
      fc.property(
        steps,
        sizes,
        room,
        room,
        fc.boolean(),
        fc.boolean(),
        (script, sizes, capacity, maxInFlight, fast, leaves) => {
          const sink = fast ? new SpecFastSink(capacity) : new SpecSink(capacity);
          const source$ = new Subject<SpecItem>();
          const items: SpecItem[] = [];
          const emitted: number[] = [];
          const failed = new Set<number>();
          const held: Lease[] = [];
          const pending = (): number[] => [...sink.answers.keys()].filter((index) => !answered.has(index));
          const answered = new Set<number>();
          let completed = false;
          const subscription = source$
            .pipe(
              produce(
                sink,
                (i: SpecItem) => {
                  const records = Array.from({ length: sizes[i.id] ?? 1 }, () => ({ topic: 't', value: i.id }));
                  return records.length === 1 ? records[0]! : records;
                },
                { maxInFlight, onError: 'skip' },
              ),
            )
            .subscribe({
              next: (out) => {
                emitted.push(out.offset);
                held.push(out.lease);
              },
              complete: () => (completed = true),
            });
          const answer = (pick: number, error: unknown): void => {
            const open = pending();
            const index = open[pick % open.length];
            if (index === undefined) return;
            answered.add(index);
            if (error !== null) failed.add(index);
            sink.answer(index, error);
          };
          for (const { kind, pick } of script) {
            if (kind === 'push') {
              const next = item(items.length);
              items.push(next);
              source$.next(next);
            } else if (kind === 'settle') held.splice(0).forEach((lease) => lease.ack());
            else if (kind === 'fence') items.at(-1 - pick)?.lease.fence();
            else answer(pick, kind === 'fail' ? new Error('failed') : null);
          }
          source$.complete();
          if (leaves) subscription.unsubscribe();
          else while (pending().length > 0) answer(0, null);
          held.forEach((lease) => lease.ack());
          if (!leaves) {
            expect(completed).toBe(true);
            expect(emitted).toEqual([...answered].sort((x, y) => x - y).filter((index) => !failed.has(index)));
          }
          const written = sink.written.map((r) => r.value);
          expect(written).toEqual(written.slice().sort((x, y) => x - y));
          expect(emitted).toEqual(emitted.slice().sort((x, y) => x - y));
          settledOnce(items);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('settles every lease once through processEach, produce and commitOffsets', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (script, leaves) => {
        const owner = new SpecOwner();
        const sink = new SpecFastSink(3);
        const source$ = new Subject<SpecItem>();
        const items: SpecItem[] = [];
        const running: { item: SpecItem; answer: Subject<number> }[] = [];
        let written = 0;
        const subscription = source$
          .pipe(
            processEach(
              (i: SpecItem) => {
                const answer = new Subject<number>();
                running.push({ item: i, answer });
                return answer;
              },
              { order: 'key', onFailure: 'skip' },
            ),
            produce(sink, (p) => ({ topic: 't', value: p.value }), { onError: 'skip' }),
            commitOffsets({ everyRecords: 3 }),
          )
          .subscribe();
        const finish = (pick: number, kind: 'answer' | 'fail'): void => {
          const [work] = running.splice(pick % running.length, 1);
          for (let value = 0; value < pick % 3; value += 1) work?.answer.next(work.item.id);
          if (kind === 'fail') work?.answer.error(new Error('failed'));
          else work?.answer.complete();
        };
        for (const { kind, pick } of script) {
          if (kind === 'push') {
            const next = item(items.length, owner, pick % 3);
            items.push(next);
            source$.next(next);
          } else if (kind === 'settle' && written < sink.answers.length) sink.answer(written++);
          else if ((kind === 'answer' || kind === 'fail') && running.length > 0) finish(pick, kind);
        }
        source$.complete();
        if (leaves) subscription.unsubscribe();
        while (!leaves && (running.length > 0 || written < sink.answers.length)) {
          if (running.length > 0) finish(1, 'answer');
          else sink.answer(written++);
        }
        settledOnce(items);
      }),
      { numRuns: 400 },
    );
  });
});
