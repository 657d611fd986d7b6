import { murmur2, toPositive } from '../codecs/murmur2.js';
import { type Bytes } from '../model/topic-partition.js';
import { type Part } from './waiting-record.js';

const encoder = new TextEncoder();
/** Longer texts take the encoder at once. */
const loopLimit = 64;

/**
 * The bytes of one key, encoded once: they are hashed here and then copied into the batch. Encoding into one buffer that
 * stays costs half of making bytes per record.
 */
export class KeyScratch {
  #buffer: Uint8Array = new Uint8Array(1024);
  #bytes: Bytes = this.#buffer;
  length = 0;

  /** Loads a key that is not null. */
  load(key: string | Bytes): void {
    if (typeof key !== 'string') {
      this.#bytes = key;
      this.length = key.length;
      return;
    }
    const worst = key.length * 3;
    if (worst > this.#buffer.length) this.#buffer = new Uint8Array(worst * 2);
    this.#bytes = this.#buffer;
    this.length = this.#encode(key);
  }

  /** The partition that the Java client chooses for this key. */
  partition(partitions: number): number {
    return toPositive(murmur2(this.#bytes, 0, this.length)) % partitions;
  }

  /** A copy for whoever keeps it. */
  copy(): Bytes {
    return this.#bytes.slice(0, this.length);
  }

  #encode(key: string): number {
    const { length } = key;
    const buffer = this.#buffer;
    if (length > loopLimit) return encoder.encodeInto(key, buffer).written;
    for (let index = 0; index < length; index++) {
      const unit = key.charCodeAt(index);
      if (unit > 127) return encoder.encodeInto(key, buffer).written;
      buffer[index] = unit;
    }
    return length;
  }
}

/** Does a partition have to be computed from this key? */
export function isKeyed(key: Part): key is string | Bytes {
  return key !== null;
}
