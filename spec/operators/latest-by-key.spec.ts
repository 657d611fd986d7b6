import fc from 'fast-check';
import { EMPTY, type OperatorFunction, Subject, filter, lastValueFrom, map, of, pipe, tap, toArray } from 'rxjs';
import { latestByKey } from '../../operators/index.js';
import { TableView } from '../../operators/internal/table-view.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';

const copy = <K, V>(table: ReadonlyMap<K, V>): Map<K, V> => new Map(table);
const last = (): OperatorFunction<In, number> => {
  let value = 0;
  return pipe(
    tap((r: In) => (value = r.value)),
    latestByKey(),
    filter((table) => table.size > 0),
    map(() => value),
  );
};

describe('latestByKey', () => {
  honoursTheOperatorContract(last, (value) => value);

  it('emits the table after every record, and null deletes', () => {
    runMarbles(({ records, expectAcks, expectObservable }) => {
      const source$ = records<string, number | null>('-a-b-c-d|', {
        a: { key: 'x', value: 1 },
        b: { key: 'y', value: 2 },
        c: { key: 'x', value: 3 },
        d: { key: 'y', value: null },
      });
      expectObservable(source$.pipe(latestByKey(), map(copy))).toBe('-a-b-c-d|', {
        a: new Map([['x', 1]]),
        b: new Map([
          ['x', 1],
          ['y', 2],
        ]),
        c: new Map([
          ['x', 3],
          ['y', 2],
        ]),
        d: new Map([['x', 3]]),
      });
      expectAcks(source$).toBe('-a-b-c-d');
    });
  });

  it('gives an empty table for a source without records', async () => {
    const table = await lastValueFrom(EMPTY.pipe(latestByKey<string, number>()));
    expect(table.size).toBe(0);
  });

  it('emits versions that stay as they are', async () => {
    const inits = [1, 2, 3].map((value) => record({ key: value === 2 ? 'y' : 'x', value }));
    const tables = await lastValueFrom(of(...inits).pipe(latestByKey(), toArray()));
    expect(tables.map((table) => table.get('x'))).toEqual([1, 1, 3]);
    expect(tables.map((table) => [...table])).toEqual([
      [['x', 1]],
      [
        ['x', 1],
        ['y', 2],
      ],
      [
        ['x', 3],
        ['y', 2],
      ],
    ]);
  });

  it('compares keys that are bytes by content, and copies bytes', () => {
    const frame = new Uint8Array([1, 2, 3, 4]);
    const tables: ReadonlyMap<Uint8Array, Uint8Array>[] = [];
    of(
      record({ key: frame.subarray(0, 1), value: frame.subarray(1, 2) }),
      record({ key: new Uint8Array([1]), value: frame.subarray(2, 3) }),
    )
      .pipe(latestByKey<Uint8Array, Uint8Array>())
      .subscribe((table) => tables.push(table));
    expect(tables[1]!.size).toBe(1);
    const value = tables[1]!.get(new Uint8Array([1]))!;
    expect(value).toEqual(new Uint8Array([3]));
    expect(value.buffer.byteLength).toBe(1);
    expect([...tables[1]!.keys()][0]!.buffer.byteLength).toBe(1);
  });

  it('releases a record that cannot be decoded and fails the stream', () => {
    const broken = new Error('broken');
    const held = item(1);
    const poison = Object.defineProperty({ ...held, key: 'k' }, 'value', {
      get: () => {
        throw broken;
      },
    });
    const errors: unknown[] = [];
    const source$ = new Subject<SpecItem>();
    source$.pipe(latestByKey() as never).subscribe({ error: (error: unknown) => errors.push(error) });
    source$.next(poison);
    expect(errors).toEqual([broken]);
    expect([held.lease.state, held.lease.reason]).toEqual(['released', broken]);
  });
});

describe('a version of the table', () => {
  it('reads like a Map', () => {
    const table = TableView.empty<string, number>().with('x', 1).with('y', 2);
    expect([table.has('x'), table.has('z'), table.get('y'), table.size]).toEqual([true, false, 2, 2]);
    expect([[...table.keys()], [...table.values()], [...table.entries()]]).toEqual([
      ['x', 'y'],
      [1, 2],
      [
        ['x', 1],
        ['y', 2],
      ],
    ]);
    const seen: unknown[] = [];
    table.forEach((value, key, self) => seen.push([key, value, self === table]));
    expect(seen).toEqual([
      ['x', 1, true],
      ['y', 2, true],
    ]);
  });

  it('is not moved by an iteration of another version', () => {
    const old = TableView.empty<string, number>().with('x', 1);
    const fresh = old.with('x', 2);
    const iterator = fresh.entries();
    expect(old.get('x')).toBe(1);
    expect([...iterator]).toEqual([['x', 2]]);
  });

  it('equals a copied Map in every order of writing and reading', () => {
    const writes = fc.array(fc.record({ key: fc.nat(4), value: fc.option(fc.nat(9)) }), { maxLength: 25 });
    fc.assert(
      fc.property(writes, fc.array(fc.nat(100), { minLength: 25, maxLength: 25 }), (script, reads) => {
        const versions: { readonly table: TableView<number, number>; readonly model: Map<number, number> }[] = [];
        let table = TableView.empty<number, number>();
        let model = new Map<number, number>();
        script.forEach(({ key, value }, index) => {
          table = table.with(key, value);
          model = new Map(model);
          if (value === null) model.delete(key);
          else model.set(key, value);
          versions.push({ table, model });
          const back = versions[reads[index]! % versions.length]!;
          if (index % 3 === 0) expect([...back.table].sort()).toEqual([...back.model].sort());
        });
        for (const version of versions) {
          expect([...version.table].sort()).toEqual([...version.model].sort());
          expect(version.table.size).toBe(version.model.size);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('stays right, and holds no more than a few changes, however much is written after it', () => {
    const first = TableView.empty<string, number>().with('x', 0);
    let table = first;
    for (let value = 1; value <= 5000; value += 1) table = table.with(value % 2 === 0 ? 'x' : 'y', value);
    expect([...first]).toEqual([['x', 0]]);
    expect([table.get('x'), table.get('y')]).toEqual([5000, 4999]);
    // the chain was cut: reading the first one moved a map of its own, not that of the newest
    expect(table.size).toBe(2);
  });
});
