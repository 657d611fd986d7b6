import { type KafkaError } from '../errors/kafka-error.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type Hop } from './optional-package.js';

/** An answer of a codec; called once, never in the stack of the call, and not at all when the call returned bytes. */
export type CodecDone = (error: KafkaError | null, bytes: Uint8Array | null) => void;

/**
 * One compression format. Both directions answer at once where they can: bytes, or a thrown KafkaError. They return null
 * when a package must be imported first or works by promises, and call `done` later, through `hop`.
 */
export interface Codec {
  readonly id: number;
  readonly name: string;
  compress(bytes: Uint8Array, level: number | undefined, done: CodecDone, hop: Hop): Uint8Array | null;
  /** Never returns more than `limit` bytes, nor takes much more memory than that on the way to refusing. */
  decompress(bytes: Uint8Array, limit: number, done: CodecDone, hop: Hop): Uint8Array | null;
}

/** Bytes that are not what their codec says. */
export function corrupt(codec: string, what: string, cause?: unknown): ProtocolDecodeError {
  return new ProtocolDecodeError(`Batch compressed with ${codec} ${what}`, { cause });
}

/** A batch that would decompress to more than is allowed. */
export function oversized(codec: string, limit: number): ProtocolDecodeError {
  return corrupt(codec, `decompresses to more than ${limit} bytes, which no producer sends`);
}
