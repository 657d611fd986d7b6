import { type Selection } from '../consumer/selection.js';
import { type ForeignNames, checkOptions, integer, matching, type OptionTable } from '../errors/option-check.js';
import { InvalidOptionError } from '../errors/usage-error.js';
import { type TopicSelection } from '../model/consumer.js';
import { type TopicPartition, type TopicPartitionOffset } from '../model/topic-partition.js';

/** A selection as options name it; null: not given. */
export interface GivenSelection {
  readonly topics: string | readonly string[] | null;
  readonly pattern: RegExp | null;
  readonly serverPattern: string | null;
  readonly partitions: readonly (TopicPartition | TopicPartitionOffset)[] | null;
}

const isName = (value: unknown): boolean => typeof value === 'string' && value.length > 0;

/** The rows of the selection, for the table of a consumer's options and for `select`. */
export const selectionTable: OptionTable<GivenSelection> = Object.freeze({
  topics: {
    kind: matching<GivenSelection['topics']>(
      'a topic name or a non-empty list of them',
      (value) => isName(value) || (Array.isArray(value) && value.length > 0 && value.every(isName)),
    ),
    default: null,
  },
  pattern: {
    kind: matching<GivenSelection['pattern']>('a RegExp over topic names', (value) => value instanceof RegExp),
    default: null,
  },
  serverPattern: {
    kind: matching<GivenSelection['serverPattern']>('a regular expression of RE2J as a string', isName),
    default: null,
  },
  partitions: {
    kind: matching<GivenSelection['partitions']>(
      'a non-empty list of { topic, partition, offset? }',
      (value) => Array.isArray(value) && value.length > 0 && value.every(isPartition),
    ),
    default: null,
  },
} as const);

/**
 * What `select` was given: exactly one kind, or null for nothing.
 * @throws InvalidOptionError
 */
export function resolveSelection(selection: unknown, foreign: ForeignNames): Selection | null {
  if (selection === null) return null;
  return selectionOf(checkOptions('a selection', selection, selectionTable, foreign));
}

/**
 * The one kind that was given.
 * @throws InvalidOptionError when none was, or several
 */
export function selectionOf({ topics, pattern, serverPattern, partitions }: GivenSelection): Selection {
  const given = Object.entries({ topics, pattern, serverPattern, partitions }).filter(([, value]) => value !== null);
  const [first, second] = given;
  if (first === undefined) {
    throw new InvalidOptionError(
      'topics',
      undefined,
      'A consumer needs one of topics: [names], pattern: /names/ and partitions: [{ topic, partition }]',
    );
  }
  if (second !== undefined) {
    throw new InvalidOptionError(
      second[0],
      second[1],
      `Options ${first[0]} and ${second[0]} exclude each other, a consumer has one selection`,
    );
  }
  if (partitions !== null) {
    return Object.freeze({ kind: 'partitions', partitions: partitions.map((tp) => Object.freeze({ ...tp })) });
  }
  if (pattern !== null) {
    // a global or sticky pattern remembers where it stopped, and would match every other time
    return Object.freeze({ kind: 'pattern', pattern: new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')) });
  }
  if (serverPattern !== null) return Object.freeze({ kind: 'serverPattern', serverPattern });
  const names = typeof topics === 'string' ? [topics] : (topics ?? []);
  return Object.freeze({ kind: 'topics', topics: Object.freeze([...new Set(names)]) });
}

/** As the user sees it. */
export function publicSelection(selection: Selection | null): TopicSelection | null {
  if (selection === null) return null;
  const { kind: _kind, ...rest } = selection;
  return rest;
}

function isPartition(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { topic, partition, offset } = value as Partial<TopicPartitionOffset>;
  const isCount = integer(0).accepts;
  return isName(topic) && isCount(partition) && (offset === undefined || isCount(offset));
}
