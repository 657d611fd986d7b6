import { type ConsumerRecord } from '../model/consumer-record.js';

/** A record as plain data that pins nothing: bytes become base64, a value that does not decode says why. */
export function plainRecord(record: ConsumerRecord<unknown, unknown>): object {
  const { topic, partition, offset, timestamp, timestampType, leaderEpoch } = record;
  return {
    topic,
    partition,
    offset,
    timestamp,
    timestampType,
    leaderEpoch,
    key: part(record, 'key'),
    value: part(record, 'value'),
    headers: headerTexts(record),
  };
}

function part(record: ConsumerRecord<unknown, unknown>, name: 'key' | 'value'): unknown {
  let decoded: unknown;
  try {
    decoded = record[name];
  } catch (error) {
    const bytes = name === 'key' ? record.keyBytes : record.valueBytes;
    return { error: error instanceof Error ? error.message : String(error), bytes: bytes && base64(bytes) };
  }
  return decoded instanceof Uint8Array ? base64(decoded) : decoded;
}

function headerTexts(record: ConsumerRecord<unknown, unknown>): unknown[] {
  const decoder = new TextDecoder();
  return [...record.headers].map(([name, value]) => [name, value === null ? null : decoder.decode(value)]);
}

function base64(bytes: Uint8Array): string {
  let text = '';
  // in pieces: the argument list of fromCharCode is bounded
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
