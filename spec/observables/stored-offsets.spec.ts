import { EMPTY, Observable, of, throwError } from 'rxjs';
import { OffsetStoreError } from '../../src/errors/client-errors.js';
import { type KafkaError } from '../../src/errors/kafka-error.js';
import { type OffsetStore } from '../../src/model/offset-store.js';
import { type OffsetList } from '../../src/model/topic-partition.js';
import { storedOffsets } from '../../src/observables/stored-offsets.js';
import { VirtualRuntime } from '../support/virtual-runtime.js';

type Load = OffsetStore['load'];

function ask(load: Load): {
  runtime: VirtualRuntime;
  answers: [KafkaError | null, OffsetList | null][];
  cancel: () => void;
} {
  const runtime = new VirtualRuntime();
  const answers: [KafkaError | null, OffsetList | null][] = [];
  const cancel = storedOffsets(runtime, { load })!.fetch([{ topic: 't', partition: 1 }], (error, offsets) => {
    answers.push([error, offsets]);
  });
  return { runtime, answers, cancel };
}

describe('offsetStore', () => {
  it('is asked in a turn of its own, with plain partitions, and its first value counts [C12]', () => {
    const asked: unknown[] = [];
    const found = [{ topic: 't', partition: 1, offset: 0 }];
    const { runtime, answers } = ask((partitions) => {
      asked.push(partitions);
      return of(found, []);
    });
    expect([asked, answers]).toEqual([[], []]);
    runtime.advance(1);
    expect([asked, answers]).toEqual([[[{ topic: 't', partition: 1 }]], [[null, found]]]);
  });

  it('may be a promise, and may know nothing', async () => {
    const { runtime, answers } = ask(() => Promise.resolve([]));
    runtime.advance(1);
    await Promise.resolve();
    await Promise.resolve();
    expect(answers).toEqual([[null, []]]);
    const empty = ask(() => EMPTY);
    empty.runtime.advance(1);
    expect(empty.answers).toEqual([[null, []]]);
  });

  it.each<[string, Load, RegExp]>([
    ['fails', () => throwError(() => new Error('down')), /load failed: down/],
    [
      'throws',
      () => {
        throw new Error('thrown');
      },
      /load failed: thrown/,
    ],
    ['gives a negative offset', () => of([{ topic: 't', partition: 1, offset: -1 }]), /at least 0/],
    ['gives text', () => of([{ topic: 't', partition: 1, offset: '5' as never }]), /load failed|A seek goes to/],
    ['gives a bare array', () => [{ topic: 't', partition: 1, offset: 3 }] as never, /wrap an array in of/],
  ])('that %s is an error and never a guess [C12]', (_what, load, message) => {
    const { runtime, answers } = ask(load);
    runtime.advance(1);
    expect(answers).toHaveLength(1);
    expect(answers[0]![1]).toBeNull();
    expect(answers[0]![0]?.message).toMatch(message);
  });

  it('keeps what the store threw as the cause', () => {
    const cause = new Error('down');
    const { runtime, answers } = ask(() => throwError(() => cause));
    runtime.advance(1);
    expect(answers[0]![0]).toBeInstanceOf(OffsetStoreError);
    expect(answers[0]![0]?.cause).toBe(cause);
  });

  it('is left when nobody waits any more', () => {
    let left = 0;
    const { runtime, answers, cancel } = ask(
      () =>
        new Observable(() => () => {
          left++;
        }),
    );
    runtime.advance(1);
    cancel();
    expect([left, answers]).toEqual([1, []]);
  });
});
