/** A record batch as a broker sees it; read here by hand, so that a mistake of the writer does not hide itself. */
export interface SeenBatch {
  readonly length: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
  readonly keys: (string | null)[];
  readonly values: string[];
}

/** Reads an uncompressed batch of format 2. */
export function readBatch(bytes: Uint8Array): SeenBatch {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getInt32(8) !== bytes.length - 12) throw new Error('batch length does not match');
  const count = view.getInt32(57);
  const keys: (string | null)[] = [];
  const values: string[] = [];
  const compressed = (view.getInt16(21) & 7) !== 0;
  let at = 61;
  const varint = (): number => {
    let sum = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++]!;
      sum += (byte & 127) * factor;
      if (byte < 128) break;
      factor *= 128;
    }
    return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2;
  };
  const text = (length: number): string => Buffer.from(bytes.subarray(at, at + length)).toString();
  for (let index = 0; index < count && !compressed; index++) {
    const length = varint();
    const end = at + length;
    at++;
    varint();
    if (varint() !== index) throw new Error('offset delta does not match');
    const keyLength = varint();
    keys.push(keyLength < 0 ? null : text(keyLength));
    at += Math.max(0, keyLength);
    const valueLength = varint();
    values.push(text(Math.max(0, valueLength)));
    at = end;
  }
  return {
    length: bytes.length,
    producerId: Number(view.getBigInt64(43)),
    producerEpoch: view.getInt16(51),
    baseSequence: view.getInt32(53),
    count,
    keys,
    values,
  };
}
