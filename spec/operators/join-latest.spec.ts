import { EMPTY, NEVER, Subject, map, of, throwError } from 'rxjs';
import { joinLatest } from '../../operators/index.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';
import { PressedOwner } from './support/pressed-owner.js';

const inits = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 }, c: { key: 'c', value: 3 } };

describe('joinLatest', () => {
  honoursTheOperatorContract(
    () => joinLatest(of(1), (r: In, factor) => r.value * factor),
    (out) => out.value,
  );

  it('joins each element with the latest value, and holds those before the first', () => {
    runMarbles(({ records, cold, expectObservable }) => {
      const out$ = records('ab------c-a|', inits).pipe(
        joinLatest(cold('--x------y'), (r, o) => `${String(r.value)}${o}`),
        map((p) => p.value),
      );
      expectObservable(out$).toBe('--(pq)--r-s|', { p: '1x', q: '2x', r: '3x', s: '1y' });
    });
  });

  it('carries record and lease on', () => {
    const source = record({ key: 'k', value: 2 });
    const outs: { readonly value: number; readonly record: object; readonly lease: object }[] = [];
    of(source)
      .pipe(joinLatest(of(10), (r, o) => r.value * o))
      .subscribe((out) => outs.push(out));
    expect(outs.map((out) => out.value)).toEqual([20]);
    expect(outs[0]!.record).toBe(source);
    expect(outs[0]!.lease).toBe(source.lease);
  });
  it('is silent while other$ is, and keeps what arrives', () => {
    const source$ = new Subject<SpecItem>();
    const seen: unknown[] = [];
    const subscription = source$.pipe(joinLatest(NEVER, (i) => i.id)).subscribe((out) => seen.push(out));
    const held = item(1);
    source$.next(held);
    expect([seen, held.lease.state, held.lease.taken]).toEqual([[], 'open', 1]);
    subscription.unsubscribe();
    expect(held.lease.state).toBe('released');
  });
  it('waits with completion for the first value', () => {
    runMarbles(({ records, cold, expectObservable }) => {
      const out$ = records('ab|', inits).pipe(
        joinLatest(cold('----x-y'), (r, o) => `${String(r.value)}${o}`),
        map((p) => p.value),
      );
      expectObservable(out$).toBe('----(pq|)', { p: '1x', q: '2x' });
    });
  });
  it('keeps the order of what arrives while it catches up', () => {
    const source$ = new Subject<SpecItem>();
    const other$ = new Subject<string>();
    const seen: number[] = [];
    source$.pipe(joinLatest(other$, (i) => i.id)).subscribe((out) => {
      seen.push(out.value);
      if (out.value === 1) source$.next(item(3));
    });
    source$.next(item(1));
    source$.next(item(2));
    other$.next('x');
    expect(seen).toEqual([1, 2, 3]);
  });
  it('fails when other$ fails, or completes without a value, and releases', () => {
    const errors: unknown[] = [];
    const broken = new Error('broken');
    for (const other$ of [throwError(() => broken), EMPTY]) {
      of(item(1))
        .pipe(joinLatest(other$, (i) => i.id))
        .subscribe({ error: (error: unknown) => errors.push(error) });
    }
    expect(errors).toEqual([broken, expect.any(UsageError)]);
    const source$ = new Subject<SpecItem>();
    const late$ = new Subject<number>();
    source$.pipe(joinLatest(late$, (i) => i.id)).subscribe({ error: () => undefined });
    const held = item(1);
    source$.next(held);
    late$.complete();
    expect(held.lease.state).toBe('released');
  });
  it('releases the element and fails the stream when the function throws', () => {
    const broken = new Error('broken');
    const items = [item(1), item(2)];
    const errors: unknown[] = [];
    const project = (): never => {
      throw broken;
    };
    of(...items)
      .pipe(joinLatest(of(1), project))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
    expect(items.map((i) => [i.lease.state, i.lease.reason])).toEqual([
      ['released', broken],
      ['open', undefined],
    ]);
  });
  it('gives back what it holds of a partition that is about to go', () => {
    const p = new PressedOwner();
    const source$ = new Subject<SpecItem>();
    source$.pipe(joinLatest(NEVER, (i) => i.id)).subscribe();
    const held = item(1, p);
    source$.next(held);
    p.press('revoking');
    expect([held.lease.state, p.holds]).toEqual(['released', []]);
  });
  it('rejects bad arguments at the call', () => {
    expect(() => joinLatest(7 as never, () => 1)).toThrow(InvalidOptionError);
    expect(() => joinLatest(of(1), 'f' as never)).toThrow(InvalidOptionError);
  });
});
