import { UsageError } from '../errors/usage-error.js';

/** The id that means "none", in Kafka's base64url form. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const values: Int8Array = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

/** The 16 bytes at `at` as 22 base64url characters, the form Kafka's tools print. */
export function readUuid(bytes: Uint8Array, at: number): string {
  const end = at + 16;
  let zero = true;
  for (let i = at; i < end; i++) {
    if (bytes[i] !== 0) {
      zero = false;
      break;
    }
  }
  if (zero) return ZERO_UUID;
  let text = '';
  for (let i = at; i < end - 1; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    text +=
      alphabet[group >> 18]! + alphabet[(group >> 12) & 63]! + alphabet[(group >> 6) & 63]! + alphabet[group & 63]!;
  }
  const last = bytes[end - 1]!;
  return text + alphabet[last >> 2]! + alphabet[(last & 3) << 4]!;
}

/**
 * Writes an id of 22 base64url characters as 16 bytes at `at`.
 * @throws UsageError when `text` is anything else
 */
export function writeUuid(text: string, bytes: Uint8Array, at: number): void {
  if (text.length !== 22) throw badUuid(text);
  let end = at;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < 22; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? values[code]! : -1;
    if (value < 0) throw badUuid(text);
    held = ((held << 6) | value) & 0x3fff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[end++] = (held >> bits) & 0xff;
    }
  }
  // 22 characters hold 132 bits, the 4 spare ones belong to no byte
  if ((held & 0xf) !== 0) throw badUuid(text);
}

/**
 * A new random id (version 4) in Kafka's form; never starts with a dash, which tools would take for an option.
 * @param random - as `Runtime.random`, from 0 up to and without 1
 */
export function randomUuid(random: () => number): string {
  const bytes = new Uint8Array(16);
  for (;;) {
    for (let i = 0; i < 16; i++) bytes[i] = Math.floor(random() * 256);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const text = readUuid(bytes, 0);
    if (!text.startsWith('-')) return text;
  }
}

function badUuid(text: string): UsageError {
  return new UsageError(`"${text}" is not an id, expected 22 base64url characters as Kafka prints them`);
}
