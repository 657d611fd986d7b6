import { readFetchedPart } from '../../src/consumer/fetched-part.js';
import { batchBytes, type BatchInit, joined } from './support/batches.js';

/** Base offsets of the batches a consumer sees. */
function seen(batches: readonly BatchInit[], aborted: { producerId: number; firstOffset: number }[]): number[] {
  const part = readFetchedPart(joined(...batches.map(batchBytes)), 0, true, aborted);
  expect(part.error).toBeNull();
  return part.batches.filter((_, i) => !part.hidden[i]!).map(({ baseOffset }) => baseOffset);
}
const data = (base: number, producerId: number): BatchInit => ({
  base,
  records: ['x'],
  producerId,
  transactional: true,
});
const marker = (base: number, producerId: number, control: 'abort' | 'commit'): BatchInit => ({
  base,
  records: [],
  producerId,
  control,
});

describe('Aborted transactions of one answer', () => {
  it('[D#781] hides control batches also without a list', () => {
    expect(seen([data(0, 1), marker(1, 1, 'commit'), data(2, 1)], [])).toEqual([0, 2]);
  });

  it('[B111] hides from the first offset to the marker, and nothing of the same producer behind it', () => {
    expect(
      seen(
        [data(0, 1), marker(1, 1, 'abort'), data(2, 1), marker(3, 1, 'commit')],
        [{ producerId: 1, firstOffset: 0 }],
      ),
    ).toEqual([2]);
  });

  it('[B111, S1] knows several ranges of one producer, in any order of the list', () => {
    const batches = [
      data(0, 1),
      marker(1, 1, 'abort'),
      data(2, 1),
      marker(3, 1, 'commit'),
      data(4, 1),
      data(5, 1),
      marker(6, 1, 'abort'),
      data(7, 1),
    ];
    const list = [
      { producerId: 1, firstOffset: 4 },
      { producerId: 1, firstOffset: 0 },
    ];
    expect(seen(batches, list)).toEqual([2, 7]);
  });

  it('[B111] hides two producers side by side, and leaves one who commits and one without a transaction', () => {
    const batches = [
      data(0, 1),
      data(1, 2),
      data(2, 3),
      { base: 3, records: ['plain'] },
      marker(4, 2, 'abort'),
      data(5, 2),
      marker(6, 1, 'abort'),
      marker(7, 3, 'commit'),
    ];
    const list = [
      { producerId: 1, firstOffset: 0 },
      { producerId: 2, firstOffset: 1 },
    ];
    expect(seen(batches, list)).toEqual([2, 3, 5]);
  });

  it('does not hide what an idempotent producer wrote outside a transaction', () => {
    const plain: BatchInit = { base: 2, records: ['x'], producerId: 1, transactional: false };
    expect(seen([data(0, 1), plain], [{ producerId: 1, firstOffset: 0 }])).toEqual([2]);
  });

  it('[S1] hides a range whose marker is not in this answer up to the end, and starts anew with the next answer', () => {
    const list = [{ producerId: 1, firstOffset: 0 }];
    expect(seen([data(0, 1), data(1, 1)], list)).toEqual([]);
    // the broker lists the range again while it goes on
    expect(seen([data(2, 1), marker(3, 1, 'abort'), data(4, 1)], list)).toEqual([4]);
    // and not any more when it is over: carried on, it would hide what was committed
    expect(seen([data(5, 1), marker(6, 1, 'commit')], [])).toEqual([5]);
  });

  it('leaves out what ends below the position, but counts its markers', () => {
    const bytes = joined(batchBytes(data(0, 1)), batchBytes(marker(1, 1, 'abort')), batchBytes(data(2, 1)));
    const part = readFetchedPart(bytes, 2, true, [{ producerId: 1, firstOffset: 0 }]);
    expect(part.batches.map(({ baseOffset }) => baseOffset)).toEqual([2]);
    expect(part.hidden).toEqual([false]);
  });
});

describe('readFetchedPart', () => {
  it('[C28] keeps the batches before a damaged one', () => {
    const bytes = joined(batchBytes({ base: 0, records: ['a'] }), batchBytes({ base: 1, records: ['b'] }));
    bytes[bytes.length - 2]! ^= 1;
    const part = readFetchedPart(bytes, 0, true, null);
    expect([part.batches.length, part.error?.code]).toEqual([1, 'ERR_KAFKA_CRC_MISMATCH']);
  });

  it('refuses batches whose offsets go back', () => {
    const bytes = joined(batchBytes({ base: 5, records: ['a'] }), batchBytes({ base: 0, records: ['b'] }));
    const part = readFetchedPart(bytes, 0, true, null);
    expect([part.batches.length, part.error?.code]).toEqual([1, 'ERR_KAFKA_PROTOCOL_DECODE']);
  });

  it('[B37] says when not one batch fits, and not when the last one is cut off', () => {
    const bytes = joined(batchBytes({ base: 0, records: ['aaaa'] }), batchBytes({ base: 1, records: ['bbbb'] }));
    expect(readFetchedPart(bytes.subarray(0, 40), 0, true, null).tooSmall).toBe(true);
    expect(readFetchedPart(bytes.subarray(0, bytes.length - 3), 0, true, null)).toMatchObject({
      tooSmall: false,
      error: null,
    });
  });
});
