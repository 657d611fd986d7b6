import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ByteReader } from '../../src/bytes/byte-reader.js';
import { ByteWriter } from '../../src/bytes/byte-writer.js';
import { type Input, type MessageTable } from '../../src/protocol/api.js';
import { readMessage, writeMessage } from '../../src/protocol/interpreter.js';
import { consumerProtocolAssignment } from '../../src/protocol/messages/consumer-protocol-assignment.js';
import { consumerProtocolSubscription } from '../../src/protocol/messages/consumer-protocol-subscription.js';
import { allApis } from '../../src/protocol/messages/index.js';
import { projectRoot } from '../support/project-root.js';

/** What the Java client wrote for a message, see spec/goldens/protocol/regenerate.md. */
export interface Golden {
  readonly message: string;
  readonly version: number;
  readonly json: Record<string, unknown>;
  readonly bytes: Uint8Array;
}

export function loadGoldens(): Golden[] {
  const file = join(projectRoot(), 'spec/goldens/protocol/messages.jsonl.gz');
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [message, version, json, base64] = JSON.parse(line) as [string, number, Record<string, unknown>, string];
    return { message, version, json, bytes: new Uint8Array(Buffer.from(base64, 'base64')) };
  });
}

/** All tables there are, by the name of the message. */
export const tables: ReadonlyMap<string, MessageTable> = new Map(
  [
    ...allApis.flatMap((api): MessageTable[] => [api.request, api.response]),
    consumerProtocolSubscription,
    consumerProtocolAssignment,
  ].map((table) => [table.name, table]),
);

export function write<T>(table: MessageTable<T>, version: number, value: NoInfer<Input<T>>): Uint8Array {
  const writer = new ByteWriter();
  writeMessage(table, version, value, writer);
  return writer.toBytes();
}

export function writeHex<T>(table: MessageTable<T>, version: number, value: NoInfer<Input<T>>): string {
  return Buffer.from(write(table, version, value)).toString('hex');
}

/** Reads and asks for the last byte to be used. */
export function read<T>(table: MessageTable<T>, version: number, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = readMessage(table, version, reader);
  if (reader.remaining !== 0) throw new Error(`${table.name} v${version}: ${reader.remaining} bytes left`);
  return value;
}

export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
