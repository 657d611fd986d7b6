const longestValue = 300;

/** A value of a test as one line of text, whatever it is; leases are left out. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const seen = new Set<unknown>();
  const text = JSON.stringify(value, (name, inner: unknown) => {
    if (name === 'lease') return undefined;
    if (typeof inner === 'bigint') return `${String(inner)}n`;
    if (inner instanceof Error) return `${inner.name}: ${inner.message}`;
    if (inner instanceof Map || inner instanceof Set) return [...inner] as unknown[];
    if (inner instanceof Uint8Array)
      return `bytes ${[...inner].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
    if (typeof inner === 'object' && inner !== null) {
      if (seen.has(inner)) return '(again)';
      seen.add(inner);
    }
    return inner;
  }) as string | undefined;
  const shown = text ?? String(value);
  return shown.length > longestValue ? `${shown.slice(0, longestValue)}...` : shown;
}
