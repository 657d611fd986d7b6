import { type Cluster } from '../cluster/cluster.js';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { RequestTimeoutError } from '../errors/connection-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { backoffMs } from '../runtime/backoff.js';
import { hop, Timer } from '../runtime/timer.js';

/** What became of one partition's part: an answer, a reason to ask again, or the end of the whole query. */
export type PartOutcome<R> = { readonly value: R } | { readonly again: KafkaError } | { readonly fatal: KafkaError };

/** Sends the targets that one broker leads, all in one request, and says what became of each, in the same order. */
export type AskLeader<T, R> = (
  broker: number,
  targets: readonly T[],
  done: (error: KafkaError | null, outcomes: readonly PartOutcome<R>[]) => void,
) => Cancel;

/** Connection and leadership trouble cure themselves: asked again after a refresh of the metadata. */
function retriable(error: KafkaError): boolean {
  return error.retriable;
}

/** What metadata says of a topic that no later answer will take back. */
function refusedForGood(errorCode: number): boolean {
  return errorCode === ErrorCode.TOPIC_AUTHORIZATION_FAILED || errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION;
}

/**
 * Asks the leaders of some partitions and puts the answers together. Parts that fail for a reason that passes are asked
 * again, of whoever leads them then, until the deadline; the first fatal one ends the query.
 */
export class LeaderQuery<T extends TopicPartition, R> {
  readonly #cluster: Cluster;
  readonly #ask: AskLeader<T, R>;
  readonly #done: Done<R[]>;
  readonly #results: (R | undefined)[];
  readonly #timer: Timer;
  readonly #deadline: number;
  readonly #cancels: Set<Cancel> = new Set<Cancel>();
  readonly #targets: readonly T[];
  readonly #releaseTopics: Cancel;
  #open: number[];
  #flying = 0;
  #again: number[] = [];
  #attempt = 0;
  #lastError: KafkaError | null = null;
  #ended = false;

  /** `timeoutMs` null: until cancelled. */
  constructor(
    cluster: Cluster,
    targets: readonly T[],
    timeoutMs: number | null,
    ask: AskLeader<T, R>,
    done: Done<R[]>,
  ) {
    this.#cluster = cluster;
    this.#targets = targets;
    this.#ask = ask;
    this.#done = done;
    this.#results = targets.map(() => undefined);
    this.#open = targets.map((_, index) => index);
    this.#deadline = timeoutMs === null ? Infinity : cluster.runtime.now() + timeoutMs;
    this.#releaseTopics = cluster.metadata.retain([...new Set(targets.map(({ topic }) => topic))]);
    this.#timer = new Timer(cluster.runtime, () => {
      this.#round();
    });
    this.#cancels.add(
      hop(cluster.runtime, () => {
        this.#round();
      }),
    );
  }

  cancel(): void {
    if (!this.#ended) this.#end();
  }

  #round(): void {
    if (this.#ended) return;
    this.#cancels.clear();
    const byLeader = new Map<number, number[]>();
    const open = this.#open;
    this.#open = [];
    this.#again = [];
    for (const index of open) {
      const { topic, partition } = this.#targets[index]!;
      const { metadata } = this.#cluster;
      const refusal = metadata.topic(topic)?.errorCode ?? 0;
      if (refusedForGood(refusal)) {
        this.#fail(new BrokerError(refusal, `Topic ${topic}`, { topic, partition }));
        return;
      }
      const leader = metadata.partition(topic, partition)?.leader ?? -1;
      if (leader < 0) this.#again.push(index);
      else if (byLeader.has(leader)) byLeader.get(leader)!.push(index);
      else byLeader.set(leader, [index]);
    }
    this.#flying = byLeader.size;
    for (const [leader, indexes] of byLeader) this.#send(leader, indexes);
    if (this.#flying === 0) this.#roundEnded();
  }

  #send(leader: number, indexes: readonly number[]): void {
    const cancel = this.#ask(
      leader,
      indexes.map((index) => this.#targets[index]!),
      (error, outcomes) => {
        if (this.#ended) return;
        this.#cancels.delete(cancel);
        if (error !== null) this.#failed(indexes, error);
        else this.#answered(indexes, outcomes);
        if (this.#isEnded) return;
        if (--this.#flying === 0) this.#roundEnded();
      },
    );
    this.#cancels.add(cancel);
  }

  get #isEnded(): boolean {
    return this.#ended;
  }

  #failed(indexes: readonly number[], error: KafkaError): void {
    if (!retriable(error)) {
      this.#fail(error);
      return;
    }
    this.#lastError = error;
    this.#again.push(...indexes);
  }

  #answered(indexes: readonly number[], outcomes: readonly PartOutcome<R>[]): void {
    for (const [at, index] of indexes.entries()) {
      const outcome = outcomes[at]!;
      if ('value' in outcome) this.#results[index] = outcome.value;
      else if ('again' in outcome) {
        this.#lastError = outcome.again;
        this.#again.push(index);
      } else {
        this.#fail(outcome.fatal);
        return;
      }
    }
  }

  #roundEnded(): void {
    if (this.#again.length === 0) {
      this.#end();
      this.#done(null, this.#results as R[]);
      return;
    }
    this.#open = this.#again;
    const { runtime, options, metadata } = this.#cluster;
    const wait = backoffMs(this.#attempt++, options.retryBackoffMs, options.retryBackoffMaxMs, () => runtime.random());
    if (runtime.now() + wait >= this.#deadline) {
      const { topic, partition } = this.#targets[this.#open[0]!]!;
      this.#fail(
        this.#lastError ?? new RequestTimeoutError(`No leader of ${topic}-${partition} answered in time`, { topic }),
      );
      return;
    }
    metadata.refresh('a leader was asked and did not answer as one');
    this.#timer.set(wait);
  }

  #fail(error: KafkaError): void {
    this.#end();
    this.#done(error, null);
  }

  #end(): void {
    this.#ended = true;
    this.#timer.clear();
    this.#releaseTopics();
    for (const cancel of [...this.#cancels]) cancel();
    this.#cancels.clear();
  }
}
