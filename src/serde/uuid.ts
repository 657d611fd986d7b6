import { type Serde } from '../model/serde.js';
import { present, serde } from './serde.js';
import { decodeUtf8, encodeUtf8 } from './utf8-text.js';

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * A UUID as its 36 characters, which is how Java's UUIDSerializer writes it; read in either case, returned in lower case.
 * @public
 */
export const uuid: Serde<string> = serde<string>(
  'uuid',
  (value) => encodeUtf8(checked(value)),
  (bytes) => checked(decodeUtf8(present(bytes, 'uuid'))),
);

function checked(text: unknown): string {
  if (typeof text !== 'string' || !shape.test(text)) throw new Error('uuid takes 36 characters in the form 8-4-4-4-12');
  return text.toLowerCase();
}
