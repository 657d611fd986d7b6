import { type ObservableInput, from } from 'rxjs';
import { InvalidOptionError } from '../../src/errors/usage-error.js';

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

/** The error for one bad option: option, value and what would be right. */
export function invalid(where: string, option: string, value: unknown, fix: string): InvalidOptionError {
  return new InvalidOptionError(option, value, `${where}: ${option} is ${show(value)}, ${fix}`);
}

/** Options are an object with known names, or nothing. */
export function checkNames(where: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid(where, 'options', options, 'it must be an object');
  }
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name))
      throw invalid(where, name, value, `there is no such option, there are ${known.join(', ')}`);
  }
}

/** A whole number from `min` on, or Infinity. */
export function countOption(where: string, option: string, value: unknown, fallback: number, min: number): number {
  if (value === undefined) return fallback;
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= min)) return value as number;
  throw invalid(where, option, value, `it must be a whole number of at least ${min}`);
}

/** Milliseconds: finite and not negative. */
export function msOption(where: string, option: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw invalid(where, option, value, 'it must be a number of milliseconds');
}

/** One of a few words. */
export function wordOption<W extends string>(
  where: string,
  option: string,
  value: unknown,
  fallback: W,
  words: readonly W[],
): W {
  if (value === undefined) return fallback;
  if (words.includes(value as W)) return value as W;
  throw invalid(where, option, value, `it must be one of ${words.join(', ')}`);
}

/** A callback argument. */
export function checkFunction(where: string, name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalid(where, name, value, 'it must be a function');
}

/** What `from` takes: an Observable, a promise, an iterable. Nothing is subscribed. */
export function inputOption(where: string, name: string, value: ObservableInput<unknown>): void {
  try {
    void from(value);
  } catch {
    throw invalid(where, name, value, 'it must be an Observable, a promise or an iterable');
  }
}
