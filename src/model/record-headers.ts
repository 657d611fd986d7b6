import type { Bytes } from './topic-partition.js';

/** A header value accepted when producing; text is encoded as UTF-8. @public */
export type HeaderValue = string | Bytes | null;

/** Everything `headers` accepts when producing. An undefined value of a plain object leaves the header out. @public */
export type RecordHeadersInit =
  | RecordHeaders
  | Iterable<readonly [name: string, value: HeaderValue]>
  | Readonly<Record<string, HeaderValue | undefined>>;

/**
 * Headers of a record, in the order in which they were written; names may repeat (KIP-82).
 * @public
 */
export interface RecordHeaders extends Iterable<readonly [name: string, value: Bytes | null]> {
  /** How many headers there are. */
  readonly size: number;
  /** The last value of that name: null where the header has no value, undefined where there is no such header. */
  get(name: string): Bytes | null | undefined;
  /** All values of that name, in order. */
  getAll(name: string): readonly (Bytes | null)[];
  /** The last value of that name as UTF-8 text. */
  text(name: string): string | null | undefined;
  /** Whether there is a header of that name. */
  has(name: string): boolean;
}
