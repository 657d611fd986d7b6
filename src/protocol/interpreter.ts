import { type ByteReader } from '../bytes/byte-reader.js';
import { type ByteWriter } from '../bytes/byte-writer.js';
import { UnsupportedVersionError } from '../errors/protocol-error.js';
import { type Input, type MessageTable } from './api.js';
import { compileReader, type StructReader } from './compile-reader.js';
import { compileWriter, type StructWriter } from './compile-writer.js';
import { type Struct } from './field-table.js';

const readers = new WeakMap<MessageTable, (StructReader | undefined)[]>();
const writers = new WeakMap<MessageTable, (StructWriter | undefined)[]>();

/**
 * Appends `value` as `version` of the message; fields left out are written with their default. Byte strings are sent
 * by reference and must not change until the bytes are written out.
 * @throws UnsupportedVersionError when the table has no such version, or when a field that matters has a value and the
 * version has no such field
 */
export function writeMessage<T>(
  table: MessageTable<T>,
  version: number,
  value: NoInfer<Input<T>>,
  writer: ByteWriter,
): void {
  const compiled = compiledVersions(writers, table);
  let write = compiled[version];
  if (write === undefined) {
    checkVersion(table, version);
    write = compileWriter(table.fields, version, version >= table.flexibleFrom, table.name);
    compiled[version] = write;
  }
  write(writer, value as Struct);
}

/**
 * Reads `version` of the message. Every field of `T` is there: what the version lacks has its default, which may be an
 * object shared with other messages and is then frozen. Byte strings are views of the reader's array. Unknown tagged
 * fields are passed over.
 * @throws ProtocolDecodeError when the bytes are not such a message
 * @throws UnsupportedVersionError when the table has no such version
 */
export function readMessage<T>(table: MessageTable<T>, version: number, reader: ByteReader): T {
  const compiled = compiledVersions(readers, table);
  let read = compiled[version];
  if (read === undefined) {
    checkVersion(table, version);
    read = compileReader(table.fields, version, version >= table.flexibleFrom);
    compiled[version] = read;
  }
  return read(reader) as T;
}

function compiledVersions<C>(cache: WeakMap<MessageTable, (C | undefined)[]>, table: MessageTable): (C | undefined)[] {
  let compiled = cache.get(table);
  if (compiled === undefined) {
    compiled = new Array<C | undefined>(table.maxVersion + 1).fill(undefined);
    cache.set(table, compiled);
  }
  return compiled;
}

function checkVersion(table: MessageTable, version: number): void {
  if (!Number.isInteger(version) || version < table.minVersion || version > table.maxVersion) {
    throw new UnsupportedVersionError(
      `${table.name} v${version} is unknown, versions ${table.minVersion} to ${table.maxVersion} are supported`,
    );
  }
}
