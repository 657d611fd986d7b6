import { NEVER, Subject, map, of } from 'rxjs';
import { type FailurePolicy, filterRecord, filterValue, keepLease, mapValue } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { type Lease } from '../../src/model/lease.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, SpecOwner, item } from './support/leases.js';

const inits = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 }, c: { key: 'c', value: 3 } };
const broken = new Error('broken');
const failsOn =
  (bad: number) =>
  (value: number): number => {
    if (value === bad) throw broken;
    return value;
  };

describe('mapValue', () => {
  honoursTheOperatorContract(
    () => mapValue((r: In) => r.value),
    (out) => out.value,
  );

  it('carries record and lease on, through several steps', () => {
    const source = record({ key: 'k', value: 2 });
    const outs: { readonly value: string; readonly record: object; readonly lease: Lease }[] = [];
    of(source)
      .pipe(
        mapValue((r) => r.value * 2),
        mapValue((p) => `${String(p.value)}!`),
      )
      .subscribe((out) => outs.push(out));
    expect(outs[0]?.value).toBe('4!');
    expect(outs[0]?.record).toBe(source);
    expect(outs[0]?.lease).toBe(source.lease);
    expect(source.lease.state).toBe('open');
  });

  it('releases the element and fails the stream when the function throws', () => {
    const items = [item(1), item(2)];
    const errors: unknown[] = [];
    of(...items)
      .pipe(mapValue((i: SpecItem) => failsOn(1)(i.value)))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
    expect(items.map((i) => i.lease.state)).toEqual(['released', 'open']);
    expect(items[0]?.lease.reason).toBe(broken);
  });

  it('acknowledges and goes on with onFailure skip', () => {
    runMarbles(({ records, expectAcks, expectValues }) => {
      const source$ = records('abc|', inits);
      expectValues(source$.pipe(mapValue((r) => failsOn(2)(r.value), { onFailure: 'skip' }))).toBe('a-c|', {
        a: 1,
        c: 3,
      });
      expectAcks(source$).toBe('-b');
    });
  });

  it('keeps the order while a policy is at work, and acknowledges what it settled', () => {
    runMarbles(({ records, cold, expectAcks, expectValues }) => {
      const source$ = records('abc|', inits);
      const policy: FailurePolicy<unknown> = { name: 'slow', handle: () => cold('---s', { s: 'settled' as const }) };
      expectValues(source$.pipe(mapValue((r) => failsOn(1)(r.value), { onFailure: policy }))).toBe('---(bc|)', {
        b: 2,
        c: 3,
      });
      expectAcks(source$).toBe('---a');
    });
  });

  it('asks the policy again for an element that waited', () => {
    runMarbles(({ records, cold, expectAcks, expectValues }) => {
      const source$ = records('(abc)|', inits);
      const policy: FailurePolicy<unknown> = { name: 'slow', handle: () => cold('--s', { s: 'settled' as const }) };
      const fails = (value: number): number => failsOn(2)(failsOn(1)(value));
      expectValues(source$.pipe(mapValue((r) => fails(r.value), { onFailure: policy }))).toBe('----c|', { c: 3 });
      expectAcks(source$).toBe('--a-b');
    });
  });

  it.each([
    ['says fail', '-f', broken],
    ['ends without a word', '-|', broken],
    ['fails itself', '-#', 'error'],
  ])('releases the element and fails the stream when the policy %s', (_name, answer, error) => {
    runMarbles(({ cold, expectObservable, flush }) => {
      const source = item(1);
      const policy: FailurePolicy<unknown> = { name: 'no', handle: () => cold(answer, { f: 'fail' as const }) };
      expectObservable(of(source).pipe(mapValue(() => failsOn(1)(1), { onFailure: policy }))).toBe(
        '-#',
        undefined,
        error,
      );
      flush();
      expect(source.lease.state).toBe('released');
    });
  });

  it('fails the stream with the error of a policy that throws', () => {
    const own = new Error('policy');
    const policy: FailurePolicy<unknown> = {
      name: 'throws',
      handle: () => {
        throw own;
      },
    };
    runMarbles(({ expectObservable }) => {
      expectObservable(of(item(1)).pipe(mapValue(() => failsOn(1)(1), { onFailure: policy }))).toBe(
        '#',
        undefined,
        own,
      );
    });
  });

  it('releases what waits for a policy when it is unsubscribed', () => {
    const source$ = new Subject<SpecItem>();
    const owner = new SpecOwner();
    const items = [item(1, owner), item(2, owner)];
    const policy: FailurePolicy<unknown> = { name: 'never', handle: () => NEVER };
    const subscription = source$
      .pipe(mapValue((i: SpecItem) => failsOn(1)(i.value), { onFailure: policy }))
      .subscribe();
    for (const i of items) source$.next(i);
    expect(items.map((i) => [i.lease.state, i.lease.taken])).toEqual([
      ['open', 1],
      ['open', 1],
    ]);
    subscription.unsubscribe();
    expect(items.map((i) => i.lease.state)).toEqual(['released', 'released']);
  });

  it('tells the policy about the failure', () => {
    const seen: unknown[] = [];
    const source = record({ key: 'k', value: 1 });
    const policy: FailurePolicy<unknown> = {
      name: 'look',
      handle: (failure) => {
        seen.push(failure);
        return of('settled');
      },
    };
    of(source)
      .pipe(
        mapValue((r) => r.value),
        mapValue((p) => failsOn(1)(p.value), { onFailure: policy }),
      )
      .subscribe();
    expect(seen).toEqual([
      { item: expect.objectContaining({ value: 1 }) as object, error: broken, attempts: 1, record: source },
    ]);
    expect(source.lease.state).toBe('acked');
  });

  it('rejects bad arguments at the call', () => {
    expect(() => mapValue(7 as never)).toThrow(InvalidOptionError);
    expect(() => mapValue(() => 1, { onFailure: 'drop' as never })).toThrow(
      "onFailure is \"drop\", it must be 'fail', 'skip', 'park' or",
    );
    expect(() => mapValue(() => 1, { onfailure: 'skip' } as never)).toThrow('there is no such option');
    expect(() => mapValue(() => 1, { onFailure: undefined })).not.toThrow();
  });
});

describe('filterRecord', () => {
  honoursTheOperatorContract(
    () => filterRecord((_: In) => true),
    (out) => out.value,
  );

  it('[L16] acknowledges what it drops and leaves the rest open', () => {
    runMarbles(({ records, expectAcks, expectValues }) => {
      const source$ = records('abc|', inits);
      expectValues(source$.pipe(filterRecord((r) => r.value !== 2))).toBe('a-c|', { a: 1, c: 3 });
      expectAcks(source$).toBe('-b');
    });
  });

  it('releases the element and fails the stream when the predicate throws', () => {
    runMarbles(({ records, expectAcks, expectObservable }) => {
      const source$ = records('ab|', inits);
      expectObservable(source$.pipe(filterRecord((r) => failsOn(1)(r.value) > 0))).toBe('#', undefined, broken);
      expectAcks(source$).toBe('-');
    });
  });

  it('rejects bad arguments at the call', () => {
    expect(() => filterRecord(undefined as never)).toThrow(InvalidOptionError);
    expect(() => filterRecord(() => true, { onFailure: {} as never })).toThrow(InvalidOptionError);
  });
});

describe('filterValue', () => {
  honoursTheOperatorContract(
    () => filterValue((value: number): value is 1 | 2 | 3 => value < 9),
    (out) => out.value,
  );

  it('narrows the value and acknowledges what it drops', () => {
    type Event = { readonly type: 'made'; readonly at: number } | { readonly type: 'gone'; readonly why: string };
    const events: Readonly<Record<string, { readonly key: string; readonly value: Event }>> = {
      a: { key: 'k', value: { type: 'made', at: 5 } },
      b: { key: 'k', value: { type: 'gone', why: 'x' } },
    };
    runMarbles(({ records, expectAcks, expectObservable }) => {
      const source$ = records('ab|', events);
      const out$ = source$.pipe(
        filterValue((v) => v.type === 'made'),
        map((r) => r.value.at),
      );
      expectObservable(out$).toBe('a-|', { a: 5 });
      expectAcks(source$).toBe('-b');
    });
  });

  it('fails the stream when the guard throws', () => {
    runMarbles(({ records, expectObservable }) => {
      const guard = (value: number): value is 1 => failsOn(1)(value) > 0;
      expectObservable(records('a|', inits).pipe(filterValue(guard))).toBe('#', undefined, broken);
    });
  });

  it('rejects what is no guard at the call', () => {
    expect(() => filterValue('x' as never)).toThrow(InvalidOptionError);
  });
});

describe('keepLease', () => {
  it('gives the value the record and the lease of the element', () => {
    const source = record({ key: 'k', value: 1 });
    const kept = keepLease(keepLease(source, 'one'), 'two');
    expect(kept.value).toBe('two');
    expect(kept.record).toBe(source);
    expect(kept.lease).toBe(source.lease);
  });
});
