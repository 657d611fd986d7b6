import { ByteReader } from '../../src/bytes/byte-reader.js';
import { ByteWriter } from '../../src/bytes/byte-writer.js';
import { ZERO_UUID } from '../../src/bytes/uuid.js';
import { ProtocolDecodeError, UnsupportedVersionError } from '../../src/errors/protocol-error.js';
import { type MessageTable } from '../../src/protocol/api.js';
import { readMessage, writeMessage } from '../../src/protocol/interpreter.js';
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/consumer-group-heartbeat.js';
import { describeTopicPartitionsApi } from '../../src/protocol/messages/describe-topic-partitions.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { initProducerIdApi } from '../../src/protocol/messages/init-producer-id.js';
import { joinGroupApi } from '../../src/protocol/messages/join-group.js';
import { listOffsetsApi } from '../../src/protocol/messages/list-offsets.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';
import { offsetCommitApi } from '../../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../../src/protocol/messages/offset-fetch.js';
import { produceApi } from '../../src/protocol/messages/produce.js';
import { fromHex, read, write, writeHex } from './support.js';

describe('writing', () => {
  it('gives fields that are left out their default', () => {
    const value = read(fetchApi.request, 17, write(fetchApi.request, 17, { topics: [{ partitions: [{}] }] }));
    expect(value).toEqual({
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 0x7fffffff,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: '',
          topicId: ZERO_UUID,
          partitions: [
            {
              partition: 0,
              currentLeaderEpoch: -1,
              fetchOffset: 0,
              lastFetchedEpoch: -1,
              logStartOffset: -1,
              partitionMaxBytes: 0,
              replicaDirectoryId: ZERO_UUID,
              highWatermark: undefined,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    });
  });

  it('treats undefined like a field that is left out', () => {
    expect(writeHex(metadataApi.request, 8, { topics: undefined, allowAutoTopicCreation: undefined })).toBe(
      writeHex(metadataApi.request, 8, {}),
    );
  });

  it('drops an ignorable field that the version lacks', () => {
    const topics = [{ topic: 't', topicId: 'AAECAwQFBgcICQoLDA0ODw', partitions: [] }];
    expect(read(fetchApi.request, 12, write(fetchApi.request, 12, { topics })).topics[0]!.topicId).toBe(ZERO_UUID);
    expect(read(fetchApi.request, 13, write(fetchApi.request, 13, { topics })).topics[0]!.topic).toBe('');
  });

  it('refuses a field that matters where the version lacks it, unless it has its default', () => {
    expect(() => write(joinGroupApi.request, 4, { groupInstanceId: 'static' })).toThrow(UnsupportedVersionError);
    expect(() => write(joinGroupApi.request, 4, { groupInstanceId: null })).not.toThrow();
    expect(() => write(joinGroupApi.request, 5, { groupInstanceId: 'static' })).not.toThrow();
    expect(() => write(offsetFetchApi.request, 7, { groups: [{ groupId: 'g' }] })).toThrow(UnsupportedVersionError);
    expect(() => write(offsetFetchApi.request, 7, { groups: [] })).not.toThrow();
    expect(() => write(fetchApi.request, 14, { replicaState: { replicaId: 1 } })).toThrow(UnsupportedVersionError);
    expect(() => write(fetchApi.request, 14, { replicaState: { replicaId: -1 } })).not.toThrow();
    expect(() => write(fetchApi.request, 15, { replicaId: 1 })).toThrow(UnsupportedVersionError);
  });

  it('refuses null where the version has none', () => {
    expect(() => write(metadataApi.request, 0, { topics: null })).toThrow(UnsupportedVersionError);
    expect(() => write(joinGroupApi.request, 4, { groupId: null as never })).toThrow(UnsupportedVersionError);
    expect(() => write(metadataApi.request, 4, { topics: [null as never] })).toThrow(UnsupportedVersionError);
  });

  it('refuses versions the table lacks', () => {
    for (const version of [-1, 19, 1.5, Number.NaN]) {
      expect(() => write(fetchApi.request, version, {})).toThrow(UnsupportedVersionError);
      expect(() => read(fetchApi.response, version, new Uint8Array(99))).toThrow(UnsupportedVersionError);
    }
  });

  it('leaves out tagged fields that have their default, and only those', () => {
    const request = (partition: object): string =>
      writeHex(fetchApi.request, 18, { topics: [{ partitions: [partition] }] });
    const bare = request({});
    expect(request({ highWatermark: undefined, replicaDirectoryId: ZERO_UUID })).toBe(bare);
    // no tags of the partition, the topic; no forgotten topics; no rack; no tags of the request
    const rest = '00' + '01' + '01' + '00';
    expect(bare.endsWith('00' + rest)).toBe(true);
    expect(request({ highWatermark: 5 })).toBe(`${bare.slice(0, -10)}0101080000000000000005${rest}`);
    expect(request({ highWatermark: 0 })).toBe(`${bare.slice(0, -10)}0101080000000000000000${rest}`);
  });

  it('takes byte strings as lists of chunks', () => {
    const chunks = [Uint8Array.of(1), Uint8Array.of(2, 3)];
    const of = (records: Uint8Array | Uint8Array[]): string =>
      writeHex(produceApi.request, 9, { topicData: [{ name: 't', partitionData: [{ records }] }] });
    expect(of(chunks)).toBe(of(Uint8Array.of(1, 2, 3)));
    expect(of([])).toBe(of(new Uint8Array(0)));
    const joined = writeHex(joinGroupApi.request, 0, { protocols: [{ name: 'range', metadata: chunks }] });
    expect(joined).toBe(
      writeHex(joinGroupApi.request, 0, { protocols: [{ name: 'range', metadata: Uint8Array.of(1, 2, 3) }] }),
    );
  });

  it('writes nullable structs behind a byte that says whether they are there', () => {
    const without = writeHex(describeTopicPartitionsApi.request, 0, { cursor: null });
    const given = writeHex(describeTopicPartitionsApi.request, 0, { cursor: { topicName: 't', partitionIndex: 2 } });
    expect(without.endsWith('ff00')).toBe(true);
    expect(given.endsWith('01' + '0274' + '00000002' + '00' + '00')).toBe(true);
    expect(
      read(consumerGroupHeartbeatApi.response, 0, write(consumerGroupHeartbeatApi.response, 0, {})).assignment,
    ).toBe(null);
  });

  it('[B36] refuses a field name that the message does not have, when compiled', () => {
    // @ts-expect-error -- no such field
    write(metadataApi.request, 1, { topix: [] });
    // @ts-expect-error -- nor in a nested struct
    write(metadataApi.request, 1, { topics: [{ nam: 't' }] });
  });
});

describe('reading', () => {
  it('[B36] gives nested arrays as objects: Metadata v5 keeps racks, controller and in-sync replicas', () => {
    const partition = {
      errorCode: 0,
      partitionIndex: 0,
      leaderId: 1,
      replicaNodes: [1, 2],
      isrNodes: [1],
      offlineReplicas: [2],
    };
    const value = read(
      metadataApi.response,
      5,
      write(metadataApi.response, 5, {
        throttleTimeMs: 7,
        brokers: [
          { nodeId: 1, host: 'a', port: 9092, rack: 'west' },
          { nodeId: 2, host: 'b', port: 9093, rack: null },
        ],
        clusterId: 'c',
        controllerId: 2,
        topics: [
          { name: 't0', isInternal: false, partitions: [partition] },
          { name: 't1', isInternal: true, partitions: [{ ...partition, partitionIndex: 4 }] },
        ],
      }),
    );
    expect(value.brokers.map((broker) => broker.rack)).toEqual(['west', null]);
    expect(value.controllerId).toBe(2);
    expect(value.topics.map((topic) => topic.name)).toEqual(['t0', 't1']);
    expect(value.topics[1]!.partitions[0]).toEqual({ ...partition, partitionIndex: 4, leaderEpoch: -1 });
  });

  it('gives all versions of a struct the same keys in the same order', () => {
    const keys = [0, 4, 11, 12, 18].map((version) =>
      Object.keys(read(fetchApi.response, version, write(fetchApi.response, version, {}))),
    );
    expect(new Set(keys.map((list) => list.join())).size).toBe(1);
  });

  it('passes over unknown tagged fields and reads known ones', () => {
    const known = write(fetchApi.response, 16, { nodeEndpoints: [{ nodeId: 1, host: 'h', port: 2, rack: null }] });
    // the section of tagged fields is the last thing: count 1, tag 0, size 13
    const hex = Buffer.from(known).toString('hex');
    const at = hex.lastIndexOf('01000d');
    expect(at).toBeGreaterThan(0);
    const more = hex.slice(0, at) + '02' + hex.slice(at + 2) + '6303aabbcc';
    expect(read(fetchApi.response, 16, fromHex(more))).toEqual(read(fetchApi.response, 16, known));
  });

  it('refuses a tagged field whose size is not its own', () => {
    const known = write(fetchApi.response, 16, { nodeEndpoints: [{ nodeId: 1, host: 'h', port: 2, rack: null }] });
    const hex = Buffer.from(known).toString('hex');
    const at = hex.lastIndexOf('01000d');
    const wrong = `${hex.slice(0, at)}01000e${hex.slice(at + 6)}00`;
    expect(() => read(fetchApi.response, 16, fromHex(wrong))).toThrow(ProtocolDecodeError);
  });

  it('refuses null for an array that cannot be null', () => {
    expect(() => read(metadataApi.response, 0, fromHex('ffffffff00000000'))).toThrow(ProtocolDecodeError);
  });

  it('leaves what comes after the message to the caller', () => {
    const bytes = Uint8Array.of(...write(metadataApi.request, 1, { topics: null }), 42);
    const reader = new ByteReader(bytes);
    readMessage(metadataApi.request, 1, reader);
    expect(reader.int8()).toBe(42);
  });

  it('shares absent arrays and structs, which are therefore frozen', () => {
    const value = read(fetchApi.response, 4, write(fetchApi.response, 4, {}));
    expect(Object.isFrozen(value.nodeEndpoints)).toBe(true);
    const partition = read(fetchApi.response, 4, write(fetchApi.response, 4, { responses: [{ partitions: [{}] }] }));
    expect(Object.isFrozen(partition.responses[0]!.partitions[0]!.currentLeader)).toBe(true);
  });
});

describe('tables', () => {
  it('[N21] name the highest stable version, and know the unstable one', () => {
    expect(initProducerIdApi.maxVersion).toBe(5);
    expect(initProducerIdApi.request.maxVersion).toBe(6);
  });

  it('have the versions and fields that 4.0 removed', () => {
    expect([produceApi, fetchApi, offsetCommitApi, listOffsetsApi].map((api) => api.minVersion)).toEqual([0, 0, 0, 0]);
    const partitions = [{ partitionIndex: 1, timestamp: -1, maxNumOffsets: 3 }];
    expect(writeHex(listOffsetsApi.request, 0, { replicaId: -1, topics: [{ name: 't', partitions }] })).toBe(
      'ffffffff' + '00000001' + '000174' + '00000001' + '00000001' + 'ffffffffffffffff' + '00000003',
    );
    expect(
      writeHex(listOffsetsApi.request, 1, {
        replicaId: -1,
        topics: [{ name: 't', partitions: [{ partitionIndex: 1 }] }],
      }),
    ).toBe('ffffffff' + '00000001' + '000174' + '00000001' + '00000001' + '0000000000000000');
  });

  it('are compiled once per version', () => {
    let looks = 0;
    const table: MessageTable<{ a: number }> = {
      name: 'Counted',
      minVersion: 0,
      maxVersion: 0,
      flexibleFrom: Infinity,
      get fields() {
        looks++;
        return [['a', 'int8', '0+']] as const;
      },
    };
    for (let i = 0; i < 5; i++) {
      writeMessage(table, 0, { a: 1 }, new ByteWriter());
      expect(readMessage(table, 0, new ByteReader(Uint8Array.of(3)))).toEqual({ a: 3 });
    }
    expect(looks).toBe(2);
  });
});
