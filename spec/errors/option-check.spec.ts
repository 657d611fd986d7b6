import {
  boolean,
  callable,
  checkOptions,
  either,
  integer,
  milliseconds,
  nullable,
  object,
  oneOf,
  type OptionTable,
  positiveBytes,
  positiveMs,
  text,
} from '../../src/errors/option-check.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';

interface Sample {
  readonly name: string;
  readonly waitMs: number;
  readonly lingerMs: number;
  readonly size: number;
  readonly fast: boolean;
  readonly mode: 'a' | 'b';
  readonly hook: (() => void) | null;
  readonly store: object | string;
}

const table: OptionTable<Sample> = {
  name: { kind: text },
  waitMs: { kind: positiveMs, default: 10 },
  lingerMs: { kind: milliseconds, default: 0 },
  size: { kind: positiveBytes, default: 100 },
  fast: { kind: boolean, default: false },
  mode: { kind: oneOf('a', 'b'), default: 'a' },
  hook: { kind: nullable(callable<() => void>()), default: null },
  store: { kind: either(object('load'), text), default: 'none' },
};
const foreign = { wait_time: 'waitMs', 'group.id': 'it belongs to kafka.consumer({ groupId })' };
const check = (input: unknown): Sample => checkOptions('a sample', input, table, foreign);

function refusal(input: unknown): InvalidOptionError {
  try {
    check(input);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
  }
  throw new Error('was not refused');
}

it('fills in defaults, also for undefined', () => {
  expect(check({ name: 'x', waitMs: undefined, lingerMs: 0 })).toEqual({
    name: 'x',
    waitMs: 10,
    lingerMs: 0,
    size: 100,
    fast: false,
    mode: 'a',
    hook: null,
    store: 'none',
  });
});

it.each([
  [{ name: '' }, 'name', /non-empty string/],
  [{ name: 'x', waitMs: 0 }, 'waitMs', /milliseconds from 1 to 2147483647, or left out for 10, got 0/],
  [{ name: 'x', waitMs: '5' }, 'waitMs', /got "5"/],
  [{ name: 'x', waitMs: 1.5 }, 'waitMs', /got 1.5/],
  [{ name: 'x', waitMs: NaN }, 'waitMs', /got NaN/],
  [{ name: 'x', lingerMs: -1 }, 'lingerMs', /milliseconds from 0/],
  [{ name: 'x', size: 2 ** 40 }, 'size', /bytes from 1/],
  [{ name: 'x', fast: 1 }, 'fast', /true or false/],
  [{ name: 'x', mode: 'c' }, 'mode', /one of "a", "b"/],
  [{ name: 'x', hook: {} }, 'hook', /a function or null/],
  [{ name: 'x', store: { save: 1 } }, 'store', /an object with load\(\) or a non-empty string.*got an object$/],
  [{ name: 'x', waitMs: null }, 'waitMs', /got null/],
])('refuses %j naming the option and what it must be', (input, option, message) => {
  const error = refusal(input);
  expect(error.option).toBe(option);
  expect(error.value).toBe((input as Record<string, unknown>)[option]);
  expect(error.message).toMatch(message);
});

it('asks for what is required', () => {
  expect(refusal({}).message).toBe('Option name of a sample is required: a non-empty string');
});

it.each([
  ['wait_time', /did you mean waitMs/],
  ['wait.ms', /did you mean waitMs/],
  ['wait', /did you mean waitMs/],
  ['watiMs', /did you mean waitMs/],
  ['LingerMs', /did you mean lingerMs/],
  ['group.id', /it belongs to kafka.consumer/],
  ['entirelyElse', /known options are fast, hook, /],
  ['constructor', /known options are/],
])('says of the unknown option %s what was meant', (name, message) => {
  const error = refusal({ name: 'x', [name]: 5 });
  expect(error).toMatchObject({ option: name, value: 5 });
  expect(error.message).toMatch(message);
});

it.each([null, [], 'x', 5])('refuses %j instead of options', (input) => {
  expect(refusal(input).option).toBe('options');
});

it('never shows what is inside of an object', () => {
  expect(refusal({ name: { password: 'secret' } }).message).not.toMatch(/secret/);
});

it('bounds integers', () => {
  expect(integer(1, 5).accepts(6)).toBe(false);
  expect(integer(1).accepts(2 ** 53)).toBe(false);
});
