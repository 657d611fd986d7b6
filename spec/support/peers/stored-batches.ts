import { connect } from 'node:net';
import { withAdmin } from './kafkajs.js';
import { type PeerCodec, peerCodecs } from './peer-record.js';

/** What the log of a partition really holds, read by a bare Fetch v4: no client's word for it. */
export interface StoredBatch {
  readonly baseOffset: number;
  readonly recordCount: number;
  readonly codec: PeerCodec;
  readonly magic: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** The record batches of one partition from its beginning, up to 50 MiB. */
export async function storedBatches(
  bootstrapServers: string,
  topic: string,
  partition: number,
): Promise<readonly StoredBatch[]> {
  const leader = await withAdmin(bootstrapServers, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const { brokers } = await admin.describeCluster();
    const found = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader;
    return brokers.find(({ nodeId }) => nodeId === found);
  });
  if (leader === undefined) throw new Error(`${topic}-${partition} has no leader`);
  return parseBatches(await fetchRecords(leader.host, leader.port, topic, partition));
}

async function fetchRecords(host: string, port: number, topic: string, partition: number): Promise<Buffer> {
  const name = Buffer.from(topic);
  const request = Buffer.alloc(4 + 8 + 2 + 17 + 4 + 2 + name.length + 4 + 16);
  let at = request.writeInt32BE(request.length - 4, 0);
  at = request.writeInt16BE(1, at); // Fetch
  at = request.writeInt16BE(4, at);
  at = request.writeInt32BE(1, at); // correlation id
  at = request.writeInt16BE(-1, at); // no client id
  at = request.writeInt32BE(-1, at); // no replica
  at = request.writeInt32BE(500, at); // max wait
  at = request.writeInt32BE(0, at); // min bytes
  at = request.writeInt32BE(50 << 20, at);
  at = request.writeInt8(0, at); // read_uncommitted
  at = request.writeInt32BE(1, at);
  at = request.writeInt16BE(name.length, at);
  at += name.copy(request, at);
  at = request.writeInt32BE(1, at);
  at = request.writeInt32BE(partition, at);
  at = request.writeBigInt64BE(0n, at);
  request.writeInt32BE(50 << 20, at);
  const answer = await exchange(host, port, request);
  // correlation id, throttle time, one topic, its name, one partition, its index
  let read = 4 + 4 + 4 + 2 + name.length + 4 + 4;
  const errorCode = answer.readInt16BE(read);
  if (errorCode !== 0) throw new Error(`Fetch of ${topic}-${partition} answered error code ${errorCode}`);
  read += 2 + 8 + 8; // high watermark, last stable offset
  const aborted = answer.readInt32BE(read);
  read += 4 + Math.max(0, aborted) * 16;
  const length = answer.readInt32BE(read);
  return answer.subarray(read + 4, read + 4 + length);
}

function exchange(host: string, port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const chunks: Buffer[] = [];
    let size = 0;
    socket.setTimeout(10_000, () => {
      socket.destroy(new Error('The broker did not answer a Fetch within 10 s'));
    });
    socket.once('error', reject);
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size < 4) return;
      const all = Buffer.concat(chunks);
      if (all.length < 4 + all.readInt32BE(0)) return;
      socket.destroy();
      resolve(all.subarray(4));
    });
    socket.once('close', () => {
      reject(new Error('The broker closed the connection'));
    });
  });
}

function parseBatches(records: Buffer): readonly StoredBatch[] {
  const batches: StoredBatch[] = [];
  for (let at = 0; at + 61 <= records.length;) {
    const end = at + 12 + records.readInt32BE(at + 8);
    if (end > records.length) break; // the broker cut the last one off at the limit
    batches.push({
      baseOffset: Number(records.readBigInt64BE(at)),
      magic: records.readInt8(at + 16),
      codec: peerCodecs[records.readInt16BE(at + 21) & 7] ?? 'none',
      producerId: Number(records.readBigInt64BE(at + 43)),
      producerEpoch: records.readInt16BE(at + 51),
      baseSequence: records.readInt32BE(at + 53),
      recordCount: records.readInt32BE(at + 57),
    });
    at = end;
  }
  return batches;
}
