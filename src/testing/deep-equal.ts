/** Leases say who has to settle, not what a value is; acknowledgements have an expectation of their own. */
const ignored = 'lease';

/**
 * Equality of values in marble tests: by content, whatever the class. Errors are equal by name and message, a property that
 * is undefined equals one that is absent, and `lease` is left out.
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, new Map());
}

function equal(a: unknown, b: unknown, comparing: Map<object, object>): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  // a cycle is equal when the way round it was
  if (comparing.get(a) === b) return true;
  comparing.set(a, b);
  const special = equalSpecial(a, b, comparing);
  if (special !== null) return special;
  const left = names(a);
  const right = names(b);
  return [...new Set([...left, ...right])].every((name) =>
    equal((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name], comparing),
  );
}

/** Null where the two are to be compared property by property. */
function equalSpecial(a: object, b: object, comparing: Map<object, object>): boolean | null {
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => equal(item, b[index], comparing));
  }
  if (a instanceof Error || b instanceof Error) {
    return a instanceof Error && b instanceof Error && a.name === b.name && a.message === b.message;
  }
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array) || a.length !== b.length) return false;
    return a.every((byte, index) => byte === b[index]);
  }
  if (a instanceof Map || b instanceof Map) {
    return a instanceof Map && b instanceof Map && equal([...a.entries()], [...b.entries()], comparing);
  }
  if (a instanceof Set || b instanceof Set) {
    return a instanceof Set && b instanceof Set && equal([...a.values()], [...b.values()], comparing);
  }
  return null;
}

function names(value: object): string[] {
  return Object.keys(value).filter(
    (name) => name !== ignored && (value as Record<string, unknown>)[name] !== undefined,
  );
}
