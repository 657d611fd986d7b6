import { ByteReader } from '../../src/bytes/byte-reader.js';
import { ByteWriter } from '../../src/bytes/byte-writer.js';
import { type Input, type MessageTable } from '../../src/protocol/api.js';
import { readMessage, writeMessage } from '../../src/protocol/interpreter.js';
import { consumerProtocolAssignment } from '../../src/protocol/messages/consumer-protocol-assignment.js';
import { consumerProtocolSubscription } from '../../src/protocol/messages/consumer-protocol-subscription.js';
import { fromHex } from './support.js';

/** On the wire the version comes first. */
function versioned<T>(table: MessageTable<T>, version: number, value: NoInfer<Input<T>>): string {
  const writer = new ByteWriter();
  writer.int16(version);
  writeMessage(table, version, value, writer);
  return Buffer.from(writer.toBytes()).toString('hex');
}

describe('[B33] consumer protocol', () => {
  const noUserData = new Uint8Array(0);

  it('writes a subscription of two topics', () => {
    const value = { topics: ['t0', 't1'], userData: noUserData };
    expect(versioned(consumerProtocolSubscription, 0, value)).toBe('000000000002000274300002743100000000');
  });

  it.each([
    ['C0', [0, 2], [1], '0000000000020002743000000002000000000000000200027431000000010000000100000000'],
    ['C1', [1], [0, 2], '0000000000020002743000000001000000010002743100000002000000000000000200000000'],
  ])('writes and reads the assignment of %s', (_, t0, t1, expected) => {
    const assignedPartitions = [
      { topic: 't0', partitions: t0 },
      { topic: 't1', partitions: t1 },
    ];
    expect(versioned(consumerProtocolAssignment, 0, { assignedPartitions, userData: noUserData })).toBe(expected);
    const reader = new ByteReader(fromHex(expected));
    const value = readMessage(consumerProtocolAssignment, reader.int16(), reader);
    expect(value.assignedPartitions).toEqual(assignedPartitions);
    expect(value.userData).toHaveLength(0);
    expect(reader.remaining).toBe(0);
  });
});

describe('consumer protocol', () => {
  it('reads what it wrote, versions above 0 with owned partitions', () => {
    const bytes = versioned(consumerProtocolSubscription, 3, {
      topics: ['t'],
      userData: null,
      ownedPartitions: [{ topic: 't', partitions: [2] }],
      generationId: 5,
      rackId: 'r',
    });
    const reader = new ByteReader(fromHex(bytes));
    const version = reader.int16();
    expect(readMessage(consumerProtocolSubscription, version, reader)).toEqual({
      topics: ['t'],
      userData: null,
      ownedPartitions: [{ topic: 't', partitions: [2] }],
      generationId: 5,
      rackId: 'r',
    });
  });
});
