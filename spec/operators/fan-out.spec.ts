import fc from 'fast-check';
import {
  EMPTY,
  NEVER,
  type Observable,
  Subject,
  concat,
  concatWith,
  delay,
  map,
  of,
  retry,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { acknowledge, fanOut, filterRecord, mapValue, processEach } from '../../operators/index.js';
import { InvalidOptionError, UsageError } from '../../src/errors/usage-error.js';
import { type ConsumerRecord } from '../../src/model/consumer-record.js';
import { type Leased } from '../../src/model/lease.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';

const inits = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 }, c: { key: 'c', value: 3 } };
type Arm = (items$: Observable<SpecItem>) => Observable<SpecItem>;
const same: Arm = (items$) => items$;

/** Arms that keep what they get. */
function collecting(count: number): { readonly arms: Arm[]; readonly got: SpecItem[][] } {
  const got: SpecItem[][] = Array.from({ length: count }, () => []);
  return { arms: got.map((list) => (items$) => items$.pipe(tap((i) => list.push(i)))), got };
}

describe('fanOut', () => {
  honoursTheOperatorContract(
    () => fanOut((r$: Observable<In>) => r$),
    (out) => out.value,
  );

  it('gives every element to every arm and merges what they emit', () => {
    runMarbles(({ records, expectObservable }) => {
      const out$ = records('a-------b-----|', inits).pipe(
        fanOut(
          (r$) => r$.pipe(map((r) => r.value)),
          (r$) => r$.pipe(map((r) => `${r.key}!`)),
        ),
      );
      expectObservable(out$).toBe('(ax)----(by)--|', { a: 1, x: 'a!', b: 2, y: 'b!' });
    });
  });

  it('acknowledges when all arms have, in any order', () => {
    const source$ = new Subject<SpecItem>();
    const { arms, got } = collecting(3);
    source$.pipe(fanOut(...arms)).subscribe();
    const source = item(1);
    source$.next(source);
    expect(got[2]![0]!.lease.ack()).toBe('accepted');
    expect(got[0]![0]!.lease.ack()).toBe('accepted');
    expect([source.lease.state, got[0]![0]!.lease.state, got[1]![0]!.lease.state]).toEqual(['open', 'acked', 'open']);
    expect(got[1]![0]!.lease.ack()).toBe('accepted');
    expect(source.lease.state).toBe('acked');
  });

  it('counts an arm that settles twice once', () => {
    const source$ = new Subject<SpecItem>();
    const { arms, got } = collecting(2);
    source$.pipe(fanOut(...arms)).subscribe();
    const source = item(1);
    source$.next(source);
    expect([got[0]![0]!.lease.ack(), got[0]![0]!.lease.ack(), got[0]![0]!.lease.release()]).toEqual([
      'accepted',
      'duplicate',
      'duplicate',
    ]);
    expect(source.lease.state).toBe('open');
  });

  it('releases when one arm released, once all have settled', () => {
    const source$ = new Subject<SpecItem>();
    const { arms, got } = collecting(2);
    source$.pipe(fanOut(...arms)).subscribe();
    const source = item(1);
    source$.next(source);
    got[0]![0]!.lease.release('why');
    expect(source.lease.state).toBe('open');
    got[1]![0]!.lease.ack();
    expect([source.lease.state, source.lease.reason]).toEqual(['released', 'why']);
  });

  it('is settled by what each arm hands on', () => {
    runMarbles(({ records, cold, expectAcks, expectValues }) => {
      const source$ = records('ab|', inits);
      const out$ = source$.pipe(
        fanOut(
          (r$) => r$.pipe(processEach((r: In) => cold('--(v|)', { v: r.value }), { order: 'none' })),
          (r$) =>
            r$.pipe(
              filterRecord((r) => r.value === 2),
              mapValue((r) => r.value * 10),
            ),
        ),
        acknowledge(),
      );
      expectValues(out$).toBe('-yp(q|)', { p: 1, q: 2, y: 20 });
      expectAcks(source$).toBe('--ab');
    });
  });

  it('tells every arm the error of the source', () => {
    const broken = new Error('broken');
    const told: unknown[] = [];
    const errors: unknown[] = [];
    const arm: Arm = (items$) => items$.pipe(tap({ error: (error: unknown) => told.push(error) }), retry(0));
    throwError(() => broken)
      .pipe(fanOut(arm, arm))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(told[0]).toBe(broken);
    expect(errors).toEqual([broken]);
  });

  it('fails with the error of an arm, and releases what no operator took', () => {
    const source$ = new Subject<SpecItem>();
    const broken = new Error('broken');
    const errors: unknown[] = [];
    const failing: Arm = (items$) =>
      items$.pipe(
        map((i) => {
          if (i.id === 2) throw broken;
          return i;
        }),
      );
    const busy = (items$: Observable<SpecItem>): Observable<Leased> => items$.pipe(processEach(() => NEVER));
    source$.pipe(fanOut(failing, busy)).subscribe({ error: (error: unknown) => errors.push(error) });
    const items = [item(1), item(2)];
    for (const i of items) source$.next(i);
    expect(errors).toEqual([broken]);
    expect(items.map((i) => i.lease.state)).toEqual(['released', 'released']);
  });

  it('releases on unsubscribe what an arm dropped beside one that took it, and not what was taken', () => {
    const source$ = new Subject<SpecItem>();
    const busy = (items$: Observable<SpecItem>): Observable<Leased> => items$.pipe(processEach(() => NEVER));
    const slow: Arm = (items$) => items$.pipe(delay(1000));
    const source = item(1);
    const subscription = source$.pipe(fanOut(busy, slow)).subscribe();
    source$.next(source);
    expect(source.lease.taken).toBe(1);
    subscription.unsubscribe();
    expect(source.lease.state).toBe('released');
  });

  it('leaves to steps behind it what they took before downstream left', () => {
    const source$ = new Subject<SpecItem>();
    const answer$ = new Subject<number>();
    source$
      .pipe(
        fanOut(same, same),
        take(2),
        processEach(() => answer$, { order: 'none' }),
        acknowledge(),
      )
      .subscribe();
    const source = item(1);
    source$.next(source);
    expect(source.lease.state).toBe('open');
    answer$.next(1);
    answer$.complete();
    expect(source.lease.state).toBe('acked');
  });

  it('leaves to plain operators behind it what is on its way when it completes', () => {
    runMarbles(({ records, expectAcks }) => {
      const source$ = records('a|', inits);
      source$
        .pipe(
          fanOut(
            (r$) => r$,
            (r$) => r$,
          ),
          delay(5),
          acknowledge(),
        )
        .subscribe();
      expectAcks(source$).toBe('-----a');
    });
  });

  it('counts what comes after an arm has completed as done for its part', () => {
    const source$ = new Subject<SpecItem>();
    const seen: number[] = [];
    source$
      .pipe(
        fanOut(
          (items$) => items$.pipe(take(1), acknowledge()),
          (items$) => items$.pipe(acknowledge()),
        ),
      )
      .subscribe((out) => seen.push(out.id));
    const items = [item(1), item(2)];
    for (const i of items) source$.next(i);
    expect(seen).toEqual([1, 1, 2]);
    expect(items.map((i) => i.lease.state)).toEqual(['acked', 'acked']);
  });

  it('completes, and leaves the source, when every arm has completed', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold<In>('a--b', { a: record(inits.a), b: record(inits.b) });
      const one = (r$: Observable<In>): Observable<number> =>
        r$.pipe(
          take(1),
          map((r) => r.value),
        );
      expectObservable(source$.pipe(fanOut(one, one))).toBe('(aa|)', { a: 1 });
      expectSubscriptions(source$.subscriptions).toBe('(^!)');
    });
  });

  it('keeps for an arm that is not listening what it misses, and gives it up when the arm completes', () => {
    const broken = new Error('broken');
    runMarbles(({ records, expectObservable, expectAcks }) => {
      const source$ = records('a-b-c-----|', inits);
      let failed = false;
      const restarting = (r$: Observable<In>): Observable<number> =>
        r$.pipe(
          tap((r) => {
            if (r.value === 1 && !failed) {
              failed = true;
              r.lease.ack();
              throw broken;
            }
          }),
          acknowledge(),
          map((r) => r.value),
          retry({ delay: () => timer(6) }),
        );
      expectObservable(
        source$.pipe(
          fanOut(restarting, (r$) =>
            r$.pipe(
              acknowledge(),
              map(() => 0),
            ),
          ),
        ),
      ).toBe('z-z-z-(bc)|', { z: 0, b: 2, c: 3 });
      expectAcks(source$).toBe('a-----(bc)');
    });
    const source$ = new Subject<SpecItem>();
    const end$ = new Subject<SpecItem>();
    source$
      .pipe(
        fanOut(
          () => end$,
          (items$) => items$.pipe(acknowledge()),
        ),
      )
      .subscribe();
    const waiting = item(1);
    source$.next(waiting);
    expect([waiting.lease.state, waiting.lease.taken]).toEqual(['open', 1]);
    end$.complete();
    expect(waiting.lease.state).toBe('acked');
  });

  it('releases what waits for an arm when it is unsubscribed', () => {
    const source$ = new Subject<SpecItem>();
    const subscription = source$
      .pipe(
        fanOut(
          () => NEVER,
          (items$) => items$.pipe(acknowledge()),
        ),
      )
      .subscribe();
    const waiting = item(1);
    source$.next(waiting);
    subscription.unsubscribe();
    expect(waiting.lease.state).toBe('released');
  });

  it('fails an arm that listens twice at a time', () => {
    const errors: unknown[] = [];
    const twice: Arm = (items$) => concat(items$.pipe(take(0)), items$).pipe(concatWith(EMPTY));
    const both: Arm = (items$) => {
      items$.subscribe();
      return items$;
    };
    new Subject<SpecItem>().pipe(fanOut(twice, same)).subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([]);
    new Subject<SpecItem>().pipe(fanOut(both, same)).subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([expect.any(UsageError)]);
  });

  it('shows every arm the same order when it is pushed to inside next', () => {
    const source$ = new Subject<SpecItem>();
    const { arms, got } = collecting(2);
    source$.pipe(fanOut(...arms)).subscribe((out) => {
      if (out.id < 2) source$.next(item(out.id + 2));
    });
    source$.next(item(1));
    expect(got.map((list) => list.map((i) => i.id))).toEqual([
      [1, 3, 3],
      [1, 3, 3],
    ]);
  });

  it('fails the stream when an arm function throws', () => {
    const broken = new Error('broken');
    const errors: unknown[] = [];
    const throws = (): never => {
      throw broken;
    };
    of(item(1))
      .pipe(fanOut(same, throws))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
  });

  it('shows an arm a record that differs in nothing but its lease', () => {
    const source = record({ key: 'k', value: 2, offset: 7, headers: { h: 'v' } });
    const seen: ConsumerRecord<string, number>[] = [];
    of(source)
      .pipe(
        fanOut(
          (r$) => r$.pipe(tap((r) => seen.push(r))),
          (r$) => r$,
        ),
      )
      .subscribe();
    const seenByArm = seen[0]!;
    expect([seenByArm.key, seenByArm.value, seenByArm.offset, seenByArm.headers]).toEqual(['k', 2, 7, source.headers]);
    expect([seenByArm.keyBytes, seenByArm.valueBytes]).toEqual([source.keyBytes, source.valueBytes]);
    expect(seenByArm.toJSON()).toEqual(source.toJSON());
    expect(seenByArm.lease).not.toBe(source.lease);
    expect(seenByArm.detach().lease).toBe(seenByArm.lease);
  });

  it('gives values, plain elements and elements with private fields their lease too', () => {
    class Private implements Leased {
      readonly #lease = item(1).lease;
      readonly #value = 5;
      get lease(): Leased['lease'] {
        return this.#lease;
      }
      value(): number {
        return this.#value;
      }
    }
    const seen: Leased[] = [];
    const keep = <S extends Leased>(s$: Observable<S>): Observable<S> => s$.pipe(tap((s) => seen.push(s)));
    const source = new Private();
    of(source).pipe(fanOut(keep, keep)).subscribe();
    expect((seen[0] as Private).value()).toBe(5);
    expect(seen[0]!.lease).not.toBe(source.lease);
    const processed$ = of(record({ key: 'k', value: 1 })).pipe(mapValue((r) => r.value + 1));
    const values: number[] = [];
    processed$
      .pipe(
        fanOut(
          (p$) => p$,
          (p$) => p$,
        ),
      )
      .subscribe((out) => {
        values.push(out.value);
        out.lease.ack();
        expect(out.record.lease.state).toBe(values.length === 2 ? 'acked' : 'open');
      });
    expect(values).toEqual([2, 2]);
  });

  it('rejects bad arguments at the call', () => {
    expect(() => fanOut()).toThrow(InvalidOptionError);
    expect(() => fanOut(7 as never)).toThrow(InvalidOptionError);
  });

  it('settles every lease once in every interleaving', () => {
    const steps = fc.array(
      fc.record({ kind: fc.constantFrom('push', 'push', 'ack', 'release', 'fence', 'over'), pick: fc.nat(7) }),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(steps, fc.boolean(), (script, leaves) => {
        const source$ = new Subject<SpecItem>();
        const items: SpecItem[] = [];
        const taken: { readonly id: number; readonly lease: Leased['lease'] }[] = [];
        const over$ = Array.from({ length: 3 }, () => new Subject<number>());
        const arms = over$.map(
          (over) => (items$: Observable<SpecItem>) =>
            items$.pipe(
              processEach(
                (i) => {
                  taken.push(i);
                  return over.pipe(take(1));
                },
                { order: 'none', concurrency: Infinity },
              ),
            ),
        );
        const subscription = source$.pipe(fanOut(...arms), acknowledge()).subscribe();
        for (const { kind, pick } of script) {
          const lease = taken[pick % (taken.length || 1)]?.lease;
          if (kind === 'push') {
            items.push(item(items.length));
            source$.next(items.at(-1)!);
          } else if (kind === 'ack') lease?.ack();
          else if (kind === 'release') lease?.release();
          else if (kind === 'fence') items[pick % (items.length || 1)]?.lease.fence();
          else over$[pick % 3]!.next(1);
        }
        if (leaves) subscription.unsubscribe();
        else for (const over of over$) over.next(1);
        for (const { lease } of items) {
          expect(lease.state).not.toBe('open');
          expect(lease.settlements).toBe(lease.state === 'fenced' ? 0 : 1);
        }
      }),
      { numRuns: 300 },
    );
  });
});
