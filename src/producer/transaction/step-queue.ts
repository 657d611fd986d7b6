import { type CallOptions } from '../../cluster/channel-pool.js';
import { type Cluster } from '../../cluster/cluster.js';
import { BrokerError } from '../../errors/broker-error.js';
import { ErrorCode } from '../../errors/broker-error-codes.js';
import { ConnectionError } from '../../errors/connection-error.js';
import { TimeoutExpiredError } from '../../errors/client-errors.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type Cancel } from '../../model/done.js';
import { type Api, type Input } from '../../protocol/api.js';
import { backoffMs } from '../../runtime/backoff.js';
import { hop, Timer } from '../../runtime/timer.js';
import { markersMs } from '../identity.js';
import { neverSent } from '../produce-failure.js';
import { CoordinatorLink, type CoordinatorKey } from './coordinator-link.js';
import { judge, judgeFailure, type Verdict } from './transaction-errors.js';

/** One request of a transaction, sent until it has an answer that ends it. */
export interface Step<Req = unknown, Res = unknown> {
  /** Reads "Commit of the transaction". */
  readonly what: string;
  readonly to: CoordinatorKey;
  readonly api: Api<Req, Res>;
  /** Made for each try: a later one may have less to ask for. */
  readonly body: () => Input<Req> | ((version: number) => Input<Req>);
  readonly versions?: Pick<CallOptions, 'minVersion' | 'maxVersion'>;
  /** Milliseconds from when it was asked for; without it the step is tried until it is answered. */
  readonly timeoutMs?: number;
  /** The codes of an answer, the gravest counts. Takes note of what succeeded. */
  readonly read: (response: Res) => readonly number[];
  /** A try was left unanswered: it may still be carried out, at any time. */
  readonly unanswered?: () => void;
  /** Once: the verdict that ended it, with the error unless it is `done`. */
  readonly done: (verdict: Verdict, error: KafkaError | null) => void;
}

interface Queued {
  readonly step: Step;
  readonly deadline: number;
  tries: number;
  lastError: KafkaError | null;
  /** The transaction is over: whatever the answer, there is no other try. */
  last: boolean;
}

/** The worst first. */
const gravity: readonly Verdict[] = ['fatal', 'resync', 'abort', 'moved', 'again', 'done'];

/**
 * The transactional requests of one slot, one at a time: a broker that sees two of one transaction at once answers
 * CONCURRENT_TRANSACTIONS, and an EndTxn that overtook a TxnOffsetCommit would lose offsets.
 *
 * Race: a try has no answer when the connection breaks, so the coordinator may have acted. Each of these requests may be sent
 * again: partitions, groups and offsets are sets; EndTxn of the epoch that it ended is answered as the first time;
 * InitProducerId with the epoch it replaced likewise.
 */
export class StepQueue {
  readonly #cluster: Cluster;
  readonly #link: CoordinatorLink;
  readonly #waiting: Queued[] = [];
  readonly #retry: Timer;
  readonly #deadline: Timer;
  #current: Queued | null = null;
  #call: Cancel | null = null;
  #start: Cancel | null = null;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#link = new CoordinatorLink(cluster);
    this.#retry = new Timer(cluster.runtime, () => {
      this.#try();
    });
    this.#deadline = new Timer(cluster.runtime, () => {
      this.#late();
    });
  }

  /** Behind what is asked for already. Answered never in the stack of this call. */
  add(step: Step): void {
    const deadline = this.#cluster.runtime.now() + (step.timeoutMs ?? Infinity);
    this.#waiting.push({ step, deadline, tries: 0, lastError: null, last: false });
    this.#startSoon();
  }

  /** The transaction goes no further: what waits fails with that error, what is out gets no other try. */
  drop(error: KafkaError): void {
    for (const { step } of this.#waiting.splice(0)) step.done('abort', error);
    if (this.#current === null) return;
    this.#current.last = true;
    this.#current.lastError = error;
    if (this.#call === null) this.#end('abort', error);
  }

  /** Nobody wants what is out any more: it ends with that error, whatever is answered. */
  giveUp(error: KafkaError): void {
    if (this.#current !== null) this.#leave(this.#current.step, error);
  }

  /** `done` when nothing is out and nothing waits; may come in the stack of this call. */
  whenIdle(done: () => void): void {
    if (this.#current === null && this.#waiting.length === 0) done();
    else this.#idle.push(done);
  }

  /** Everything ends now. */
  close(error: KafkaError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#call?.();
    this.#call = null;
    this.#start?.();
    const open = this.#current === null ? [] : [this.#current];
    for (const { step } of [...open, ...this.#waiting.splice(0)]) step.done('fatal', error);
    this.#current = null;
    this.#retry.clear();
    this.#deadline.clear();
    this.#link.close();
    this.#tellIdle();
  }

  #startSoon(): void {
    if (this.#closed || this.#start !== null || this.#current !== null) return;
    this.#start = hop(this.#cluster.runtime, () => {
      this.#start = null;
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== null || this.#closed) return;
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#tellIdle();
      return;
    }
    this.#current = next;
    const left = next.deadline - this.#cluster.runtime.now();
    if (left < Infinity) this.#deadline.set(Math.max(0, left));
    this.#try();
  }

  #try(): void {
    const { step, deadline } = this.#current!;
    const { options, runtime } = this.#cluster;
    const timeoutMs = Math.max(1, Math.min(options.requestTimeoutMs, deadline - runtime.now()));
    const body = step.body();
    this.#call = this.#link.call(
      step.to,
      step.api,
      body,
      { minVersion: step.versions?.minVersion, maxVersion: step.versions?.maxVersion, timeoutMs },
      (error, response, nodeId) => {
        this.#call = null;
        if (error === null) this.#answered(step, response, nodeId!);
        else if (error instanceof ConnectionError) {
          if (!neverSent(error)) step.unanswered?.();
          this.#again(error, false);
        } else this.#end(judgeFailure(error), error);
      },
    );
  }

  #answered(step: Step, response: unknown, nodeId: number): void {
    let worst: Verdict = 'done';
    let code = 0;
    for (const candidate of step.read(response)) {
      const verdict = judge(candidate, step.to.type);
      if (gravity.indexOf(verdict) >= gravity.indexOf(worst)) continue;
      worst = verdict;
      code = candidate;
    }
    if (worst === 'done') {
      this.#end('done', null);
      return;
    }
    const error = new BrokerError(code, step.what, { apiKey: step.api.key, broker: nodeId });
    if (worst === 'moved') this.#link.forget(step.to, nodeId);
    if (worst === 'moved' || worst === 'again') this.#again(error, code === ErrorCode.CONCURRENT_TRANSACTIONS);
    else this.#end(worst, error);
  }

  #again(error: KafkaError, soon: boolean): void {
    const current = this.#current!;
    if (current.last) {
      this.#end('abort', current.lastError);
      return;
    }
    current.lastError = error;
    const { runtime, options } = this.#cluster;
    const { retryBackoffMs, retryBackoffMaxMs } = options;
    const initialMs = soon ? markersMs : retryBackoffMs;
    this.#retry.set(backoffMs(current.tries++, initialMs, retryBackoffMaxMs, () => runtime.random()));
  }

  #late(): void {
    const { step, lastError } = this.#current!;
    const cause = lastError ?? this.#cluster.coordinatorError(step.to.type, step.to.key);
    const reason = cause === null ? '' : `, the last try ended with: ${cause.message}`;
    const error = new TimeoutExpiredError(`${step.what} was not answered in ${step.timeoutMs ?? 0} ms${reason}`, {
      cause: cause ?? undefined,
      retriable: true,
      apiKey: step.api.key,
    });
    this.#leave(step, error);
  }

  /** Whatever is answered to it now is not read. */
  #leave(step: Step, error: KafkaError): void {
    if (this.#call !== null) step.unanswered?.();
    this.#call?.();
    this.#end('abort', error);
  }

  #end(verdict: Verdict, error: KafkaError | null): void {
    const { step } = this.#current!;
    this.#current = null;
    this.#call = null;
    this.#retry.clear();
    this.#deadline.clear();
    step.done(verdict, error);
    // which may have asked for another one: nothing is done then
    this.#next();
  }

  #tellIdle(): void {
    for (const done of this.#idle.splice(0)) done();
  }
}
