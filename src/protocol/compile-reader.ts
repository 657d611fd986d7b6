import { type ByteReader } from '../bytes/byte-reader.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type FieldTable, type FieldType } from './api.js';
import { defaultOf, type FieldInVersion, fieldInVersion, isPresent, type Struct } from './field-table.js';

type Read = (reader: ByteReader) => unknown;

/** How one type is read in one version, and the fewest bytes it takes. */
interface ReadPlan {
  readonly read: Read;
  readonly minSize: number;
}

export type StructReader = (reader: ByteReader) => Struct;

/** The reader of a struct in one version; `flexible` is the version's, for all that is in it. */
export function compileReader(fields: readonly FieldTable[], version: number, flexible: boolean): StructReader {
  return structPlan(fields, version, flexible).read as StructReader;
}

function structPlan(fields: readonly FieldTable[], version: number, flexible: boolean): ReadPlan {
  // every struct gets all fields in the order of the table, those that this version lacks with their default, so that the
  // structs of all versions share the order of their keys. One after the other: V8 copies a template slower than that
  const names: string[] = [];
  const reads: Read[] = [];
  const tagged: (FieldInVersion & { readonly read: Read })[] = [];
  let minSize = flexible ? 1 : 0;
  for (const table of fields) {
    const field = isPresent(table, version) ? fieldInVersion(table, version) : null;
    names.push(table[0]);
    if (field !== null && field.tag < 0) {
      const plan = valuePlan(field, version, flexible);
      reads.push(plan.read);
      minSize += plan.minSize;
    } else {
      const value = defaultOf(table);
      reads.push(() => value);
      if (field !== null) tagged.push({ ...field, read: valuePlan(field, version, flexible).read });
    }
  }
  const count = names.length;
  const read = (reader: ByteReader): Struct => {
    const struct: Struct = {};
    for (let i = 0; i < count; i++) struct[names[i]!] = reads[i]!(reader);
    if (flexible) {
      if (tagged.length === 0) reader.skipTags();
      else readTagged(reader, tagged, struct);
    }
    return struct;
  };
  return { read, minSize };
}

function readTagged(
  reader: ByteReader,
  tagged: readonly (FieldInVersion & { readonly read: Read })[],
  struct: Struct,
): void {
  for (let count = reader.uvarint(); count > 0; count--) {
    const tag = reader.uvarint();
    const size = reader.uvarint();
    const field = tagged.find((candidate) => candidate.tag === tag);
    if (field === undefined) {
      reader.skip(size);
      continue;
    }
    const end = reader.position + size;
    struct[field.name] = field.read(reader);
    if (reader.position !== end) {
      throw new ProtocolDecodeError(`Tagged field ${field.name} does not take the ${size} bytes it claims`);
    }
  }
}

function valuePlan(field: FieldInVersion, version: number, flexible: boolean): ReadPlan {
  if (!field.array) return elementPlan(field, field.nullable, version, flexible);
  const element = elementPlan(field, false, version, flexible);
  // an element of no bytes at all still counts one, or a few bytes could ask for any number of them
  const elementSize = Math.max(1, element.minSize);
  const { name, nullable } = field;
  const readElement = element.read;
  const read = (reader: ByteReader): unknown[] | null => {
    const length = flexible ? reader.compactArrayLength(elementSize) : reader.arrayLength(elementSize);
    if (length === -1) {
      if (nullable) return null;
      throw new ProtocolDecodeError(`Field ${name} is null where the protocol has an array`);
    }
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(readElement(reader));
    return array;
  };
  return { read, minSize: flexible ? 1 : 4 };
}

function elementPlan(field: FieldInVersion, nullable: boolean, version: number, flexible: boolean): ReadPlan {
  if (field.type !== 'struct') return primitives(field.type, nullable, flexible);
  const plan = structPlan(field.fields, version, flexible);
  if (!nullable) return plan;
  const { read } = plan;
  return { read: (reader) => (reader.int8() < 0 ? null : read(reader)), minSize: 1 };
}

function primitives(type: FieldType, nullable: boolean, flexible: boolean): ReadPlan {
  switch (type) {
    case 'bool':
      return { read: (reader) => reader.bool(), minSize: 1 };
    case 'int8':
      return { read: (reader) => reader.int8(), minSize: 1 };
    case 'int16':
      return { read: (reader) => reader.int16(), minSize: 2 };
    case 'uint16':
      return { read: (reader) => reader.uint16(), minSize: 2 };
    case 'int32':
      return { read: (reader) => reader.int32(), minSize: 4 };
    case 'int64':
      return { read: (reader) => reader.int64(), minSize: 8 };
    case 'float64':
      return { read: (reader) => reader.float64(), minSize: 8 };
    case 'uuid':
      return { read: (reader) => reader.uuid(), minSize: 16 };
    case 'string':
      return flexible
        ? {
            read: nullable ? (reader) => reader.compactNullableString() : (reader) => reader.compactString(),
            minSize: 1,
          }
        : { read: nullable ? (reader) => reader.nullableString() : (reader) => reader.string(), minSize: 2 };
    case 'bytes':
    case 'records':
      return flexible
        ? { read: nullable ? (reader) => reader.compactNullableBytes() : (reader) => reader.compactBytes(), minSize: 1 }
        : { read: nullable ? (reader) => reader.nullableBytes() : (reader) => reader.bytes(), minSize: 4 };
    case 'struct':
      throw new TypeError('A struct is no primitive');
  }
}
