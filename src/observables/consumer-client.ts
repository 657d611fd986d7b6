import { BehaviorSubject, defer, map, type Observable, Subject } from 'rxjs';
import { ConsumerCore } from '../consumer/consumer-core.js';
import { type QueryPort } from '../consumer/consumer-queries.js';
import { checkPartition, checkSeek } from '../consumer/seek-target.js';
import { type ConsumerHome, type SessionParts } from '../consumer/session-parts.js';
import { milliseconds, positiveMs } from '../errors/option-check.js';
import { InvalidOptionError } from '../errors/usage-error.js';
import { type ConsumerRecord } from '../model/consumer-record.js';
import { type CommitReceipt, type GroupMetadata } from '../model/commit.js';
import {
  type Consumer,
  type ConsumerEvent,
  type ConsumerState,
  type DrainReport,
  type FlowState,
  type ReadRange,
  type SeekTarget,
  type TopicSelection,
} from '../model/consumer.js';
import {
  type OffsetList,
  type PartitionInfo,
  type PartitionLag,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../model/topic-partition.js';
import { checkCommitOffsets, checkHasGroup } from './commit-arguments.js';
import { runHook } from './consumer-hooks.js';
import { lagOf } from './consumer-lag.js';
import { foreign } from './consumer-foreign-names.js';
import { type ResolvedConsumerOptions } from './consumer-options.js';
import { publicSelection, resolveSelection } from './consumer-selection.js';
import { batchesOf, partitionsOf, recordsOf } from './consumer-views.js';
import { coldCommand } from './cold-command.js';
import { coreCall } from './core-call.js';
import { type RangeReads } from './read-range.js';
import { storedOffsets } from './stored-offsets.js';

type CloseOptions = { readonly timeoutMs?: number | undefined; readonly leaveGroup?: boolean | undefined };

const earliest = -2;
const latest = -1;

/** What a consumer is made of that depends on where its records come from: brokers, or a script in a test. */
export interface ConsumerParts {
  readonly home: ConsumerHome;
  readonly session: SessionParts;
  readonly queries: QueryPort;
  ranges(core: ConsumerCore): Pick<RangeReads, 'of' | 'close'>;
  /** Said once, to whoever runs the process. */
  warn(message: string): void;
}

/** The public surface over one core. */
export class ConsumerClient<K, V> implements Consumer<K, V> {
  readonly records$: Consumer<K, V>['records$'];
  readonly partitions$: Consumer<K, V>['partitions$'];
  readonly batches$: Consumer<K, V>['batches$'];
  readonly assignment$: Observable<readonly TopicPartition[]>;
  readonly events$: Observable<ConsumerEvent>;
  readonly state$: Observable<ConsumerState>;
  readonly #core: ConsumerCore;
  readonly #queries: QueryPort;
  readonly #ranges: Pick<RangeReads, 'of' | 'close'>;
  readonly #tell: (message: string) => void;
  readonly #onClosed: () => void;
  readonly #events: Subject<ConsumerEvent> = new Subject<ConsumerEvent>();
  readonly #state: BehaviorSubject<ConsumerState> = new BehaviorSubject<ConsumerState>('idle');
  readonly #assignment: BehaviorSubject<readonly TopicPartition[]> = new BehaviorSubject<readonly TopicPartition[]>([]);
  #warned = false;
  #closing: Promise<void> | null = null;

  constructor(parts: ConsumerParts, options: ResolvedConsumerOptions, onClosed: () => void) {
    const { home } = parts;
    const hooks = { assigned: options.onAssigned, revoked: options.onRevoked, lost: options.onLost };
    const core = { ...options, storedOffsets: storedOffsets(home.runtime, options.offsetStore) };
    this.#core = new ConsumerCore(home, parts.session, core, {
      event: (event) => {
        if (event.type === 'parked' && !this.#events.observed) this.#warn(unheard(event));
        this.#events.next(event);
      },
      state: (state) => {
        if (this.#state.value !== state) this.#state.next(state);
      },
      assignment: (partitions) => {
        if (partitions.length > 0 || this.#assignment.value.length > 0)
          this.#assignment.next(Object.freeze(partitions));
      },
      hook: (name, partitions, context, done) => {
        runHook(hooks[name], partitions, context, done);
      },
      warn: (message) => {
        this.#warn(message);
      },
    });
    this.#queries = parts.queries;
    this.#ranges = parts.ranges(this.#core);
    this.#tell = (message) => {
      parts.warn(message);
    };
    this.#onClosed = onClosed;
    this.records$ = recordsOf<K, V>(this.#core);
    this.batches$ = batchesOf<K, V>(this.#core);
    this.partitions$ = partitionsOf<K, V>(this.#core, {
      committedOnly: options.isolationLevel === 1,
      pause: (tp) => {
        this.pause([tp]);
      },
      resume: (tp) => {
        this.resume([tp]);
      },
      isPaused: (tp) => this.#core.isPaused(tp),
      seek: (tp, to) => this.seek(tp, to),
    });
    this.events$ = this.#events.asObservable();
    this.state$ = this.#state.asObservable();
    this.assignment$ = this.#assignment.asObservable();
  }

  get assignment(): readonly TopicPartition[] {
    return this.#assignment.value;
  }
  get paused(): readonly TopicPartition[] {
    return this.#core.paused;
  }

  get selection(): TopicSelection | null {
    return publicSelection(this.#core.selection);
  }
  select(selection: TopicSelection | null): void {
    this.#core.select(resolveSelection(selection, foreign));
  }

  readRange(range?: ReadRange): Observable<ConsumerRecord<K, V>> {
    return this.#ranges.of<K, V>(range);
  }

  pause(partitions?: readonly TopicPartition[]): void {
    this.#core.pause(partitions);
  }
  resume(partitions?: readonly TopicPartition[]): void {
    this.#core.resume(partitions);
  }

  seek(tp: TopicPartition, to: SeekTarget): Observable<number> {
    checkSeek(tp, to);
    return defer(() => {
      const held = this.#core.held(tp);
      return this.#call<number>(
        (done) => this.#core.session?.positions.seek(held, to, done) ?? ((): void => undefined),
      );
    });
  }

  position(tp: TopicPartition): Observable<number> {
    checkPartition(tp);
    return defer(() => {
      const held = this.#core.held(tp);
      return this.#call<number>((done) => this.#core.session?.positions.known(held, done) ?? ((): void => undefined));
    });
  }

  committed(partitions: readonly TopicPartition[]): Observable<OffsetList> {
    return defer(() => {
      checkHasGroup(this.#core.options.groupId, 'committed');
      return this.#call<OffsetList>((done) => this.#queries.committed(partitions, done));
    });
  }

  /** Without offsets: what is acknowledged by now, of everything held. */
  commit(offsets?: OffsetList): Observable<CommitReceipt> {
    const committed$ = defer(() => {
      checkHasGroup(this.#core.options.groupId, 'commit');
      if (offsets !== undefined) checkCommitOffsets(offsets);
      const commits = this.#core.session?.commits;
      if (commits === undefined) {
        if (offsets !== undefined && offsets[0] !== undefined) this.#core.held(offsets[0]);
        const nothing = (): CommitReceipt => ({
          offsets: [],
          outcome: 'committed',
          at: this.#core.cluster.runtime.wallClock(),
        });
        return this.#call<CommitReceipt>((done) => this.#queries.soon(nothing, done));
      }
      return this.#call<CommitReceipt>((done) =>
        offsets === undefined ? commits.now(null, done) : commits.explicit(offsets, done),
      );
    });
    return coldCommand(this.#core.cluster.runtime, 'consumer.commit', committed$);
  }

  beginningOffsets(partitions: readonly TopicPartition[]): Observable<OffsetList> {
    return this.#offsetsAt(partitions, earliest);
  }
  endOffsets(partitions: readonly TopicPartition[]): Observable<OffsetList> {
    return this.#offsetsAt(partitions, latest);
  }

  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Observable<readonly (TopicPartitionOffset | null)[]> {
    for (const { timestamp, ...tp } of times) {
      checkPartition(tp);
      if (Number.isSafeInteger(timestamp) && timestamp >= 0) continue;
      throw new InvalidOptionError(
        'timestamp',
        timestamp,
        `A timestamp is milliseconds since the epoch, got ${timestamp}`,
      );
    }
    return this.#call<OffsetList>((done) => this.#queries.offsets(times, done)).pipe(
      map((found) =>
        times.map((asked) => {
          const hit = found.find(({ topic, partition }) => topic === asked.topic && partition === asked.partition);
          return hit === undefined || hit.offset < 0 ? null : hit;
        }),
      ),
    );
  }

  partitionsFor(topic: string): Observable<readonly PartitionInfo[]> {
    return this.#call<readonly PartitionInfo[]>((done) => this.#queries.partitionsFor(topic, done));
  }
  listTopics(): Observable<readonly string[]> {
    return this.#call<readonly string[]>((done) => this.#queries.topics(done));
  }

  lag(options?: { readonly everyMs?: number | undefined }): Observable<readonly PartitionLag[]> {
    const everyMs = options?.everyMs ?? 5000;
    checkMs('everyMs', everyMs, positiveMs);
    return lagOf(this.#core, everyMs);
  }

  groupMetadata(): GroupMetadata {
    return this.#core.groupMetadata();
  }
  why(tp: TopicPartition): FlowState {
    return this.#core.why(tp);
  }

  drain(options?: { readonly timeoutMs?: number | undefined }): Promise<DrainReport> {
    const timeoutMs = options?.timeoutMs ?? this.#core.options.drainTimeoutMs;
    checkMs('timeoutMs', timeoutMs, milliseconds);
    return new Promise((resolve) => {
      this.#core.drain(timeoutMs, undefined, resolve);
    });
  }

  close(options?: CloseOptions): Promise<void> {
    const timeoutMs = options?.timeoutMs ?? this.#core.options.drainTimeoutMs;
    checkMs('timeoutMs', timeoutMs, milliseconds);
    this.#closing ??= new Promise((resolve) => {
      this.#ranges.close();
      this.#core.close(timeoutMs, options?.leaveGroup, () => {
        this.#queries.close();
        this.#events.complete();
        this.#state.complete();
        this.#assignment.complete();
        this.#onClosed();
        resolve();
      });
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<T>(start: Parameters<typeof coreCall<T>>[1]): Observable<T> {
    return coreCall<T>(this.#core.cluster.runtime, start);
  }

  #offsetsAt(partitions: readonly TopicPartition[], timestamp: number): Observable<OffsetList> {
    const targets = partitions.map((tp) => {
      checkPartition(tp);
      return { topic: tp.topic, partition: tp.partition, timestamp };
    });
    return this.#call<OffsetList>((done) => this.#queries.offsets(targets, done));
  }

  /** One process warning per consumer; the log has all of them. */
  #warn(message: string): void {
    this.#core.cluster.logger.warn({ groupId: this.#core.options.groupId }, message);
    if (this.#warned) return;
    this.#warned = true;
    this.#tell(message);
  }
}

function checkMs(name: string, value: number, kind: typeof milliseconds): void {
  if (kind.accepts(value)) return;
  throw new InvalidOptionError(name, value, `Option ${name} must be ${kind.expects}, got ${value}`);
}

/** Parked and nobody listens: nothing else would say why the partition is not committed any more. */
function unheard({ topic, partition, offset }: Extract<ConsumerEvent, { readonly type: 'parked' }>): string {
  return `The record at offset ${offset} of partition ${partition} of ${topic} is parked and nobody listens to events$, subscribe there and call retry() or skip()`;
}
