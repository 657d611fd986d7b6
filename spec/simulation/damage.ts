import { decodeResponse } from '../../src/protocol/headers.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { type ProduceRequest } from '../../src/protocol/messages/produce.js';
import { type ClientProcess } from './client-process.js';
import { eachFrame, requestOf, type SentRequest } from './wire-tap.js';

/** Where the part of a record batch begins that its CRC covers. */
const covered = 21;

/** Damages an answer, if that is due and it is one of the kind: records behind their CRC, or the length of the frame. */
export function damageAnswer(process: ClientProcess, request: SentRequest | null, bytes: Uint8Array): void {
  // a peer that has not agreed on versions yet may be anything, and is taken for no broker at all
  if (process.damage === 'frame' && request !== null && request.api !== 'ApiVersions') {
    bytes[0] = 0x7f;
    done(process);
  } else if (process.damage === 'records read' && request?.api === 'Fetch') {
    const { body } = decodeResponse(fetchApi, request.apiVersion, bytes.subarray(4));
    for (const { partitions } of body.responses)
      for (const { records } of partitions) {
        if (!flip(process, records)) continue;
        process.readDamage = true;
        done(process);
        return;
      }
  }
}

/** Damages records on their way to a broker, if that is due. */
export function damageRequest(process: ClientProcess, bytes: Uint8Array): void {
  if (process.damage !== 'records written') return;
  eachFrame(bytes, (frame) => {
    const request = requestOf(frame);
    if (request.api !== 'Produce' || process.damage === null) return;
    const { topicData } = request.body() as ProduceRequest;
    if (flip(process, topicData[0]?.partitionData[0]?.records ?? null)) done(process);
  });
}

function flip(process: ClientProcess, records: Uint8Array | null): boolean {
  if (records === null || records.length <= covered) return false;
  // of the first batch, which is whole
  const size = 12 + new DataView(records.buffer, records.byteOffset).getInt32(8);
  const at = covered + Math.floor(process.random() * (Math.min(size, records.length) - covered));
  records[at]! ^= 1 + Math.floor(process.random() * 255);
  return true;
}

function done(process: ClientProcess): void {
  process.world.trace.note(`${process.name}: ${process.damage} damaged`);
  process.world.counts.add(`damaged: ${process.damage}`);
  process.damage = null;
}
