import { ZERO_UUID } from '../bytes/uuid.js';
import { type FieldTable, type FieldType } from './api.js';

/** A decoded struct before the compiler knows better. */
export type Struct = Record<string, unknown>;

/** One field as it is in one version. */
export interface FieldInVersion {
  readonly name: string;
  readonly type: FieldType;
  readonly array: boolean;
  readonly nullable: boolean;
  /** -1: not a tagged field in this version. */
  readonly tag: number;
  readonly table: FieldTable;
  readonly fields: readonly FieldTable[];
}

const noBytes: Uint8Array = new Uint8Array(0);
const noElements: readonly unknown[] = Object.freeze([]);
const noFields: readonly FieldTable[] = [];

/** Whether `version` is in `range`: `'3+'`, `'0-4'` or `'2'`; undefined holds nothing. */
export function inRange(range: string | undefined, version: number): boolean {
  if (range === undefined) return false;
  const from = Number.parseInt(range, 10);
  if (range.endsWith('+')) return version >= from;
  const dash = range.indexOf('-');
  return version >= from && version <= (dash < 0 ? from : Number(range.slice(dash + 1)));
}

export function isPresent(table: FieldTable, version: number): boolean {
  return inRange(table[2], version);
}

export function fieldInVersion(table: FieldTable, version: number): FieldInVersion {
  const [name, type, , options, fields] = table;
  const array = type.startsWith('[]');
  return {
    name,
    type: (array ? type.slice(2) : type) as FieldType,
    array,
    nullable: inRange(options?.nullable, version),
    tag: inRange(options?.tagged, version) ? options!.tag! : -1,
    table,
    fields: fields ?? noFields,
  };
}

/**
 * What reading gives for a field that is not there. Arrays and structs are shared between all messages, and frozen:
 * a Fetch response has three such structs in every partition.
 */
export function defaultOf(table: FieldTable): unknown {
  const [, type, , options, fields] = table;
  if (options !== undefined && 'default' in options) return options.default;
  if (type.startsWith('[]')) return noElements;
  switch (type) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID;
    case 'bytes':
      return noBytes;
    case 'records':
      return null;
    case 'struct':
      return Object.freeze(defaultStruct(fields ?? noFields));
    default:
      return 0;
  }
}

/** A struct with every field at its default; all structs of one table have their keys in the same order. */
function defaultStruct(fields: readonly FieldTable[]): Struct {
  const struct: Struct = {};
  for (const field of fields) struct[field[0]] = defaultOf(field);
  return struct;
}

/** Whether an input value means the default, so that leaving it out changes nothing. */
export function isDefault(table: FieldTable, value: unknown): boolean {
  if (value === undefined) return true;
  if (value === null || typeof value !== 'object') return value === defaultOf(table);
  // what is left is an array, a byte string or a struct, whose default is either null or the empty one
  if (table[3]?.default === null || table[1] === 'records') return false;
  if (value instanceof Uint8Array) return value.length === 0;
  if (Array.isArray(value)) {
    return table[1] === 'bytes' ? (value as Uint8Array[]).every((chunk) => chunk.length === 0) : value.length === 0;
  }
  return (table[4] ?? noFields).every((field) => isDefault(field, (value as Struct)[field[0]]));
}
