import { type Serde } from '../model/serde.js';
import { present, serde } from './serde.js';
import { decodeUtf8, encodeUtf8 } from './utf8-text.js';

/**
 * Text as UTF-8, like Java's StringSerializer. The Kafka producer knows this object and encodes its text straight into the
 * batch. Malformed bytes read as U+FFFD.
 * @public
 */
export const utf8: Serde<string> = serde<string>(
  'utf8',
  (value) => {
    if (typeof value !== 'string') throw new TypeError(`utf8 writes strings, not ${nameOf(value)}`);
    return encodeUtf8(value);
  },
  (bytes) => decodeUtf8(present(bytes, 'utf8')),
);

function nameOf(value: unknown): string {
  return value === null ? 'null, nullable(utf8) does' : typeof value;
}
