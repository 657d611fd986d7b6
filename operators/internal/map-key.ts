/** A key under which equal bytes meet in a Map: arrays of bytes have no equality of their own. */
export function mapKey(key: unknown): unknown {
  if (!(key instanceof Uint8Array)) return key;
  // a text of its own kind, so that no string key meets it
  let text = '\u0000bytes';
  for (let at = 0; at < key.length; at += 8192) text += String.fromCharCode(...key.subarray(at, at + 8192));
  return text;
}
