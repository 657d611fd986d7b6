import { EMPTY, NEVER, Observable, Subject, of, throwError } from 'rxjs';
import { toAsyncIterable } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { type SpecItem, item } from './support/leases.js';
import { PressedOwner } from './support/pressed-owner.js';

const done = { done: true, value: undefined };
const states = (items: readonly SpecItem[]): string[] => items.map((i) => i.lease.state);

describe('toAsyncIterable', () => {
  it('gives one element per question and acknowledges it with the next one', async () => {
    const items = [item(1), item(2)];
    const seen: [number, string[]][] = [];
    for await (const i of toAsyncIterable(of(...items))) seen.push([i.id, states(items)]);
    expect(seen).toEqual([
      [1, ['open', 'open']],
      [2, ['acked', 'open']],
    ]);
    expect(states(items)).toEqual(['acked', 'acked']);
    expect(items.map((i) => i.lease.taken)).toEqual([1, 1]);
  });

  it('leaves settling to the loop with acknowledge explicit', async () => {
    const items = [item(1), item(2)];
    for await (const i of toAsyncIterable(of(...items), { acknowledge: 'explicit' })) if (i.id === 1) i.lease.ack();
    expect(states(items)).toEqual(['acked', 'open']);
  });

  it('ends at once on an empty source and waits on a silent one', async () => {
    const seen: unknown[] = [];
    for await (const i of toAsyncIterable(EMPTY as Observable<SpecItem>)) seen.push(i);
    expect(seen).toEqual([]);
    const iterator = toAsyncIterable<SpecItem>(NEVER);
    const waiting = iterator.next();
    await iterator.return!();
    expect(await waiting).toEqual(done);
  });

  it('subscribes with the first question, and once', async () => {
    let subscriptions = 0;
    const source$ = new Observable<SpecItem>((subscriber) => {
      subscriptions += 1;
      subscriber.next(item(1));
      subscriber.next(item(2));
    });
    const iterator = toAsyncIterable(source$);
    expect(subscriptions).toBe(0);
    await iterator.next();
    await iterator.next();
    expect(subscriptions).toBe(1);
    const unused = toAsyncIterable(source$);
    await unused.return!();
    expect(await unused.next()).toEqual(done);
    expect(subscriptions).toBe(1);
  });

  it('gives out what arrived before the error, then rejects once', async () => {
    const source$ = new Subject<SpecItem>();
    const broken = new Error('broken');
    const iterator = toAsyncIterable(source$);
    const first = iterator.next();
    source$.next(item(1));
    source$.next(item(2));
    source$.error(broken);
    expect((await first).value).toMatchObject({ id: 1 });
    expect((await iterator.next()).value).toMatchObject({ id: 2 });
    await expect(iterator.next()).rejects.toBe(broken);
    expect(await iterator.next()).toEqual(done);
  });

  it('rejects the question that waits when the source fails', async () => {
    const broken = new Error('broken');
    const iterator = toAsyncIterable<SpecItem>(throwError(() => broken));
    await expect(iterator.next()).rejects.toBe(broken);
    expect(await iterator.next()).toEqual(done);
  });

  it('leaves a silent source at once when the loop breaks, and releases what was not acknowledged [E2]', async () => {
    let left = false;
    const items = [item(1), item(2), item(3)];
    const source$ = new Observable<SpecItem>((subscriber) => {
      for (const i of items) subscriber.next(i);
      return () => (left = true);
    });
    for await (const i of toAsyncIterable(source$)) if (i.id === 2) break;
    expect(left).toBe(true);
    expect(states(items)).toEqual(['acked', 'released', 'released']);
  });

  it('releases the element whose turn of the loop threw', async () => {
    const broken = new Error('broken');
    const held = item(1);
    const loop = async (): Promise<void> => {
      for await (const i of toAsyncIterable(of(held))) if (i.id === 1) throw broken;
    };
    await expect(loop()).rejects.toBe(broken);
    expect(held.lease.state).toBe('released');
  });

  it('answers several questions in order', async () => {
    const source$ = new Subject<SpecItem>();
    const iterator = toAsyncIterable(source$);
    const asked = [iterator.next(), iterator.next(), iterator.next()];
    const items = [item(1), item(2)];
    for (const i of items) source$.next(i);
    source$.complete();
    expect((await Promise.all(asked)).map((step) => step.done)).toEqual([false, false, true]);
    expect(states(items)).toEqual(['open', 'open']);
    await iterator.next();
    expect(states(items)).toEqual(['acked', 'acked']);
  });

  it('gives back what waits of a partition that is about to go', async () => {
    const [p, q] = [new PressedOwner(0), new PressedOwner(1)];
    const source$ = new Subject<SpecItem>();
    const iterator = toAsyncIterable(source$);
    const first = iterator.next();
    const items = [item(1, p), item(2, p), item(3, q)];
    for (const i of items) source$.next(i);
    await first;
    p.press('revoking');
    expect(states(items)).toEqual(['open', 'released', 'open']);
    const late = item(4, p);
    source$.next(late);
    expect(late.lease.state).toBe('released');
    expect((await iterator.next()).value).toBe(items[2]);
  });

  it('keeps what waits when the drain begins after the source completed', async () => {
    const p = new PressedOwner();
    const source$ = new Subject<SpecItem>();
    const iterator = toAsyncIterable(source$);
    const first = iterator.next();
    source$.next(item(1, p));
    source$.next(item(2, p));
    source$.complete();
    p.press('draining');
    await first;
    expect((await iterator.next()).value).toMatchObject({ id: 2 });
    expect(await iterator.next()).toEqual(done);
  });

  it('leaves out what was fenced while it waited', async () => {
    const source$ = new Subject<SpecItem>();
    const iterator = toAsyncIterable(source$);
    const first = iterator.next();
    const items = [item(1), item(2), item(3)];
    for (const i of items) source$.next(i);
    items[1]!.lease.fence();
    await first;
    expect((await iterator.next()).value).toBe(items[2]);
  });

  it('rejects bad arguments at the call', () => {
    expect(() => toAsyncIterable(7 as never)).toThrow(InvalidOptionError);
    expect(() => toAsyncIterable(NEVER, { acknowledge: 'never' as never })).toThrow(InvalidOptionError);
    expect(() => toAsyncIterable(NEVER, { ack: 'onNext' } as never)).toThrow('no such option');
  });
});
