/**
 * What is given by name is known: a misspelt option would be a fault that never happens, and a test that proves nothing.
 * @throws TypeError naming the first one that is not, and those there are
 * @internal
 */
export function checkNames(where: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${where} takes an object, not ${String(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new TypeError(`${where} has no option ${name}, it has ${known.join(', ')}`);
  }
}
