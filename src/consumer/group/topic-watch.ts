import { type Cluster } from '../../cluster/cluster.js';
import { BrokerError } from '../../errors/broker-error.js';
import { ErrorCode } from '../../errors/broker-error-codes.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type Cancel } from '../../model/done.js';
import { hop } from '../../runtime/timer.js';

/** What a watched topic turned out to be. */
export interface TopicWatchListener {
  /** Metadata changed; never in the stack of `start`. */
  changed(): void;
  /** A topic that will not appear by waiting: not authorized, or a name that cannot exist. */
  refused(error: KafkaError): void;
}

/**
 * Keeps the topics of a consumer in the metadata, creates them where that is allowed, and tells what becomes of them. Several
 * updates in one turn are told once.
 */
export class TopicWatch {
  readonly #cluster: Cluster;
  readonly #topics: readonly string[];
  readonly #autoCreate: boolean;
  readonly #listener: TopicWatchListener;
  #release: Cancel | null = null;
  #unlisten: Cancel | null = null;
  #cancelHop: Cancel | null = null;

  constructor(cluster: Cluster, topics: readonly string[], autoCreate: boolean, listener: TopicWatchListener) {
    this.#cluster = cluster;
    this.#topics = topics;
    this.#autoCreate = autoCreate;
    this.#listener = listener;
  }

  start(): void {
    if (this.#unlisten !== null) return;
    const { metadata } = this.#cluster;
    this.#unlisten = metadata.onUpdate(() => {
      this.#soon();
    });
    this.#release = metadata.retain(this.#topics, { autoCreate: this.#autoCreate });
    this.#soon();
  }

  /** Tells nothing any more, and keeps the topics known. */
  mute(): void {
    this.#cancelHop?.();
    this.#unlisten?.();
    this.#cancelHop = null;
    this.#unlisten = null;
  }

  close(): void {
    this.mute();
    this.#release?.();
    this.#release = null;
  }

  #soon(): void {
    this.#cancelHop ??= hop(this.#cluster.runtime, () => {
      this.#cancelHop = null;
      this.#look();
    });
  }

  #look(): void {
    for (const topic of this.#topics) {
      const errorCode = this.#cluster.metadata.topic(topic)?.errorCode ?? 0;
      if (errorCode !== ErrorCode.TOPIC_AUTHORIZATION_FAILED && errorCode !== ErrorCode.INVALID_TOPIC_EXCEPTION)
        continue;
      this.#listener.refused(new BrokerError(errorCode, `Topic ${topic} cannot be read`, { topic, fatal: true }));
      return;
    }
    this.#listener.changed();
  }
}
