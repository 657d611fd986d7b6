import fc from 'fast-check';
import { crc32c } from '../../src/bytes/crc32c.js';
import { CrcMismatchError, ProtocolDecodeError } from '../../src/errors/protocol-error.js';
import { KafkaError } from '../../src/errors/kafka-error.js';
import { controlType, parseControlRecord } from '../../src/codecs/control-record.js';
import { LazyHeaders } from '../../src/codecs/lazy-headers.js';
import { readBatchHeaders, RecordCursor } from '../../src/codecs/record-batch-reader.js';
import { bytesOf, type Golden, golden, hexOf, payloadOf, readAll, recordsOf } from './support.js';

const goldens = golden('java-batches') as Golden[];
const named = (name: string): Golden => goldens.find((each) => each.name === name)!;
const b8 = bytesOf(
  `0000000000000000000000a3ffffffff028167e043001200000009000000000098967f0000000000989688000000000001e240007b0000270f
  0000000a82534e415050590000000001000000010000005e90036c4e00000008746573740a5375706572040e68656164657231066161610d0c20
  32066262624e000202962800040404962800040606962800040808962800040a0a962800040c0c962800040e0e96280004101096280004121
  28e2800`,
);

/** Changes bytes of a batch and makes its CRC right again, so that only the change is wrong. */
function tampered(source: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = source.slice();
  change(bytes);
  new DataView(bytes.buffer).setUint32(17, crc32c(bytes, 21));
  return bytes;
}

/** One uncompressed batch around hand-made record bytes. */
function batchOf(recordHex: string, count = 1, lastOffsetDelta = 0): Uint8Array {
  const records = bytesOf(recordHex);
  const bytes = new Uint8Array(61 + records.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, bytes.length - 12);
  view.setInt32(12, -1);
  view.setInt8(16, 2);
  view.setInt32(23, lastOffsetDelta);
  view.setInt32(57, count);
  bytes.set(records, 61);
  view.setUint32(17, crc32c(bytes, 21));
  return bytes;
}

describe('record batches written by the Java client', () => {
  it.each(goldens.map((each) => [each.name, each] as const))('[PL#196] reads: %s', async (_, { hex, batches }) => {
    const read = await readAll(bytesOf(hex));
    expect(read).toHaveLength(batches.length);
    for (const [i, expected] of batches.entries()) {
      const { header, records } = read[i]!;
      expect({
        baseOffset: header.baseOffset,
        nextOffset: header.nextOffset,
        leaderEpoch: header.partitionLeaderEpoch,
        crc: header.crc,
        codec: header.codec,
        timestampType: header.timestampType === 'logAppendTime' ? 'LogAppendTime' : 'CreateTime',
        maxTimestamp: header.maxTimestamp,
        producerId: header.producerId,
        producerEpoch: header.producerEpoch,
        baseSequence: header.baseSequence,
        transactional: header.isTransactional,
        control: header.isControl,
        size: header.end - header.start,
        records,
      }).toEqual(expected);
    }
  });

  it('finds them at any place of a larger frame', async () => {
    const { hex, batches } = named('zstd, transactional, several batches');
    const inner = bytesOf(hex);
    for (const before of [1, 2, 3, 7]) {
      const frame = new Uint8Array(inner.length + before + 9).fill(0xee);
      frame.set(inner, before);
      const read = readBatchHeaders(frame.subarray(1), before - 1, before - 1 + inner.length, true);
      expect(read).toMatchObject({ truncated: false, error: null });
      expect((await recordsOf(read.batches[2]!)).length).toBe(batches[2]!.records.length);
    }
  });

  it('[B37] leaves out a batch that is cut off, wherever the cut is', () => {
    const { hex, batches } = named('none, transactional, several batches');
    const bytes = bytesOf(hex);
    const ends = batches.map((_, i) => batches.slice(0, i + 1).reduce((sum, each) => sum + each.size, 0));
    for (let end = 0; end <= bytes.length; end++) {
      const read = readBatchHeaders(bytes, 0, end, true);
      expect(read.error).toBeNull();
      expect(read.batches).toHaveLength(ends.filter((each) => each <= end).length);
      expect(read.truncated).toBe(end !== 0 && !ends.includes(end));
    }
  });

  it('moves past gaps and batches without records by the header', async () => {
    const [gaps] = await readAll(bytesOf(named('gaps left by compaction').hex));
    expect(gaps!.header.nextOffset).toBe(401);
    expect(gaps!.records.map((record) => record.offset)).toEqual([102, 350]);
    const [emptied, next] = await readAll(bytesOf(named('no records left by compaction').hex));
    expect(emptied!.records).toEqual([]);
    expect(emptied!.header.nextOffset).toBe(next!.header.baseOffset);
  });
});

describe('record batches of the contract', () => {
  it('[B8] reads the ten records of a transactional xerial snappy batch', async () => {
    const [batch] = await readAll(b8);
    expect(b8).toHaveLength(175);
    expect(batch!.header).toMatchObject({
      crc: 2171068483,
      attributes: 0x12,
      isTransactional: true,
      producerId: 123456,
      producerEpoch: 123,
      baseSequence: 9999,
    });
    expect(batch!.records).toHaveLength(10);
    expect(batch!.records[9]).toEqual({
      offset: 9,
      timestamp: 10000008,
      key: hexOf(Buffer.from('test')),
      value: hexOf(Buffer.from('Super')),
      headers: [
        ['header1', hexOf(Buffer.from('aaa'))],
        ['header2', hexOf(Buffer.from('bbb'))],
      ],
    });
  });

  it.each([
    ['00000000', 0, 0],
    ['00000001', 0, 1],
    ['00010001', 1, 1],
    ['ffffffff', 65535, 65535],
    ['00ff0000', 255, 0],
  ])('[B14] control key %s is version %i, type %i', (hex, version, type) => {
    expect(parseControlRecord(bytesOf(hex))).toEqual({ version, type });
  });

  it('[B14] reads commit and abort markers of a broker', async () => {
    const read = await readAll(bytesOf(named('control batches').hex));
    const types = read.map(({ records }) => parseControlRecord(bytesOf(records[0]!.key!)).type);
    expect(types).toEqual([controlType.commit, controlType.abort]);
  });

  it('[B14] a key that is too short is a decode error', () => {
    expect(() => parseControlRecord(bytesOf('000000'))).toThrow(ProtocolDecodeError);
  });

  // length, attributes, timestamp delta, offset delta, key, value, headers
  it.each([
    ['a negative header count', '0c 00 00 00 01 01 01', 'headers'],
    ['a negative header name length', '10 00 00 00 01 01 02 01 00', 'header name'],
    ['more headers than bytes', '0c 00 00 00 01 01 08', 'headers'],
    ['a header value beyond the record', '12 00 00 00 01 01 02 02 61 04', 'header'],
    ['a record that ends before its parts', '0c 00 00 00 02 61 01 00', 'parts end'],
    ['a record that ends after its parts', '10 00 00 00 01 01 00 00 00', 'parts end'],
    ['a record beyond the batch', '7e 00 00 00 01 01 00', 'record of 63 bytes'],
    ['a record of negative length', '01 00 00 00 01 01 00', 'record of -1 bytes'],
    ['a key beyond the record', '0c 00 00 00 20 01 00', 'key of 16 bytes'],
    ['a value beyond the record', '0c 00 00 00 01 20 00', 'value of 16 bytes'],
    ['bytes after the last record', '0c 00 00 00 01 01 00 00', 'after its last record'],
    ['an offset beyond the header', '0c 00 00 02 01 01 00', 'offset delta 1'],
    ['a negative offset delta', '0c 00 00 01 01 01 00', 'offset delta -1'],
    ['a length without end', 'ff ff ff ff ff ff ff ff', 'more than 32 bits'],
    ['a timestamp without end', '20 00 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff', 'more than 64 bits'],
    ['a timestamp beyond 2^53', '1c 00 fe ff ff ff ff ff ff ff 7f 00 01 01 00', 'timestamp'],
  ])('[B30] %s is a corrupt record', async (_, hex, says) => {
    await expect(readAll(batchOf(hex))).rejects.toThrow(says);
    await expect(readAll(batchOf(hex))).rejects.toBeInstanceOf(ProtocolDecodeError);
  });

  it('[B30] reads the smallest record', async () => {
    const [batch] = await readAll(batchOf('0c 00 00 00 01 01 00'));
    expect(batch!.records).toEqual([{ offset: 0, timestamp: 0, key: null, value: null, headers: [] }]);
  });

  it('[B30] offsets that do not ascend are corrupt', async () => {
    const twice = batchOf('0c 00 00 00 01 01 00 0c 00 00 00 01 01 00', 2, 1);
    await expect(readAll(twice)).rejects.toThrow('offset delta 0 after 0');
  });
});

describe('damaged batches', () => {
  const good = bytesOf(named('none, transactional, several batches').hex);
  const size = named('none, transactional, several batches').batches[0]!.size;

  it('keeps the batches before one with a bad CRC', () => {
    const bytes = good.slice();
    bytes[size + 100]! ^= 1;
    const read = readBatchHeaders(bytes, 0, bytes.length, true);
    expect(read.batches).toHaveLength(1);
    expect(read.error).toBeInstanceOf(CrcMismatchError);
    expect(read.error!.offset).toBe(4_000_000_010);
    expect(readBatchHeaders(bytes, 0, bytes.length, false)).toMatchObject({ error: null, batches: { length: 3 } });
  });

  it.each<[string, (view: DataView) => void, string]>([
    [
      'a length that no batch can have',
      (view) => {
        view.setInt32(8, 48);
      },
      'length of 48',
    ],
    [
      'a negative length',
      (view) => {
        view.setInt32(8, -1);
      },
      'length of -1',
    ],
    [
      'the format of old brokers',
      (view) => {
        view.setInt8(16, 1);
      },
      'format v1',
    ],
    [
      'an unknown format',
      (view) => {
        view.setInt8(16, 3);
      },
      'format v3',
    ],
    [
      'a negative base offset',
      (view) => {
        view.setInt32(0, -1);
      },
      'base offset',
    ],
    [
      'a base offset beyond 2^53',
      (view) => {
        view.setInt32(0, 0x200000);
      },
      'base offset',
    ],
    [
      'a negative last offset delta',
      (view) => {
        view.setInt32(23, -1);
      },
      'last offset delta',
    ],
    [
      'a timestamp beyond 2^53',
      (view) => {
        view.setInt32(27, 0x7fffffff);
      },
      'base timestamp',
    ],
    [
      'more records than bytes',
      (view) => {
        view.setInt32(57, 0x7fffffff);
      },
      'claims 2147483647 records',
    ],
    [
      'a negative number of records',
      (view) => {
        view.setInt32(57, -1);
      },
      'claims -1 records',
    ],
  ])('refuses %s', (_, change, says) => {
    const bytes = tampered(good.slice(0, size), (copy) => {
      change(new DataView(copy.buffer));
    });
    const read = readBatchHeaders(bytes, 0, bytes.length, true);
    expect(read.batches).toEqual([]);
    expect(read.error).toBeInstanceOf(ProtocolDecodeError);
    expect(read.error!.message).toContain(says);
  });

  it('refuses a compressed batch that claims more records than it holds', async () => {
    const bytes = tampered(b8, (copy) => {
      new DataView(copy.buffer).setInt32(57, 0x7fffffff);
    });
    await expect(readAll(bytes)).rejects.toThrow('claims 2147483647 records');
  });

  it.each([5, 6, 7])('[B26] codec %i is refused', async (codec) => {
    const bytes = tampered(b8, (copy) => {
      copy[22] = codec;
    });
    await expect(readAll(bytes)).rejects.toThrow(`codec ${codec} is unknown`);
  });

  it('forgets its payload on release', async () => {
    const [batch] = readBatchHeaders(b8, 0, b8.length, true).batches;
    const payload = await payloadOf(batch!);
    const cursor = new RecordCursor();
    cursor.reset(payload, 0, payload.length, batch!);
    cursor.next();
    cursor.release();
    expect(cursor.bytes).toHaveLength(0);
    expect(cursor.next()).toBe(false);
  });
});

describe('hostile bytes', () => {
  // zstd's promises make its share slow: fewer runs each
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s: mutations end in records or a KafkaError', async (codec) => {
    const sources = goldens.filter((each) => each.name.startsWith(codec) && each.hex.length < 4000);
    const mutation = fc.record({
      source: fc.constantFrom(...sources),
      changes: fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fixCrc: fc.boolean(),
    });
    const started = process.hrtime.bigint();
    await fc.assert(
      fc.asyncProperty(mutation, async ({ source, changes, fixCrc }) => {
        const bytes = bytesOf(source.hex);
        for (const [at, value] of changes) bytes[21 + (at % (bytes.length - 21))] = value;
        if (fixCrc) {
          const size = source.batches[0]!.size;
          new DataView(bytes.buffer).setUint32(17, crc32c(bytes, 21, size));
        }
        const { batches, error } = readBatchHeaders(bytes, 0, bytes.length, fixCrc);
        if (error !== null) expect(KafkaError.is(error)).toBe(true);
        for (const header of batches) {
          const failure = await recordsOf(header).then(
            () => null,
            (thrown: unknown) => thrown,
          );
          if (failure !== null && !KafkaError.is(failure)) throw failure as Error;
        }
      }),
      { numRuns: codec === 'zstd' ? 150 : 500 },
    );
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(10_000);
  });

  it('arbitrary record bytes never read outside, loop, or throw anything but a KafkaError', () => {
    const cursor = new RecordCursor();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 80 }), fc.nat(8), (payload, count) => {
        const bytes = batchOf(hexOf(payload), Math.min(count, Math.floor(payload.length / 7)), 9);
        const [header] = readBatchHeaders(bytes, 0, bytes.length, true).batches;
        // a neighbour that would change the result if the cursor looked at it
        const frame = new Uint8Array([...bytes, ...new Uint8Array(32).fill(0)]);
        try {
          cursor.reset(frame, 61, bytes.length, header!);
          let rounds = 0;
          while (cursor.next()) {
            expect(++rounds).toBeLessThan(10);
            expect(cursor.recordEnd).toBeLessThanOrEqual(bytes.length);
            expect(cursor.valueStart + Math.max(0, cursor.valueLength)).toBeLessThanOrEqual(cursor.recordEnd);
            expect([...new LazyHeaders(cursor.bytes, cursor.headersStart, cursor.headerCount)]).toHaveLength(
              cursor.headerCount,
            );
          }
        } catch (error) {
          if (!KafkaError.is(error)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
