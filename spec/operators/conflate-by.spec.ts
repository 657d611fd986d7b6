import { Subject, VirtualTimeScheduler, of, take } from 'rxjs';
import { conflateBy } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';
import { PressedOwner } from './support/pressed-owner.js';

const inits = {
  a: { key: 'x', value: 1 },
  b: { key: 'y', value: 2 },
  c: { key: 'x', value: 3 },
  d: { key: 'y', value: 4 },
};
const byKey = (r: In): string => r.key;

describe('conflateBy', () => {
  honoursTheOperatorContract(
    () => conflateBy(byKey, { everyMs: 0 }),
    (out) => out.value,
    { atOnce: false },
  );

  it('hands on the newest of each key every interval and acknowledges the superseded', () => {
    runMarbles(({ records, expectAcks, expectValues }) => {
      const source$ = records('abc 20ms d|', inits);
      expectValues(source$.pipe(conflateBy(byKey, { everyMs: 10 }))).toBe('10ms (bc) 10ms (d|)', { b: 2, c: 3, d: 4 });
      expectAcks(source$).toBe('--a');
    });
  });

  it('hands on what it holds when the source completes, and releases it when the source fails', () => {
    const source$ = new Subject<SpecItem>();
    const failing$ = new Subject<SpecItem>();
    const seen: number[] = [];
    const items = [item(1), item(2)];
    source$.pipe(conflateBy((i) => i.id, { everyMs: 1000 })).subscribe((out) => seen.push(out.id));
    failing$.pipe(conflateBy((i) => i.id, { everyMs: 1000 })).subscribe({ error: () => seen.push(-1) });
    source$.next(items[0]!);
    source$.complete();
    failing$.next(items[1]!);
    failing$.error(new Error('broken'));
    expect(seen).toEqual([1, -1]);
    expect(items.map((i) => i.lease.state)).toEqual(['open', 'released']);
  });

  it('releases what it holds when it is unsubscribed, in the middle of a flush too', () => {
    const items = [item(1), item(2), item(3)];
    of(...items)
      .pipe(
        conflateBy((i) => i.id, { everyMs: 1000 }),
        take(1),
      )
      .subscribe();
    expect(items.map((i) => i.lease.state)).toEqual(['open', 'released', 'released']);
    const source$ = new Subject<SpecItem>();
    const held = item(4);
    const subscription = source$.pipe(conflateBy((i) => i.id, { everyMs: 1000 })).subscribe();
    source$.next(held);
    subscription.unsubscribe();
    expect([held.lease.state, held.lease.taken]).toEqual(['released', 1]);
  });

  it.each(['windowFull', 'revoking', 'draining'] as const)('flushes one hop after %s', (why) => {
    const scheduler = new VirtualTimeScheduler(undefined, 0);
    const p = new PressedOwner(0, scheduler);
    const source$ = new Subject<SpecItem>();
    const seen: number[] = [];
    source$.pipe(conflateBy((i) => i.id, { everyMs: 1000 })).subscribe((out) => seen.push(out.id));
    source$.next(item(1, p));
    source$.next(item(2, p));
    p.press(why);
    expect(seen).toEqual([]);
    scheduler.flush();
    expect(seen).toEqual([1, 2]);
    source$.next(item(3, p));
    scheduler.flush();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('holds at most one open element per key', () => {
    const source$ = new Subject<SpecItem>();
    source$.pipe(conflateBy((i) => i.id % 3, { everyMs: 1000 })).subscribe();
    const items = Array.from({ length: 1000 }, (_, id) => item(id));
    for (const i of items) source$.next(i);
    expect(items.filter((i) => i.lease.state === 'open').map((i) => i.id)).toEqual([997, 998, 999]);
  });

  it('compares bytes by content', () => {
    const items = [item(1, undefined, 7), item(2, undefined, 7), item(3, undefined, 8)];
    const seen: number[] = [];
    of(...items)
      .pipe(conflateBy((i) => i.keyBytes, { everyMs: 1000 }))
      .subscribe((out) => seen.push(out.id));
    expect(seen).toEqual([2, 3]);
  });

  it('leaves out what was fenced while it waited', () => {
    const source$ = new Subject<SpecItem>();
    const seen: number[] = [];
    source$.pipe(conflateBy((i) => i.id, { everyMs: 1000 })).subscribe((out) => seen.push(out.id));
    const fenced = item(1);
    source$.next(fenced);
    source$.next(item(2));
    fenced.lease.fence();
    source$.complete();
    expect(seen).toEqual([2]);
  });

  it('releases the element and fails the stream when the key function throws', () => {
    const bad = item(1);
    const broken = new Error('broken');
    const errors: unknown[] = [];
    const key = (): never => {
      throw broken;
    };
    of(bad)
      .pipe(conflateBy(key, { everyMs: 1 }))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
    expect([bad.lease.state, bad.lease.reason]).toEqual(['released', broken]);
  });

  it('rejects bad arguments at the call', () => {
    expect(() => conflateBy(7 as never, { everyMs: 1 })).toThrow(InvalidOptionError);
    expect(() => conflateBy(byKey, undefined as never)).toThrow('everyMs');
    expect(() => conflateBy(byKey, { everyMs: -1 })).toThrow(InvalidOptionError);
    expect(() => conflateBy(byKey, { everyMs: 1, ms: 2 } as never)).toThrow('no such option');
  });
});
