import { NEVER, Subject, map, of, startWith, throwError } from 'rxjs';
import { pauseWhile } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { runMarbles } from '../../src/testing/index.js';
import { honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';
import { PressedOwner } from './support/pressed-owner.js';

const inits = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 }, c: { key: 'c', value: 3 } };
const values = { a: 1, b: 2, c: 3 };
const words = { t: true, f: false };

function scene(): {
  readonly source$: Subject<SpecItem>;
  readonly paused$: Subject<boolean>;
  readonly seen: (number | string)[];
  readonly leave: () => void;
} {
  const source$ = new Subject<SpecItem>();
  const paused$ = new Subject<boolean>();
  const seen: (number | string)[] = [];
  const subscription = source$.pipe(pauseWhile(paused$.pipe(startWith(true)))).subscribe({
    next: (out) => seen.push(out.id),
    error: () => seen.push('error'),
    complete: () => seen.push('complete'),
  });
  return {
    source$,
    paused$,
    seen,
    leave: () => {
      subscription.unsubscribe();
    },
  };
}

describe('pauseWhile', () => {
  honoursTheOperatorContract(
    () => pauseWhile(of(false)),
    (out) => out.value,
  );
  honoursTheOperatorContract(
    () => pauseWhile(NEVER),
    (out) => out.value,
  );

  it('holds what arrives during a pause and hands it on in order after it', () => {
    runMarbles(({ records, cold, expectObservable, expectSubscriptions }) => {
      const paused$ = cold('-t----f--', words);
      const out$ = records('a-bc------a|', inits).pipe(
        pauseWhile(paused$),
        map((r) => r.value),
      );
      expectObservable(out$).toBe('a-----(bc)a|', values);
      expectSubscriptions(paused$.subscriptions).toBe('^----------!');
    });
  });

  it('completes after what it holds when the source completed in a pause', () => {
    runMarbles(({ records, cold, expectObservable }) => {
      const out$ = records('ab|', inits).pipe(
        pauseWhile(cold('t---f', words)),
        map((r) => r.value),
      );
      expectObservable(out$).toBe('----(ab|)', values);
    });
  });

  it('stays with the last value when paused$ completes', () => {
    runMarbles(({ records, expectObservable }) => {
      expectObservable(records('ab|', inits).pipe(pauseWhile(of(false, true)))).toBe('-');
    });
  });

  it('fails with the error of paused$ and releases what it holds', () => {
    const { source$, paused$, seen } = scene();
    const held = item(1);
    source$.next(held);
    paused$.error(new Error('broken'));
    expect(seen).toEqual(['error']);
    expect(held.lease.state).toBe('released');
    const errors: unknown[] = [];
    const broken = new Error('broken');
    of(item(2))
      .pipe(pauseWhile(throwError(() => broken)))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
  });

  it('puts the partition of what it holds on hold until the pause is over', () => {
    const { source$, paused$, seen } = scene();
    const [p, q] = [new PressedOwner(0), new PressedOwner(1)];
    const held = [item(1, p), item(2, p), item(3, q)];
    for (const i of held) source$.next(i);
    expect([p.holds, q.holds]).toEqual([['pauseWhile'], ['pauseWhile']]);
    expect(held.map((i) => i.lease.taken)).toEqual([1, 1, 1]);
    paused$.next(false);
    expect([p.holds, q.holds]).toEqual([[], []]);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('takes a pause that begins while it catches up', () => {
    const source$ = new Subject<SpecItem>();
    const paused$ = new Subject<boolean>();
    const seen: number[] = [];
    source$.pipe(pauseWhile(paused$)).subscribe((out) => {
      seen.push(out.id);
      if (out.id === 1) paused$.next(true);
    });
    paused$.next(true);
    const p = new PressedOwner();
    for (const id of [1, 2, 3]) source$.next(item(id, p));
    paused$.next(false);
    expect(seen).toEqual([1]);
    expect(p.holds).toEqual(['pauseWhile']);
    paused$.next(false);
    expect(seen).toEqual([1, 2, 3]);
  });

  it.each(['revoking', 'draining', 'lost'] as const)('gives back what it holds of a partition that is %s', (why) => {
    const { source$, paused$, seen } = scene();
    const [p, q] = [new PressedOwner(0), new PressedOwner(1)];
    const held = [item(1, p), item(2, q), item(3, p)];
    for (const i of held) source$.next(i);
    p.press(why);
    expect(held.map((i) => i.lease.state)).toEqual(['released', 'open', 'released']);
    expect([p.holds, q.holds]).toEqual([[], ['pauseWhile']]);
    const late = item(4, p);
    source$.next(late);
    expect(late.lease.state).toBe('released');
    paused$.next(false);
    expect(seen).toEqual([2]);
  });

  it('keeps what it holds of a drain that begins after the source completed', () => {
    const { source$, paused$, seen } = scene();
    const p = new PressedOwner();
    source$.next(item(1, p));
    source$.complete();
    p.press('draining');
    paused$.next(false);
    expect(seen).toEqual([1, 'complete']);
  });

  it('is not moved by a window that is used up', () => {
    const { source$, seen } = scene();
    const p = new PressedOwner();
    const held = item(1, p);
    source$.next(held);
    p.press('windowFull');
    expect([seen, held.lease.state]).toEqual([[], 'open']);
  });

  it('leaves out what was fenced while it waited', () => {
    const { source$, paused$, seen } = scene();
    const held = [item(1), item(2)];
    for (const i of held) source$.next(i);
    held[0]!.lease.fence();
    paused$.next(false);
    expect(seen).toEqual([2]);
  });

  it('releases what it holds and ends its holds when it is unsubscribed', () => {
    const { source$, leave } = scene();
    const p = new PressedOwner();
    const held = item(1, p);
    source$.next(held);
    leave();
    expect([held.lease.state, p.holds, p.listeners.size]).toEqual(['released', [], 0]);
  });

  it('rejects what is no stream at the call', () => {
    expect(() => pauseWhile(true as never)).toThrow(InvalidOptionError);
    expect(() => pauseWhile(undefined as never)).toThrow('paused$');
  });
});
