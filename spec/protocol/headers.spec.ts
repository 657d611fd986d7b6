import { ByteWriter } from '../../src/bytes/byte-writer.js';
import { ProtocolDecodeError } from '../../src/errors/protocol-error.js';
import { type Api } from '../../src/protocol/api.js';
import {
  decodeResponse,
  encodeRequest,
  readCorrelationId,
  requestHeaderVersion,
  responseHeaderVersion,
} from '../../src/protocol/headers.js';
import { addPartitionsToTxnApi } from '../../src/protocol/messages/add-partitions-to-txn.js';
import { apiVersionsApi } from '../../src/protocol/messages/api-versions.js';
import { endTxnApi } from '../../src/protocol/messages/end-txn.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { findCoordinatorApi } from '../../src/protocol/messages/find-coordinator.js';
import { initProducerIdApi } from '../../src/protocol/messages/init-producer-id.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';
import { produceApi } from '../../src/protocol/messages/produce.js';
import { saslHandshakeApi } from '../../src/protocol/messages/sasl-handshake.js';
import { fromHex, writeHex } from './support.js';

const hex = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString('hex');
/** The first bytes of a request after its length prefix. */
const headerOf = (
  api: Api<unknown, unknown>,
  version: number,
  correlationId: number,
  clientId: string | null,
  size: number,
) => hex(encodeRequest(api, version, correlationId, clientId, {})).slice(8, 8 + 2 * size);

describe('request header', () => {
  it('[B31] v1 is key, version, correlation id and client id, then comes the body', () => {
    const request = hex(encodeRequest(findCoordinatorApi, 0, 4, 'client3', { key: 'foo' }));
    expect(request).toBe('00000016' + '000a0000000000040007636c69656e7433' + '0003666f6f');
  });

  it.each([
    // what the Java client writes, see spec/goldens/protocol/regenerate.md
    ['v1', metadataApi, 5, 77, 'réx', '000300050000004d000472c3a978'],
    ['v1 without client id', metadataApi, 5, -1, null, '00030005ffffffffffff'],
    ['v2', fetchApi, 12, 2147483647, 'rx', '0001000c7fffffff0002727800'],
    ['v2 without client id', fetchApi, 12, 1, null, '0001000c00000001ffff00'],
  ] as const)('%s is what the Java client writes', (_, api, version, correlationId, clientId, expected) => {
    expect(headerOf(api, version, correlationId, clientId, expected.length / 2)).toBe(expected);
  });

  it('v0 has no client id and belongs to ControlledShutdown v0 alone', () => {
    const controlledShutdown: Api<object, object> = {
      key: 7,
      name: 'ControlledShutdown',
      minVersion: 0,
      maxVersion: 3,
      flexibleFrom: 3,
      request: { name: 'ControlledShutdownRequest', minVersion: 0, maxVersion: 3, flexibleFrom: 3, fields: [] },
      response: { name: 'ControlledShutdownResponse', minVersion: 0, maxVersion: 3, flexibleFrom: 3, fields: [] },
    };
    expect(hex(encodeRequest(controlledShutdown, 0, 9, 'rx', {}))).toBe('00000008' + '0007000000000009');
    expect([0, 1, 2, 3].map((version) => requestHeaderVersion(controlledShutdown, version))).toEqual([0, 1, 1, 2]);
  });

  it('[D#1085] turns to v2 where the API turns flexible, and never for one that does not', () => {
    expect(requestHeaderVersion(fetchApi, 11)).toBe(1);
    expect(requestHeaderVersion(fetchApi, 12)).toBe(2);
    expect(requestHeaderVersion(apiVersionsApi, 3)).toBe(2);
    expect(requestHeaderVersion(saslHandshakeApi, 1)).toBe(1);
  });

  it('counts chunks by reference in the length prefix and leaves them where they are', () => {
    const records = new Uint8Array(1000).fill(7);
    const more = new Uint8Array(2000).fill(8);
    const chunks = encodeRequest(produceApi, 9, 1, 'rx', {
      acks: -1,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: [records, more] }] }],
    });
    expect(chunks[1]).toBe(records);
    expect(chunks[2]).toBe(more);
    const whole = Buffer.concat(chunks);
    expect(whole.readInt32BE(0)).toBe(whole.length - 4);
  });
});

describe('[B32] request bodies', () => {
  const topic = { topics: [{ name: 't', partitions: [0, 1] }] };
  it.each([
    ['Metadata v0 of all topics', () => writeHex(metadataApi.request, 0, { topics: [] }), '00000000'],
    ['Metadata v1 of all topics', () => writeHex(metadataApi.request, 1, { topics: null }), 'ffffffff'],
    [
      'Metadata v4 of all topics with auto-creation',
      () => writeHex(metadataApi.request, 4, { topics: null, allowAutoTopicCreation: true }),
      'ffffffff01',
    ],
    [
      'Produce v3',
      () =>
        writeHex(produceApi.request, 3, {
          transactionalId: null,
          acks: 1,
          timeoutMs: 100,
          topicData: [{ name: 't', partitionData: [{ index: 0, records: Buffer.from('data') }] }],
        }),
      'ffff0001000000640000000100017400000001000000000000000464617461',
    ],
    [
      'Fetch v4',
      () =>
        writeHex(fetchApi.request, 4, {
          maxWaitMs: 500,
          minBytes: 1,
          maxBytes: 52428800,
          isolationLevel: 1,
          topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 5, partitionMaxBytes: 1048576 }] }],
        }),
      'ffffffff000001f4000000010320000001000000010001740000000100000000000000000000000500100000',
    ],
    [
      'InitProducerId v0',
      () => writeHex(initProducerIdApi.request, 0, { transactionalId: 'tx', transactionTimeoutMs: 60000 }),
      '000274780000ea60',
    ],
    [
      'AddPartitionsToTxn v0',
      () =>
        writeHex(addPartitionsToTxnApi.request, 0, {
          v3AndBelowTransactionalId: 'tx',
          v3AndBelowProducerId: 1,
          v3AndBelowProducerEpoch: 2,
          v3AndBelowTopics: topic.topics,
        }),
      '000274780000000000000001000200000001000174000000020000000000000001',
    ],
    [
      'EndTxn v0',
      () => writeHex(endTxnApi.request, 0, { transactionalId: 'tx', producerId: 1, producerEpoch: 2, committed: true }),
      '000274780000000000000001000201',
    ],
  ])('%s', (_, body, expected) => {
    expect(body()).toBe(expected);
  });
});

describe('response header', () => {
  const body = { throttleTimeMs: 5, errorCode: 0, sessionId: 3 };
  const frameOf = (header: string, api: Api<unknown, unknown>, version: number, value: object): Uint8Array =>
    fromHex(header + writeHex(api.response, version, value));

  it('v0 is the correlation id', () => {
    // Java: ResponseHeader v0 with 16909060
    const answer = decodeResponse(fetchApi, 11, frameOf('01020304', fetchApi, 11, body));
    expect(answer.correlationId).toBe(16909060);
    expect(answer.body.sessionId).toBe(3);
  });

  it('v1 has tagged fields, unknown ones are passed over', () => {
    for (const tags of ['00', '010002abcd', '020001ff0500']) {
      const answer = decodeResponse(fetchApi, 12, frameOf(`01020304${tags}`, fetchApi, 12, body));
      expect(answer.correlationId).toBe(16909060);
      expect(answer.body.throttleTimeMs).toBe(5);
    }
  });

  it('is v0 for ApiVersions in every version', () => {
    expect([0, 3, 4].map((version) => responseHeaderVersion(apiVersionsApi, version))).toEqual([0, 0, 0]);
    const frame = frameOf('00000007', apiVersionsApi, 4, { apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] });
    const answer = decodeResponse(apiVersionsApi, 4, frame);
    expect(answer.body.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
    expect(answer.body.finalizedFeaturesEpoch).toBe(-1);
  });

  it('leads to a v0 body when ApiVersions is answered with error 35', () => {
    const frame = frameOf('00000007', apiVersionsApi, 0, {
      errorCode: 35,
      apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 2 }],
    });
    const answer = decodeResponse(apiVersionsApi, 4, frame);
    expect(answer.body.errorCode).toBe(35);
    expect(answer.body.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 2 }]);
  });

  it('gives its correlation id without knowing the request', () => {
    expect(readCorrelationId(fromHex('fffffffe00'))).toBe(-2);
    expect(() => readCorrelationId(fromHex('fffffe'))).toThrow(ProtocolDecodeError);
  });

  it('gives records as views of the frame', () => {
    const records = new Uint8Array(700).fill(1);
    const writer = new ByteWriter();
    writer.int32(1);
    writer.raw(fromHex(writeHex(fetchApi.response, 11, { responses: [{ topic: 't', partitions: [{ records }] }] })));
    const frame = writer.toBytes();
    const value = decodeResponse(fetchApi, 11, frame).body.responses[0]!.partitions[0]!.records!;
    expect(value.length).toBe(700);
    expect(value.buffer).toBe(frame.buffer);
  });
});
