import { Subject, tap } from 'rxjs';
import { acknowledge } from '../../operators/index.js';
import { runMarbles } from '../../src/testing/index.js';
import { honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';

const inits = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 } };

describe('acknowledge', () => {
  honoursTheOperatorContract(
    () => acknowledge(),
    (out) => out.value,
  );

  it('acknowledges what passes, and nothing else', () => {
    runMarbles(({ records, expectAcks, expectValues }) => {
      const source$ = records('-a-b|', inits);
      expectValues(source$.pipe(acknowledge())).toBe('-a-b|', { a: 1, b: 2 });
      expectAcks(source$).toBe('-a-b');
    });
  });

  it('settles before it emits', () => {
    runMarbles(({ records, expectValues, flush }) => {
      const states: string[] = [];
      expectValues(
        records('a|', inits).pipe(
          acknowledge(),
          tap((r) => states.push(r.lease.state)),
        ),
      ).toBe('a|', { a: 1 });
      flush();
      expect(states).toEqual(['acked']);
    });
  });

  it('passes on what was settled or fenced before', () => {
    const source$ = new Subject<SpecItem>();
    const seen: number[] = [];
    source$.pipe(acknowledge()).subscribe((out) => seen.push(out.id));
    const done = item(1);
    done.lease.ack();
    const fenced = item(2);
    fenced.lease.fence();
    source$.next(done);
    source$.next(fenced);
    expect(seen).toEqual([1, 2]);
    expect([done.lease.settlements, fenced.lease.settlements]).toEqual([1, 0]);
  });
});
