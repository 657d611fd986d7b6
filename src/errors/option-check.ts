import { InvalidOptionError } from './usage-error.js';

/** What an option's value has to be; `expects` completes "Option lingerMs of a producer must be …". */
export interface OptionKind<T> {
  readonly expects: string;
  readonly accepts: (value: unknown) => boolean;
  /** Carries the type only. */
  readonly type?: T;
}

/** One row of an options table: what the value has to be, and what absence means. */
export interface OptionSpec<T> {
  readonly kind: OptionKind<T>;
  /** Used when the option is absent or undefined. A row without it is a required option. */
  readonly default?: T;
}

/** The options of one area: frozen, one row per option, the Kafka property in a comment beside it. */
export type OptionTable<T> = { readonly [P in keyof T]-?: OptionSpec<T[P]> };

/** Names that other clients use: to the option that has the meaning here, or to a sentence that says what to do. */
export type ForeignNames = Readonly<Record<string, string>>;

const kind = <T>(expects: string, accepts: (value: unknown) => boolean): OptionKind<T> =>
  Object.freeze({ expects, accepts });
const isInt = (value: unknown, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;

/** A whole number from `min` to `max`, in `unit`. */
export function integer(
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
  unit = 'a whole number',
): OptionKind<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `${unit} of at least ${min}` : `${unit} from ${min} to ${max}`;
  return kind(range, (value) => isInt(value, min, max));
}

/** Milliseconds above zero. Timers and protocol fields are 32-bit, hence the upper bound. */
export const positiveMs: OptionKind<number> = integer(1, 2147483647, 'milliseconds');
/** Milliseconds, zero allowed. */
export const milliseconds: OptionKind<number> = integer(0, 2147483647, 'milliseconds');
export const positiveInt: OptionKind<number> = integer(1);
export const nonNegativeInt: OptionKind<number> = integer(0);
/** A number of bytes above zero that fits a protocol field. */
export const positiveBytes: OptionKind<number> = integer(1, 2147483647, 'bytes');
/** A memory bound above zero. */
export const memoryBytes: OptionKind<number> = integer(1, Number.MAX_SAFE_INTEGER, 'bytes');
export const boolean: OptionKind<boolean> = kind('true or false', (value) => typeof value === 'boolean');
export const text: OptionKind<string> = kind('a non-empty string', (v) => typeof v === 'string' && v.length > 0);
/** A function of any shape; what it is called with cannot be checked. */
export function callable<T>(): OptionKind<T> {
  return kind('a function', (value) => typeof value === 'function');
}

/** An object, not an array; with `methods`, each of them must be a function of it. */
export function object<T>(...methods: readonly string[]): OptionKind<T> {
  const expects = methods.length === 0 ? 'an object' : `an object with ${methods.map((m) => `${m}()`).join(', ')}`;
  return kind(expects, (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
  });
}

/** One of the listed values. */
export function oneOf<const T extends readonly (string | number | boolean | null)[]>(
  ...values: T
): OptionKind<T[number]> {
  return kind(`one of ${values.map((value) => JSON.stringify(value)).join(', ')}`, (value) =>
    values.includes(value as T[number]),
  );
}

/** `null` besides what `inner` accepts. */
export function nullable<T>(inner: OptionKind<T>): OptionKind<T | null> {
  return kind(`${inner.expects} or null`, (value) => value === null || inner.accepts(value));
}

/** What either of two kinds accepts. */
export function either<A, B>(a: OptionKind<A>, b: OptionKind<B>): OptionKind<A | B> {
  return kind(`${a.expects} or ${b.expects}`, (value) => a.accepts(value) || b.accepts(value));
}

/** A kind of one's own. */
export function matching<T>(expects: string, accepts: (value: unknown) => boolean): OptionKind<T> {
  return kind(expects, accepts);
}

/**
 * Checks one options object against its table and fills in the defaults; `undefined` never overrides a default.
 * `area` reads "a producer".
 * @throws InvalidOptionError naming the option, its value and the fix: the input is no object, an option is unknown (with
 *   the name that was probably meant), required and absent, or of the wrong kind.
 */
export function checkOptions<T extends object>(
  area: string,
  input: unknown,
  table: OptionTable<T>,
  foreign: ForeignNames = {},
): T {
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input))) {
    throw new InvalidOptionError('options', input, `Options of ${area} must be an object, got ${show(input)}`);
  }
  const given = (input ?? {}) as Record<string, unknown>;
  const rows = table as Record<string, OptionSpec<unknown>>;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(rows, name)) throw unknownOption(area, name, given[name], Object.keys(rows), foreign);
  }
  const result: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(rows)) {
    const value = given[name];
    if (value === undefined) {
      if (!('default' in row)) {
        throw new InvalidOptionError(name, value, `Option ${name} of ${area} is required: ${row.kind.expects}`);
      }
      result[name] = row.default;
      continue;
    }
    if (!row.kind.accepts(value)) {
      const hint = 'default' in row ? leftOut(row.default) : '';
      throw new InvalidOptionError(
        name,
        value,
        `Option ${name} of ${area} must be ${row.kind.expects}${hint}, got ${show(value)}`,
      );
    }
    result[name] = value;
  }
  return result as T;
}

function unknownOption(
  area: string,
  name: string,
  value: unknown,
  known: readonly string[],
  foreign: ForeignNames,
): InvalidOptionError {
  const advice = Object.hasOwn(foreign, name) ? foreign[name] : nearest(name, known);
  const fix =
    advice === undefined
      ? `known options are ${[...known].sort().join(', ')}`
      : known.includes(advice)
        ? `did you mean ${advice}`
        : advice;
  return new InvalidOptionError(name, value, `Unknown option ${name} of ${area}, ${fix}`);
}

/** The known name that was probably meant: the same letters in another style, or at most two typing mistakes away. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = bare(name);
  const same = known.find((candidate) => bare(candidate) === plain || bare(candidate) === `${plain}ms`);
  if (same !== undefined) return same;
  let best: string | undefined;
  let bestDistance = 3;
  for (const candidate of known) {
    const distance = editDistance(plain, bare(candidate), bestDistance);
    if (distance < bestDistance && distance < candidate.length / 2) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** camelCase, dotted and snake_case names of one option are equal in this form. */
function bare(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/** The way out of naming a value at all; a default of several parts, or of nothing, has no short name. */
function leftOut(given: unknown): string {
  return typeof given === 'object' ? ', or left out' : `, or left out for ${show(given)}`;
}

/** A value as it appears in an error text: its shape, never the inside of an object, which may hold secrets. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
