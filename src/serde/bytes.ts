import { type Serde } from '../model/serde.js';
import { type Bytes } from '../model/topic-partition.js';
import { serde } from './serde.js';

/** Bytes as they are, null included: what a client without serializers uses. @public */
export const bytes: Serde<Bytes | null> = serde<Bytes | null>(
  'bytes',
  (value) => {
    if (value !== null && !(value instanceof Uint8Array)) {
      throw new TypeError(`bytes writes Uint8Array or null, not ${typeof value}`);
    }
    return value;
  },
  (value) => value,
);
