import { type Serde } from '../model/serde.js';
import { present, serde } from './serde.js';
import { decodeUtf8, encodeUtf8 } from './utf8-text.js';

/**
 * JSON as UTF-8. `parse` checks or converts what was read, so that `T` holds at run time too (zod's `schema.parse` fits).
 * Null bytes are an error: `nullable(json())` reads tombstones.
 * @public
 */
export function json<T = unknown>(parse?: (raw: unknown) => T): Serde<T> {
  return serde<T>(
    'json',
    (value) => {
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) throw new TypeError(`json cannot write ${typeof value}`);
      return encodeUtf8(text);
    },
    (bytes) => {
      const raw: unknown = JSON.parse(decodeUtf8(present(bytes, 'json')));
      return parse === undefined ? (raw as T) : parse(raw);
    },
  );
}
