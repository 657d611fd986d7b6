import { deepStrictEqual, notDeepStrictEqual } from 'node:assert';
import { inspect } from 'node:util';
import { type FetchedRecord } from '../../src/consumer/fetched-record.js';
import { type ConsumerFlowOptions } from '../../src/consumer/flow-options.js';
import { DeserializationError } from '../../src/errors/client-errors.js';
import { bytes } from '../../src/serde/bytes.js';
import { json } from '../../src/serde/json.js';
import { utf8 } from '../../src/serde/utf8.js';
import { batchBytes, type RecordInit } from './support/batches.js';
import { FlowBench, Sink } from './support/flow-bench.js';

function fetched(
  records: readonly RecordInit[],
  options: Partial<ConsumerFlowOptions> = {},
  batch: object = {},
): FetchedRecord[] {
  const bench = new FlowBench(options);
  bench.brokers.topic('t', [1])[0]!.append(batchBytes({ base: 0, records, leaderEpoch: 3, ...batch }));
  const sink = new Sink();
  bench.open('t', 0).attachRecords(sink);
  bench.advance(20);
  return sink.records;
}

describe('FetchedRecord', () => {
  it('has its facts as own fields and decodes the rest [ST4]', () => {
    const [record] = fetched([{ key: 'käy', value: 'välue', timestamp: 1234, headers: { a: 'b' } }]);
    expect(Object.entries(record!)).toEqual([
      ['topic', 't'],
      ['partition', 0],
      ['offset', 0],
      ['timestamp', 1234],
      ['timestampType', 'createTime'],
      ['leaderEpoch', 3],
    ]);
    expect([record!.key, record!.value, record!.headers.text('a')]).toEqual(['käy', 'välue', 'b']);
    expect([record!.serializedKeySize, record!.serializedValueSize]).toEqual([4, 6]);
    expect(Buffer.from(record!.valueBytes!).toString()).toBe('välue');
  });

  it('[C29, S3, S9] tells null from empty, and the time the broker gave', () => {
    const options = { keyDeserializer: bytes, valueDeserializer: null };
    const [record, other] = fetched(
      [
        { key: null, value: '' },
        { key: '', value: null },
      ],
      options,
      { appendTime: 99 },
    );
    expect([record!.key, record!.value, record!.serializedKeySize]).toEqual([null, new Uint8Array(0), -1]);
    expect([other!.key, other!.value, other!.serializedValueSize]).toEqual([new Uint8Array(0), null, -1]);
    expect([record!.timestamp, record!.timestampType]).toEqual([99, 'logAppendTime']);
  });

  it('decodes once', () => {
    let calls = 0;
    const counting = {
      name: 'counting',
      deserialize: (data: Uint8Array | null): object => ({ call: ++calls, data }),
    };
    const [record] = fetched([{ value: 'x' }], { valueDeserializer: counting });
    expect(calls).toBe(0);
    expect(record!.value).toBe(record!.value);
    expect(calls).toBe(1);
  });

  it('gives deserializers topic, headers and part', () => {
    const seen: unknown[] = [];
    const looking = {
      name: 'looking',
      deserialize: (
        _: unknown,
        ctx: { topic: string; part: string; headers: { text(name: string): unknown } },
      ): null => {
        seen.push([ctx.topic, ctx.part, ctx.headers.text('h')]);
        return null;
      },
    };
    const options = { keyDeserializer: looking, valueDeserializer: looking };
    const [record] = fetched([{ key: 'k', value: 'v', headers: { h: '1' } }], options);
    expect([record!.key, record!.value]).toEqual([null, null]);
    expect(seen).toEqual([
      ['t', 'key', '1'],
      ['t', 'value', '1'],
    ]);
  });

  it('[D#R5] throws a DeserializationError with the bytes and the place, each time', () => {
    const [record] = fetched([{ key: 'k', value: '{' }], { valueDeserializer: json() });
    for (let i = 0; i < 2; i++) {
      const error = (() => {
        try {
          return record!.value;
        } catch (thrown) {
          return thrown;
        }
      })() as DeserializationError;
      expect(error).toBeInstanceOf(DeserializationError);
      expect(error).toMatchObject({ part: 'value', topic: 't', partition: 0, offset: 0 });
      expect(Buffer.from(error.valueBytes!).toString()).toBe('{');
      expect(Buffer.from(error.keyBytes!).toString()).toBe('k');
      expect(error.cause).toBeInstanceOf(SyntaxError);
    }
  });

  it('refuses null where text is asked for', () => {
    const [record] = fetched([{ value: null }], { valueDeserializer: utf8 });
    expect(() => record!.value).toThrow(DeserializationError);
  });

  it('[E10] is its own lease, and shares with its batch what is the same for all', () => {
    const [one, other] = fetched([{ value: 'a' }, { value: 'b' }]) as [FetchedRecord, FetchedRecord];
    expect(one.lease).toBe(one);
    expect(other.lease.partitions).toBe(one.lease.partitions);
    // facts only: no function, no state of the lease, nothing decoded before it is asked for
    for (const value of Object.values(one)) expect(['string', 'number']).toContain(typeof value);
    expect(Reflect.ownKeys(one)).toEqual(Object.keys(other));
    expect(Object.getPrototypeOf(one)).toBe(Object.getPrototypeOf(other));
  });

  it('differs from another record, and equals the same one fetched again', () => {
    const one = fetched([{ value: 'a' }, { value: 'a' }]);
    const again = fetched([{ value: 'a' }, { value: 'a' }]);
    notDeepStrictEqual(one[0], one[1]);
    deepStrictEqual(one[0], again[0]);
    // having read a value changes nothing
    expect(one[1]!.value).toBe('a');
    deepStrictEqual(one[1], again[1]);
  });

  it('shows plain data to JSON and inspect, also when the value does not decode', () => {
    const init = { key: 'k', value: 'v', timestamp: 5, headers: { h: 'x' } };
    const [record] = fetched([init], { valueDeserializer: null });
    const plain = {
      topic: 't',
      partition: 0,
      offset: 0,
      timestamp: 5,
      timestampType: 'createTime',
      leaderEpoch: 3,
      key: 'k',
      value: 'dg==',
      headers: [['h', 'x']],
    };
    expect(JSON.parse(JSON.stringify(record))).toEqual(plain);
    expect(inspect(record)).toContain("headers: [ [ 'h', 'x' ] ]");
    const [broken] = fetched([{ value: '{' }], { valueDeserializer: json() });
    expect(JSON.stringify(broken)).toContain('"bytes":"ew=="');
  });

  it('detaches from the fetch answer and keeps key, value, headers and lease', () => {
    const [record, other] = fetched([{ key: 'k', value: 'v', headers: { a: '1', b: '' } }, { value: 'w' }]);
    const copy = record!.detach();
    expect(copy.valueBytes!.buffer).not.toBe(record!.valueBytes!.buffer);
    expect(copy.valueBytes!.buffer.byteLength).toBeLessThan(20);
    expect([copy.key, copy.value, ...copy.headers].length).toBe(4);
    expect([copy.headers.text('a'), copy.headers.text('b'), copy.offset]).toEqual(['1', '', 0]);
    deepStrictEqual(copy, record);
    expect([copy.lease.ack(), record!.lease.ack(), other!.lease.state]).toEqual(['accepted', 'duplicate', 'open']);
    const [bare] = fetched([{ key: null, value: null }], { valueDeserializer: null });
    expect(bare!.detach().value).toBeNull();
  });
});
