import {
  boolean,
  callable,
  checkOptions,
  integer,
  matching,
  memoryBytes,
  milliseconds,
  nullable,
  object,
  oneOf,
  type OptionTable,
  positiveBytes,
  positiveInt,
  positiveMs,
} from '../errors/option-check.js';
import { InvalidOptionError } from '../errors/usage-error.js';
import { checkConsumerTimes, checkGroupProtocol } from './group-protocol-options.js';
import { type ConsumerCoreOptions, type ResetPolicy } from '../consumer/consumer-ports.js';
import { type Assignor } from '../model/assignor.js';
import { cooperativeSticky } from '../consumer/group/assignors/cooperative-sticky.js';
import { type RebalanceListener } from '../model/consumer.js';
import { type OffsetStore } from '../model/offset-store.js';
import { type Deserializer } from '../model/serde.js';
import { foreign } from './consumer-foreign-names.js';
import { type GivenSelection, selectionOf, selectionTable } from './consumer-selection.js';

type Text = string | null;
type CommitOption = { readonly everyMs?: number | undefined; readonly everyRecords?: number | undefined } | false;
type WindowOption = { readonly records?: number | undefined; readonly bytes?: number | undefined };

interface GivenOptions extends GivenSelection {
  readonly groupId: Text;
  readonly groupInstanceId: Text;
  readonly groupProtocol: 'classic' | 'consumer';
  readonly serverAssignor: Text;
  readonly assignors: readonly Assignor[];
  readonly keyDeserializer: Deserializer<unknown> | null;
  readonly valueDeserializer: Deserializer<unknown> | null;
  readonly autoOffsetReset: ResetPolicy;
  readonly offsetStore: OffsetStore | null;
  readonly isolationLevel: 'read_uncommitted' | 'read_committed';
  readonly acknowledge: 'explicit' | 'onNext' | 'beforeDelivery' | null;
  readonly commit: CommitOption;
  readonly window: WindowOption;
  readonly bufferBytes: number;
  readonly fetchMinBytes: number;
  readonly fetchMaxBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly maxPartitionFetchBytes: number;
  readonly maxPollRecords: number;
  readonly checkCrcs: boolean;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly maxPollIntervalMs: number;
  readonly drainTimeoutMs: number | null;
  readonly stallWarningMs: number;
  readonly onAssigned: RebalanceListener | null;
  readonly onRevoked: RebalanceListener | null;
  readonly onLost: RebalanceListener | null;
  readonly allowAutoCreateTopics: boolean;
  readonly excludeInternalTopics: boolean;
  readonly clientRack: string;
}

/** A consumer's options after checking: the core's, and the hooks that run above it. */
export interface ResolvedConsumerOptions extends ConsumerCoreOptions {
  readonly offsetStore: OffsetStore | null;
  readonly onAssigned: RebalanceListener | null;
  readonly onRevoked: RebalanceListener | null;
  readonly onLost: RebalanceListener | null;
}

const nonEmpty = (value: unknown): boolean => typeof value === 'string' && value.length > 0;
const text = matching<Text>('a non-empty string', nonEmpty);
const resetPolicy = matching<ResetPolicy>("'latest', 'earliest', 'none' or { durationMs }", (value) =>
  typeof value === 'object' && value !== null
    ? isCount((value as { durationMs?: unknown }).durationMs, 0)
    : value === 'latest' || value === 'earliest' || value === 'none',
);
const commitOption = matching<CommitOption>('false or { everyMs?, everyRecords? } of at least 1', (value) =>
  typeof value === 'object' && value !== null ? hasCounts(value, ['everyMs', 'everyRecords']) : value === false,
);
const windowOption = matching<WindowOption>('{ records?, bytes? } of at least 1', (value) =>
  typeof value === 'object' && value !== null ? hasCounts(value, ['records', 'bytes']) : false,
);
const assignorList = matching<readonly Assignor[]>(
  'a non-empty list of assignors',
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((a: Partial<Assignor>) => typeof a.assign === 'function'),
);

const defaultCommitMs = 5000;

/** Java 4.3 defaults of the property of the same name unless the comment says otherwise. */
const table: OptionTable<GivenOptions> = Object.freeze({
  ...selectionTable,
  groupId: { kind: text, default: null }, // group.id
  groupInstanceId: { kind: text, default: null }, // group.instance.id
  groupProtocol: { kind: oneOf('classic', 'consumer'), default: 'classic' }, // group.protocol
  serverAssignor: { kind: text, default: null }, // group.remote.assignor
  assignors: { kind: assignorList, default: [cooperativeSticky] }, // partition.assignment.strategy, range there
  keyDeserializer: { kind: nullable(object<Deserializer<unknown>>('deserialize')), default: null }, // key.deserializer
  valueDeserializer: { kind: nullable(object<Deserializer<unknown>>('deserialize')), default: null }, // value.deserializer
  autoOffsetReset: { kind: resetPolicy, default: 'latest' }, // auto.offset.reset
  offsetStore: { kind: nullable(object<OffsetStore>('load')), default: null }, // ours
  isolationLevel: { kind: oneOf('read_uncommitted', 'read_committed'), default: 'read_uncommitted' }, // isolation.level
  acknowledge: { kind: oneOf('explicit', 'onNext', 'beforeDelivery'), default: null }, // ours: explicit with a group
  commit: { kind: commitOption, default: {} }, // auto.commit.interval.ms, of settled records only
  window: { kind: windowOption, default: {} }, // ours: 1000 records, 4 MiB per partition
  bufferBytes: { kind: memoryBytes, default: 33554432 }, // ours, over the whole consumer
  fetchMinBytes: { kind: positiveBytes, default: 1 }, // fetch.min.bytes
  fetchMaxBytes: { kind: positiveBytes, default: 52428800 }, // fetch.max.bytes
  fetchMaxWaitMs: { kind: milliseconds, default: 500 }, // fetch.max.wait.ms
  maxPartitionFetchBytes: { kind: positiveBytes, default: 1048576 }, // max.partition.fetch.bytes
  maxPollRecords: { kind: positiveInt, default: 500 }, // max.poll.records, per batch of batches$
  checkCrcs: { kind: boolean, default: true }, // check.crcs
  sessionTimeoutMs: { kind: positiveMs, default: 45000 }, // session.timeout.ms
  heartbeatIntervalMs: { kind: positiveMs, default: 3000 }, // heartbeat.interval.ms
  rebalanceTimeoutMs: { kind: positiveMs, default: 60000 }, // max.poll.interval.ms there, 300000
  maxPollIntervalMs: { kind: positiveMs, default: 300000 }, // max.poll.interval.ms
  drainTimeoutMs: { kind: nullable(milliseconds), default: null }, // ours: min(30000, rebalanceTimeoutMs / 2)
  stallWarningMs: { kind: positiveMs, default: 60000 }, // ours
  onAssigned: { kind: nullable(callable<RebalanceListener>()), default: null },
  onRevoked: { kind: nullable(callable<RebalanceListener>()), default: null },
  onLost: { kind: nullable(callable<RebalanceListener>()), default: null },
  allowAutoCreateTopics: { kind: boolean, default: true }, // allow.auto.create.topics
  excludeInternalTopics: { kind: boolean, default: true }, // exclude.internal.topics, of what a pattern matches
  clientRack: { kind: matching<string>('a string', (value) => typeof value === 'string'), default: '' }, // client.rack
} as const);

/**
 * The options of a consumer, checked together and with defaults; nothing is dialled before this has passed.
 * @throws InvalidOptionError
 */
export function resolveConsumerOptions(options: unknown): ResolvedConsumerOptions {
  const present = typeof options === 'object' && options !== null && 'groupId' in options;
  if (present && (options as { groupId?: unknown }).groupId === undefined) {
    throw new InvalidOptionError(
      'groupId',
      undefined,
      'Option groupId is present but undefined, leave it out for a consumer without a group, or set it',
    );
  }
  const given = checkOptions('a consumer', options, table, foreign);
  const drainTimeoutMs = given.drainTimeoutMs ?? Math.min(30000, given.rebalanceTimeoutMs / 2);
  checkGroupProtocol(given, options as object);
  checkTimes(given, drainTimeoutMs);
  checkAtMostOnce(given);
  if (given.groupInstanceId !== null && given.groupId === null) {
    throw new InvalidOptionError(
      'groupInstanceId',
      given.groupInstanceId,
      'Option groupInstanceId needs a groupId, set both or neither',
    );
  }
  const {
    topics: _topics,
    pattern: _pattern,
    serverPattern: _serverPattern,
    partitions: _partitions,
    window,
    commit,
    isolationLevel,
    acknowledge,
    ...rest
  } = given;
  return Object.freeze({
    ...rest,
    // made from offsetStore once there is a runtime
    storedOffsets: null,
    selection: selectionOf(given),
    drainTimeoutMs,
    isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
    acknowledge: acknowledge ?? (given.groupId === null ? 'onNext' : 'explicit'),
    windowRecords: window.records ?? 1000,
    windowBytes: window.bytes ?? 4194304,
    commit: commit === false ? false : cadenceOf(commit),
  });
}

/** Either of the two replaces the default; neither keeps it. */
function cadenceOf({
  everyMs,
  everyRecords,
}: Exclude<CommitOption, false>): Exclude<ConsumerCoreOptions['commit'], false> {
  if (everyMs === undefined && everyRecords === undefined) return { everyMs: defaultCommitMs, everyRecords: null };
  return { everyMs: everyMs ?? null, everyRecords: everyRecords ?? null };
}

/** What is committed before it is delivered needs somewhere to commit. */
function checkAtMostOnce({ acknowledge, groupId, commit }: GivenOptions): void {
  if (acknowledge !== 'beforeDelivery' || (groupId !== null && commit !== false)) return;
  const missing = groupId === null ? 'needs a groupId' : 'cannot work with commit: false';
  throw new InvalidOptionError('acknowledge', acknowledge, `Option acknowledge: 'beforeDelivery' ${missing}`);
}

function checkTimes(given: GivenOptions, drainTimeoutMs: number): void {
  if (given.groupProtocol === 'consumer') {
    checkConsumerTimes(given, drainTimeoutMs);
    return;
  }
  const { heartbeatIntervalMs, sessionTimeoutMs, rebalanceTimeoutMs } = given;
  if (heartbeatIntervalMs > sessionTimeoutMs / 3) {
    throw new InvalidOptionError(
      'heartbeatIntervalMs',
      heartbeatIntervalMs,
      `Option heartbeatIntervalMs must be at most a third of sessionTimeoutMs = ${sessionTimeoutMs}, got ${heartbeatIntervalMs}`,
    );
  }
  const longest = rebalanceTimeoutMs - heartbeatIntervalMs - 2000;
  if (given.groupId !== null && drainTimeoutMs > longest) {
    throw new InvalidOptionError(
      'drainTimeoutMs',
      drainTimeoutMs,
      `Option drainTimeoutMs must be at most rebalanceTimeoutMs - heartbeatIntervalMs - 2000 = ${longest}, got ${drainTimeoutMs}, or the group gives the partitions away during the drain`,
    );
  }
}

function isCount(value: unknown, min: number): boolean {
  return integer(min).accepts(value);
}

function hasCounts(value: object, names: readonly string[]): boolean {
  return Object.entries(value).every(
    ([name, count]) => names.includes(name) && (count === undefined || isCount(count, 1)),
  );
}
