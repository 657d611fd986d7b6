declare const shape: unique symbol;

/** Wire type of a field; `[]` before it makes an array. */
export type FieldType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'
  | 'struct';

export interface FieldOptions {
  /** Versions in which the field may be null. */
  readonly nullable?: string;
  /** Versions in which it is a tagged field, and its tag. */
  readonly tagged?: string;
  readonly tag?: number;
  /** What an absent field means; undefined: a default this library cannot hold, written by omission only. */
  readonly default?: boolean | number | string | null | undefined;
  /** A value given to a version without the field is dropped instead of refused. */
  readonly ignorable?: true;
}

/** One field: name, type, versions (`'3+'`, `'0-4'`, `'2'`), options, and for a struct its own fields. */
export type FieldTable = readonly [
  name: string,
  type: FieldType | `[]${FieldType}`,
  versions: string,
  options?: FieldOptions,
  fields?: readonly FieldTable[],
];

/** A message as data: all its versions in one table. `T` is what reading it returns. */
export interface MessageTable<T = unknown> {
  readonly name: string;
  readonly minVersion: number;
  /** Highest version in the table, stable or not. */
  readonly maxVersion: number;
  /** First version with compact types and tagged fields, Infinity if none. */
  readonly flexibleFrom: number;
  readonly fields: readonly FieldTable[];
  /** Carries `T` for the compiler only. */
  readonly [shape]?: T;
}

/** A request and its response. */
export interface Api<Req, Res> {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  /** Highest stable version. */
  readonly maxVersion: number;
  readonly flexibleFrom: number;
  readonly request: MessageTable<Req>;
  readonly response: MessageTable<Res>;
}

/**
 * What may be written where `T` is read: any field may be left out and is then written with its default, arrays may be
 * readonly, and byte strings may come as a list of chunks, which are sent without being copied.
 */
export type Input<T> = T extends Uint8Array
  ? Uint8Array | readonly Uint8Array[]
  : T extends readonly (infer E)[]
    ? readonly Input<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: Input<T[K]> | undefined }
      : T;
