/** A length as it stands before a frame. */
export function lengthPrefix(size: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(size);
  return prefix;
}

/** Frames as they follow each other on a connection. */
export function framed(...bodies: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(bodies.flatMap((body) => [lengthPrefix(body.length), body]));
}
