import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type Codec } from './codec.js';
import { gzip } from './gzip.js';
import { lz4 } from './lz4.js';
import { snappy } from './snappy.js';
import { zstd } from './zstd.js';

/** What a producer compresses with; the level means what the codec says. */
export interface Compression {
  readonly type: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly level?: number | undefined;
}

/**
 * A batch that decompresses to more than this is refused. Brokers take batches of 1 MiB by default, a hostile one of that
 * size could ask for a gigabyte.
 */
export const decompressionLimit: number = 256 * 1024 * 1024;

const codecs: readonly (Codec | null)[] = [null, gzip, snappy, lz4, zstd];

/** The codec of a batch's attributes, null for none. @throws ProtocolDecodeError for a number that Kafka has not assigned. */
export function codec(id: number): Codec | null {
  const found = codecs[id];
  if (found === undefined) throw new ProtocolDecodeError(`Compression codec ${id} is unknown to this client`);
  return found;
}

/** The codec by its option name, null for none. */
export function codecNamed(type: Compression['type']): Codec | null {
  return type === 'none' ? null : (codecs.find((each) => each?.name === type) ?? null);
}
