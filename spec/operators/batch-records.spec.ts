import fc from 'fast-check';
import { NEVER, Observable, Subject, VirtualTimeScheduler, concat, map, merge, of, take, throwError } from 'rxjs';
import { batchRecords, keepLease } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { type LeasedBatch } from '../../src/model/consumer-record.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { SpecOwner, type SpecItem, item } from './support/leases.js';
import { PressedOwner } from './support/pressed-owner.js';

const inits = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 }, c: { key: 'c', value: 3 } };
const numbers = (batch: LeasedBatch<{ readonly value: number }>): number[] => batch.items.map((i) => i.value);
const ids = (batch: LeasedBatch<SpecItem>): number[] => batch.items.map((i) => i.id);

describe('batchRecords', () => {
  honoursTheOperatorContract(
    () => batchRecords<In>({ maxRecords: 1 }),
    (out) => out.items[0]!.value,
  );

  it('hands on a full batch at once and the rest after maxMs from its first element', () => {
    runMarbles(({ records, expectObservable }) => {
      const source$ = records('abc-a-b 20ms |', inits);
      const out$ = source$.pipe(batchRecords({ maxRecords: 2, maxMs: 10 }), map(numbers));
      expectObservable(out$).toBe('-x--y- 10ms z 10ms |', { x: [1, 2], y: [3, 1], z: [2] });
    });
  });

  it('flushes what it holds when the source completes, and not when it fails', () => {
    runMarbles(({ expectObservable, flush }) => {
      const items = [item(1), item(2), item(3)];
      const broken = new Error('broken');
      expectObservable(of(items[0]!).pipe(batchRecords(), map(ids))).toBe('(x|)', { x: [1] });
      const failing$ = concat(
        of(items[1]!, items[2]!),
        throwError(() => broken),
      );
      expectObservable(failing$.pipe(batchRecords(), map(ids))).toBe('#', undefined, broken);
      flush();
      expect(items.map((i) => [i.lease.state, i.lease.taken])).toEqual([
        ['open', 1],
        ['released', 1],
        ['released', 1],
      ]);
    });
  });

  it('releases what it holds when it is unsubscribed, and keeps what it handed on', () => {
    const items = [item(1), item(2), item(3)];
    const subscription = merge(NEVER, of(...items))
      .pipe(batchRecords({ maxRecords: 2 }))
      .subscribe();
    subscription.unsubscribe();
    // each item has its own partition here, so each waits in its own batch
    expect(items.map((i) => i.lease.state)).toEqual(['released', 'released', 'released']);
  });

  it('stops flushing when downstream leaves in the middle, and releases the rest', () => {
    const items = [item(1), item(2)];
    const seen: number[][] = [];
    of(...items)
      .pipe(batchRecords(), take(1), map(ids))
      .subscribe((out) => seen.push(out));
    expect(seen).toEqual([[1]]);
    expect(items.map((i) => i.lease.state)).toEqual(['open', 'released']);
  });

  it('gathers each partition apart, or everything with per stream', () => {
    const [p, q] = [new SpecOwner(0), new SpecOwner(1)];
    const feed = (): SpecItem[] => [item(1, p), item(2, q), item(3, p), item(4, q)];
    const run = (per: 'partition' | 'stream'): number[][] => {
      const seen: number[][] = [];
      of(...feed())
        .pipe(batchRecords({ per }), map(ids))
        .subscribe((out) => seen.push(out));
      return seen;
    };
    expect(run('partition')).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(run('stream')).toEqual([[1, 2, 3, 4]]);
  });

  it('flushes the partition whose window is used up, one hop later and not the others', () => {
    const scheduler = new VirtualTimeScheduler();
    const [p, q] = [new PressedOwner(0, scheduler), new PressedOwner(1, scheduler)];
    const source$ = new Subject<SpecItem>();
    const seen: number[][] = [];
    source$.pipe(batchRecords({ maxRecords: 16, maxMs: 1000 }), map(ids)).subscribe((out) => seen.push(out));
    source$.next(item(1, p));
    source$.next(item(2, q));
    source$.next(item(3, p));
    p.press('windowFull');
    expect(seen).toEqual([]);
    scheduler.maxFrames = 0;
    scheduler.flush();
    expect(seen).toEqual([[1, 3]]);
  });

  it('flushes what arrives late from a step above while the window is used up already', () => {
    const scheduler = new VirtualTimeScheduler(undefined, 0);
    const p = new PressedOwner(0, scheduler);
    p.windowFull = true;
    const source$ = new Subject<SpecItem>();
    const seen: number[][] = [];
    source$.pipe(batchRecords({ maxRecords: 16, maxMs: 1000 }), map(ids)).subscribe((out) => seen.push(out));
    source$.next(item(1, p));
    source$.next(item(2, p));
    expect(seen).toEqual([]);
    scheduler.flush();
    expect(seen).toEqual([[1, 2]]);
  });

  it.each(['revoking', 'draining'] as const)(
    'flushes when the partition is %s, and what still arrives of it',
    (why) => {
      const scheduler = new VirtualTimeScheduler(undefined, 0);
      const p = new PressedOwner(0, scheduler);
      const source$ = new Subject<SpecItem>();
      const seen: number[][] = [];
      source$.pipe(batchRecords({ maxMs: 1000 }), map(ids)).subscribe((out) => seen.push(out));
      source$.next(item(1, p));
      p.press(why);
      scheduler.flush();
      source$.next(item(2, p));
      scheduler.flush();
      expect(seen).toEqual([[1], [2]]);
      expect(p.listeners.size).toBe(0);
    },
  );

  it('leaves out what was fenced while it waited', () => {
    const [p, q] = [new PressedOwner(0), new PressedOwner(1)];
    const source$ = new Subject<SpecItem>();
    const seen: number[][] = [];
    source$.pipe(batchRecords(), map(ids)).subscribe((out) => seen.push(out));
    const items = [item(1, p), item(2, p), item(3, q)];
    for (const i of items) source$.next(i);
    items[0]!.lease.fence();
    items[2]!.lease.fence();
    source$.complete();
    expect(seen).toEqual([[2]]);
  });

  it('stops listening to partitions when it ends, and to an earlier assignment of one', () => {
    const [old, fresh] = [new PressedOwner(0), new PressedOwner(0, undefined, 1)];
    const source$ = new Subject<SpecItem>();
    const subscription = source$.pipe(batchRecords()).subscribe();
    source$.next(item(1, old));
    source$.next(item(2, fresh));
    expect([old.listeners.size, fresh.listeners.size]).toEqual([0, 1]);
    subscription.unsubscribe();
    expect(fresh.listeners.size).toBe(0);
  });

  it('takes the clock from the partition of the first element', () => {
    const scheduler = new VirtualTimeScheduler(undefined, 29);
    const source$ = new Subject<SpecItem>();
    const seen: number[][] = [];
    source$.pipe(batchRecords({ maxMs: 30 }), map(ids)).subscribe((out) => seen.push(out));
    source$.next(item(1, new PressedOwner(0, scheduler)));
    scheduler.flush();
    expect(seen).toEqual([]);
    scheduler.maxFrames = 30;
    scheduler.flush();
    expect(seen).toEqual([[1]]);
  });

  it('fails the stream of a source that throws inside subscribe, and releases', () => {
    const held = item(1);
    const errors: unknown[] = [];
    const broken = new Error('broken');
    const source$ = new Observable<SpecItem>((subscriber) => {
      subscriber.next(held);
      throw broken;
    });
    source$.pipe(batchRecords()).subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
    expect(held.lease.state).toBe('released');
  });

  it.each([
    ['maxRecords', 0],
    ['maxRecords', 1.5],
    ['maxMs', -1],
    ['maxMs', '5'],
    ['per', 'topic'],
    ['size', undefined],
  ])('rejects %s %p at the call', (name, value) => {
    expect(() => batchRecords({ [name]: value })).toThrow(InvalidOptionError);
  });
});

describe('the lease of a batch', () => {
  const batchOf = (...items: SpecItem[]): LeasedBatch<SpecItem> => {
    let batch: LeasedBatch<SpecItem> | undefined;
    of(...items)
      .pipe(batchRecords({ per: 'stream' }))
      .subscribe((out) => (batch = out));
    return batch!;
  };

  it('acknowledges and releases all that were not settled one by one', () => {
    const items = [item(1), item(2), item(3)];
    const { lease } = batchOf(...items);
    items[1]!.lease.ack();
    expect(lease.state).toBe('open');
    expect(lease.release('why')).toBe('accepted');
    expect(items.map((i) => i.lease.state)).toEqual(['released', 'acked', 'released']);
    expect(items[0]!.lease.reason).toBe('why');
    expect([lease.state, lease.ack(), lease.release()]).toEqual(['released', 'duplicate', 'duplicate']);
  });

  it('is fenced when nothing of it is open and a part was fenced', () => {
    const items = [item(1), item(2)];
    const { lease } = batchOf(...items);
    items[0]!.lease.fence();
    expect(lease.state).toBe('open');
    expect(lease.ack()).toBe('accepted');
    expect([lease.state, lease.ack()]).toEqual(['fenced', 'fenced']);
  });

  it('names each partition it covers once', () => {
    const [p, q] = [new SpecOwner(0), new SpecOwner(1)];
    expect(batchOf(item(1, p), item(2, q), item(3, p)).lease.partitions).toEqual([p, q]);
  });

  it('aborts its signal with the last element that was open', () => {
    const items = [item(1), item(2), item(3)];
    const { lease } = batchOf(...items);
    const { signal } = lease;
    items[0]!.lease.ack();
    items[1]!.lease.fence();
    expect(signal.aborted).toBe(false);
    items[2]!.lease.fence();
    expect(signal.aborted).toBe(true);
    expect(lease.signal).toBe(signal);
  });

  it('gives a batch whose leases were fenced an aborted signal', () => {
    const items = [item(1)];
    const { lease } = batchOf(...items);
    items[0]!.lease.fence();
    expect(lease.signal.aborted).toBe(true);
  });

  it('survives a spread and keepLease', () => {
    const batch = batchOf(item(1));
    expect({ ...batch }.lease).toBe(batch.lease);
    const kept = keepLease(batch, 'x');
    expect([kept.record, kept.lease]).toEqual([batch, batch.lease]);
  });

  it('carries real leases too', () => {
    const one = record({ key: 'k', value: 1 });
    let batch: LeasedBatch<In> | undefined;
    of(one)
      .pipe(batchRecords())
      .subscribe((out) => (batch = out));
    batch!.lease.ack();
    expect(one.lease.state).toBe('acked');
  });
});

describe('batchRecords in every interleaving', () => {
  interface Step {
    readonly kind: 'push' | 'press' | 'settle' | 'fence' | 'time';
    readonly pick: number;
  }
  const steps = fc.array(
    fc.record<Step>({
      kind: fc.constantFrom('push', 'push', 'push', 'press', 'settle', 'fence', 'time'),
      pick: fc.nat(9),
    }),
    { maxLength: 60 },
  );

  it('hands on every element once, in order, or gives it back', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom('partition', 'stream'), fc.boolean(), (script, per, leaves) => {
        const scheduler = new VirtualTimeScheduler(undefined, 0);
        const owners = [new PressedOwner(0, scheduler), new PressedOwner(1, scheduler)];
        const source$ = new Subject<SpecItem>();
        const items: SpecItem[] = [];
        const batches: LeasedBatch<SpecItem>[] = [];
        const subscription = source$
          .pipe(batchRecords({ maxRecords: 4, maxMs: 10, per: per as 'stream' }))
          .subscribe((batch) => batches.push(batch));
        for (const { kind, pick } of script) {
          const owner = owners[pick % 2]!;
          if (kind === 'push') {
            items.push(item(items.length, owner));
            source$.next(items.at(-1)!);
          } else if (kind === 'press')
            owner.press((['windowFull', 'revoking', 'draining', 'lost'] as const)[pick % 4]!);
          else if (kind === 'settle') batches[pick % (batches.length || 1)]?.lease.ack();
          else if (kind === 'fence') items.at(-1 - pick)?.lease.fence();
          else {
            scheduler.maxFrames += pick;
            scheduler.flush();
          }
        }
        if (leaves) subscription.unsubscribe();
        else source$.complete();
        for (const batch of batches) batch.lease.ack();
        const out = batches.flatMap((batch) => batch.items);
        expect(new Set(out).size).toBe(out.length);
        for (const owner of owners) {
          const own = out.filter((i) => i.lease.partitions[0] === owner).map((i) => i.id);
          expect(own).toEqual(own.slice().sort((x, y) => x - y));
          expect(owner.listeners.size).toBe(0);
        }
        expect(items.filter((i) => i.lease.state === 'open')).toEqual([]);
        if (!leaves) expect(items.filter((i) => !out.includes(i) && i.lease.state !== 'fenced')).toEqual([]);
        for (const batch of batches) {
          expect(batch.items.length).toBeLessThanOrEqual(4);
          if (per === 'partition') expect(batch.lease.partitions.length).toBe(1);
        }
      }),
      { numRuns: 400 },
    );
  });
});
