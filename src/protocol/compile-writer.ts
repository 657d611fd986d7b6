import { type ByteWriter } from '../bytes/byte-writer.js';
import { UnsupportedVersionError } from '../errors/protocol-error.js';
import { type FieldTable, type FieldType } from './api.js';
import { defaultOf, type FieldInVersion, fieldInVersion, isDefault, isPresent, type Struct } from './field-table.js';

type Write = (writer: ByteWriter, value: unknown) => void;

export type StructWriter = (writer: ByteWriter, value: Struct) => void;

interface TaggedWrite {
  readonly tag: number;
  readonly name: string;
  readonly table: FieldTable;
  readonly write: Write;
}

/** The writer of a struct in one version; `message` and `version` are for error texts. */
export function compileWriter(
  fields: readonly FieldTable[],
  version: number,
  flexible: boolean,
  message: string,
): StructWriter {
  const names: string[] = [];
  const writes: Write[] = [];
  const defaults: unknown[] = [];
  const tagged: TaggedWrite[] = [];
  const refused: FieldTable[] = [];
  for (const table of fields) {
    if (!isPresent(table, version)) {
      if (table[3]?.ignorable !== true) refused.push(table);
      continue;
    }
    const field = fieldInVersion(table, version);
    const write = valueWriter(field, version, flexible, message);
    if (field.tag >= 0) {
      tagged.push({ tag: field.tag, name: field.name, table, write });
    } else {
      names.push(field.name);
      writes.push(write);
      defaults.push(defaultOf(table));
    }
  }
  tagged.sort((a, b) => a.tag - b.tag);
  const count = names.length;
  return (writer, value) => {
    for (const table of refused) {
      if (!isDefault(table, value[table[0]])) {
        throw new UnsupportedVersionError(
          `${message} v${version} has no field ${table[0]}, leave it out or use another version`,
        );
      }
    }
    for (let i = 0; i < count; i++) {
      const given = value[names[i]!];
      writes[i]!(writer, given === undefined ? defaults[i] : given);
    }
    if (flexible) writeTagged(writer, tagged, value);
  };
}

function writeTagged(writer: ByteWriter, tagged: readonly TaggedWrite[], value: Struct): void {
  let count = 0;
  for (const field of tagged) if (!isDefault(field.table, value[field.name])) count++;
  writer.uvarint(count);
  if (count === 0) return;
  for (const field of tagged) {
    const given = value[field.name];
    if (isDefault(field.table, given)) continue;
    writer.uvarint(field.tag);
    const start = writer.size;
    field.write(writer, given);
    writer.insertSize(start);
  }
}

function valueWriter(field: FieldInVersion, version: number, flexible: boolean, message: string): Write {
  if (!field.array) return elementWriter(field, field.nullable, version, flexible, message);
  const element = elementWriter(field, false, version, flexible, message);
  const { nullable } = field;
  return (writer, value) => {
    if (value === null && !nullable) throw unexpectedNull(field, version, message);
    const elements = value as readonly unknown[] | null;
    const length = elements === null ? -1 : elements.length;
    if (flexible) writer.compactArrayLength(length);
    else writer.arrayLength(length);
    for (let i = 0; i < length; i++) element(writer, elements![i]);
  };
}

function elementWriter(
  field: FieldInVersion,
  nullable: boolean,
  version: number,
  flexible: boolean,
  message: string,
): Write {
  if (field.type === 'struct') {
    const write = compileWriter(field.fields, version, flexible, message);
    return (writer, value) => {
      if (value === null && !nullable) throw unexpectedNull(field, version, message);
      if (nullable) writer.int8(value === null ? -1 : 1);
      if (value !== null) write(writer, value as Struct);
    };
  }
  const write = primitives(field.type, flexible);
  if (nullable) return write;
  return (writer, value) => {
    if (value === null) throw unexpectedNull(field, version, message);
    write(writer, value);
  };
}

function primitives(type: FieldType, flexible: boolean): Write {
  switch (type) {
    case 'bool':
      return (writer, value) => {
        writer.bool(value as boolean);
      };
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'int64':
    case 'float64':
      return (writer, value) => {
        writer[type](value as number);
      };
    case 'uuid':
      return (writer, value) => {
        writer.uuid(value as string);
      };
    case 'string':
      return flexible
        ? (writer, value) => {
            writer.compactNullableString(value as string | null);
          }
        : (writer, value) => {
            writer.nullableString(value as string | null);
          };
    case 'bytes':
    case 'records':
      return (writer, value) => {
        writeBytes(writer, value as Uint8Array | readonly Uint8Array[] | null, flexible);
      };
    case 'struct':
      throw new TypeError('A struct is no primitive');
  }
}

function writeBytes(writer: ByteWriter, value: Uint8Array | readonly Uint8Array[] | null, flexible: boolean): void {
  let size = -1;
  if (value instanceof Uint8Array) size = value.length;
  else if (value !== null) size = value.reduce((sum, chunk) => sum + chunk.length, 0);
  if (flexible) writer.uvarint(size + 1);
  else writer.int32(size);
  if (value instanceof Uint8Array) writer.chunk(value);
  else if (value !== null) for (const chunk of value) writer.chunk(chunk);
}

function unexpectedNull(field: FieldInVersion, version: number, message: string): UnsupportedVersionError {
  return new UnsupportedVersionError(`${message} v${version} needs a value in field ${field.name}, not null`);
}
