import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type MetadataResponse } from '../protocol/messages/metadata.js';
import { backoffMs } from '../runtime/backoff.js';
import { hop, Timer } from '../runtime/timer.js';
import { type TopicInterest, type TopicQuestion } from './topic-interest.js';

/** Asks one broker, whichever. */
export type AskMetadata = (question: TopicQuestion, done: Done<MetadataResponse>) => Cancel;

/** Where answers go. */
export interface MetadataSink {
  /** False when the answer brought nothing new. */
  apply(question: TopicQuestion, response: MetadataResponse): boolean;
  /** Something that is needed has no leader yet. */
  gaps(): boolean;
}

export interface MetadataPace {
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
}

/**
 * When metadata is asked for: one round in flight, further requests join the next one, which keeps its distance. Rounds come
 * on request, while something needed is missing, and when the last answer is too old; with no interest in any topic none
 * comes by itself.
 */
export class MetadataLoop {
  readonly #runtime: Runtime;
  readonly #pace: MetadataPace;
  readonly #interest: TopicInterest;
  readonly #ask: AskMetadata;
  readonly #sink: MetadataSink;
  readonly #start: Timer;
  readonly #age: Timer;
  /** Of the next round. */
  #waiting: Set<Done<true>> = new Set<Done<true>>();
  /** Of the round in flight. */
  #riding: Set<Done<true>> = new Set<Done<true>>();
  #flight: Cancel | null = null;
  /** The process stays while somebody waits; what the loop does by itself does not keep it. */
  #release: Cancel | null = null;
  #wanted = false;
  /** The next round need not keep its distance: it asks for topics no answer has named yet. */
  #urgent = false;
  #notBefore = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #repeats = 0;
  #closed = false;

  constructor(runtime: Runtime, pace: MetadataPace, interest: TopicInterest, ask: AskMetadata, sink: MetadataSink) {
    this.#runtime = runtime;
    this.#pace = pace;
    this.#interest = interest;
    this.#ask = ask;
    this.#sink = sink;
    this.#start = new Timer(runtime, () => {
      this.#round();
    });
    this.#age = new Timer(runtime, () => {
      if (this.#interest.any) this.want(false);
    });
  }

  /** Another round, as soon as the pace allows. */
  want(urgent: boolean): void {
    if (this.#closed) return;
    this.#wanted = true;
    if (urgent) this.#urgent = true;
    this.#plan();
  }

  /** `done` after the next round, which is asked for after this call. */
  wait(done: Done<true>): Cancel {
    if (this.#closed) {
      return hop(this.#runtime, () => {
        done(new ClientClosedError(), null);
      });
    }
    const waiter: Done<true> = (error, value) => {
      done(error, value);
    };
    this.#waiting.add(waiter);
    this.#release ??= this.#runtime.keepAlive?.() ?? null;
    this.want(false);
    return () => {
      this.#waiting.delete(waiter);
      this.#riding.delete(waiter);
      this.#letGo();
    };
  }

  /** Interest has begun again: is what we have still young enough? */
  checkAge(): void {
    if (this.#closed) return;
    const age = this.#runtime.now() - this.#answeredAt;
    if (age >= this.#pace.metadataMaxAgeMs) this.want(false);
    else if (!this.#age.armed) this.#age.set(this.#pace.metadataMaxAgeMs - age);
  }

  close(): void {
    this.#closed = true;
    this.#flight?.();
    this.#flight = null;
    this.#start.clear();
    this.#age.clear();
    const waiters = [...this.#riding, ...this.#waiting];
    this.#riding.clear();
    this.#waiting.clear();
    this.#letGo();
    for (const done of waiters) done(new ClientClosedError(), null);
  }

  #plan(): void {
    if (this.#flight !== null || this.#closed || !this.#wanted) return;
    const free = this.#urgent && this.#failures === 0;
    this.#start.set(free ? 0 : Math.max(0, this.#notBefore - this.#runtime.now()));
  }

  #round(): void {
    this.#wanted = false;
    this.#urgent = false;
    const late = this.#runtime.now() - this.#answeredAt > this.#pace.retryBackoffMaxMs * 2;
    if (late) this.#repeats = 0;
    [this.#riding, this.#waiting] = [this.#waiting, this.#riding];
    this.#next(this.#interest.questions(), 0, false);
  }

  #next(questions: readonly TopicQuestion[], at: number, news: boolean): void {
    const question = questions[at]!;
    this.#flight = this.#ask(question, (error, response) => {
      if (this.#closed) return;
      if (response === null) {
        this.#failed(error!);
        return;
      }
      const changed = this.#sink.apply(question, response) || news;
      if (this.#isClosed) return;
      if (at + 1 < questions.length) this.#next(questions, at + 1, changed);
      else this.#answered(changed);
    });
  }

  /** A listener may close the cluster while it is told of an answer. */
  get #isClosed(): boolean {
    return this.#closed;
  }

  #answered(changed: boolean): void {
    const now = this.#runtime.now();
    this.#flight = null;
    this.#failures = 0;
    this.#repeats = changed ? 0 : this.#repeats + 1;
    this.#answeredAt = now;
    this.#notBefore = now + this.#backoff(this.#repeats);
    if (this.#interest.any) this.#age.set(this.#pace.metadataMaxAgeMs);
    if (this.#sink.gaps()) this.#wanted = true;
    this.#tell(null);
    this.#plan();
  }

  #failed(error: KafkaError): void {
    this.#flight = null;
    this.#notBefore = this.#runtime.now() + this.#backoff(this.#failures++);
    this.#wanted ||= this.#interest.any || this.#waiting.size > 0;
    this.#tell(error);
    this.#plan();
  }

  /** Waiters of the round that ended; those who come from now on wait for the next. */
  #tell(error: KafkaError | null): void {
    const told = [...this.#riding];
    this.#riding.clear();
    for (const done of told) {
      if (error === null) done(null, true);
      else done(error, null);
    }
    this.#letGo();
  }

  #letGo(): void {
    if (this.#waiting.size + this.#riding.size > 0) return;
    this.#release?.();
    this.#release = null;
  }

  #backoff(attempt: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#pace;
    return backoffMs(attempt, retryBackoffMs, retryBackoffMaxMs, () => this.#runtime.random());
  }
}
