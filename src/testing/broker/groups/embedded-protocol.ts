import { ByteReader } from '../../../bytes/byte-reader.js';
import { ByteWriter } from '../../../bytes/byte-writer.js';
import { type Input, type MessageTable } from '../../../protocol/api.js';
import { readMessage, writeMessage } from '../../../protocol/interpreter.js';
import { consumerProtocolAssignment } from '../../../protocol/messages/consumer-protocol-assignment.js';
import { consumerProtocolSubscription } from '../../../protocol/messages/consumer-protocol-subscription.js';
import { type ClusterState } from '../cluster-state.js';
import { keyParts, partitionKey, type PartitionKey } from './consumer-member.js';

/** `protocolType` of groups whose members say and get what the tables below describe. @internal */
export const consumerProtocolType = 'consumer';

/** What a classic consumer says of itself when it joins. @internal */
export interface EmbeddedSubscription {
  readonly topics: readonly string[];
  readonly rackId: string | null;
  readonly owned: ReadonlySet<PartitionKey>;
}

interface NamedPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/**
 * A coordinator reads it where classic members meet those of KIP-848; otherwise it is opaque to it.
 * @throws ProtocolDecodeError @internal
 */
export function readSubscription(cluster: ClusterState, bytes: Uint8Array): EmbeddedSubscription {
  const { topics, rackId, ownedPartitions } = read(consumerProtocolSubscription, bytes);
  return { topics, rackId, owned: keysOf(cluster, ownedPartitions) };
}

/** @throws ProtocolDecodeError @internal */
export function readAssignment(cluster: ClusterState, bytes: Uint8Array): ReadonlySet<PartitionKey> {
  if (bytes.length === 0) return new Set<PartitionKey>();
  return keysOf(cluster, read(consumerProtocolAssignment, bytes).assignedPartitions);
}

/** Version 0, which every client reads. @internal */
export function writeAssignment(cluster: ClusterState, keys: Iterable<PartitionKey>): Uint8Array {
  const topics = new Map<string, number[]>();
  for (const { topicId, partition } of [...keys].map(keyParts)) {
    const name = cluster.topicsById.get(topicId)?.name;
    if (name !== undefined) topics.set(name, [...(topics.get(name) ?? []), partition]);
  }
  const value: Input<{ assignedPartitions: NamedPartitions[]; userData: Uint8Array | null }> = {
    assignedPartitions: [...topics].sort(byName).map(([topic, partitions]) => {
      return { topic, partitions: partitions.sort((a, b) => a - b) };
    }),
    userData: null,
  };
  const writer = new ByteWriter();
  writer.int16(0);
  writeMessage(consumerProtocolAssignment, 0, value as never, writer);
  return writer.toBytes();
}

function read<T>(table: MessageTable<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const version = Math.min(reader.int16(), table.maxVersion);
  return readMessage(table, version, reader);
}

/** Topics that do not exist are left out. */
function keysOf(cluster: ClusterState, topics: readonly NamedPartitions[]): ReadonlySet<PartitionKey> {
  return new Set(
    topics.flatMap(({ topic, partitions }) => {
      const id = cluster.topics.get(topic)?.id;
      return id === undefined ? [] : partitions.map((index) => partitionKey(id, index));
    }),
  );
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
