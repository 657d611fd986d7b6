import { of } from 'rxjs';
import { type Failure, type FailurePolicy, batchRecords, decodeRecords, mapValue } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { type ConsumerRecord } from '../../src/model/consumer-record.js';
import { type Leased } from '../../src/model/lease.js';
import { type In, honoursTheOperatorContract } from './support/contract.js';
import { type SpecItem, item } from './support/leases.js';

const broken = new Error('broken');
type Part = 'key' | 'value' | 'headers';

/** A record one part of which does not decode, and that counts how often each is read. */
function poison(part: Part | null, reads: Partial<Record<Part, number>> = {}): SpecItem {
  const held = item(1);
  for (const name of ['key', 'value', 'headers'] as const) {
    Object.defineProperty(held, name, {
      get: () => {
        reads[name] = (reads[name] ?? 0) + 1;
        if (name === part) throw broken;
        return name === 'headers' ? [['h', null]] : name;
      },
    });
  }
  return held;
}

describe('decodeRecords', () => {
  honoursTheOperatorContract(
    () => decodeRecords<In>({ onFailure: 'fail' }),
    (out) => out.value,
  );

  it('reads key, value and headers of what it hands on', () => {
    const reads: Partial<Record<Part, number>> = {};
    const source = poison(null, reads);
    const seen: Leased[] = [];
    of(source)
      .pipe(decodeRecords({ onFailure: 'fail' }))
      .subscribe((out) => seen.push(out));
    expect(seen).toEqual([source]);
    expect(reads).toEqual({ key: 1, value: 1, headers: 1 });
    expect(source.lease.state).toBe('open');
  });

  it.each(['key', 'value', 'headers'] as const)('fails the stream on a bad %s and releases the record', (part) => {
    const source = poison(part);
    const errors: unknown[] = [];
    of(source)
      .pipe(decodeRecords({ onFailure: 'fail' }))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([broken]);
    expect(source.lease.state).toBe('released');
  });

  it('acknowledges a bad record and goes on with skip', () => {
    const [bad, good] = [poison('value'), poison(null)];
    const seen: Leased[] = [];
    of(bad, good)
      .pipe(decodeRecords({ onFailure: 'skip' }))
      .subscribe((out) => seen.push(out));
    expect(seen).toEqual([good]);
    expect([bad.lease.state, good.lease.state]).toEqual(['acked', 'open']);
  });

  it('gives a policy the raw record, below whatever it is wrapped in', () => {
    const failures: Failure<Leased>[] = [];
    const policy: FailurePolicy<Leased> = {
      name: 'keep',
      handle: (failure) => {
        failures.push(failure);
        return of('settled' as const);
      },
    };
    const bad = poison('value');
    const record = bad as unknown as ConsumerRecord<unknown, unknown>;
    of(bad)
      .pipe(decodeRecords({ onFailure: policy }))
      .subscribe();
    expect(failures.map((failure) => [failure.record === record, failure.record.keyBytes, failure.error])).toEqual([
      [true, new Uint8Array([0]), broken],
    ]);
    expect(bad.lease.state).toBe('acked');
    const wrapped = poison('value');
    of(wrapped)
      .pipe(
        mapValue((i) => i.id),
        decodeRecords({ onFailure: policy }),
      )
      .subscribe();
    expect(failures[1]!.record).toBe(wrapped);
  });

  it('decodes, and fails, a batch as one', () => {
    const failures: Failure<Leased>[] = [];
    const policy: FailurePolicy<Leased> = {
      name: 'keep',
      handle: (failure) => {
        failures.push(failure);
        return of('settled' as const);
      },
    };
    const items = [poison(null), poison('key')];
    of(...items)
      .pipe(
        mapValue((i) => i.id),
        batchRecords({ per: 'stream' }),
        decodeRecords({ onFailure: policy }),
      )
      .subscribe();
    expect(items.map((i) => i.lease.state)).toEqual(['acked', 'acked']);
    expect(failures[0]!.record).toBe(items[0]);
  });

  it('rejects bad arguments at the call', () => {
    expect(() => decodeRecords(undefined as never)).toThrow(InvalidOptionError);
    expect(() => decodeRecords({} as never)).toThrow('onFailure');
    expect(() => decodeRecords({ onFailure: 'drop' as never })).toThrow(InvalidOptionError);
    expect(() => decodeRecords({ onFailure: 'skip', onfailure: 1 } as never)).toThrow('no such option');
  });
});
