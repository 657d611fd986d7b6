import { type Observable, Subject } from 'rxjs';
import { Cluster } from './cluster/cluster.js';
import { ClientClosedError } from './errors/usage-error.js';
import { type ClientEvent } from './model/client-event.js';
import { type Consumer, type ConsumerOptions } from './model/consumer.js';
import { type KafkaOptions } from './model/kafka-options.js';
import { type Producer, type ProducerOptions } from './model/producer.js';
import { type TransactionalProducer, type TransactionalProducerOptions } from './model/transaction.js';
import { type Bytes } from './model/topic-partition.js';
import { createConsumer } from './observables/create-consumer.js';
import { resolveConsumerOptions } from './observables/consumer-options.js';
import { resolveKafkaOptions } from './observables/kafka-options.js';
import { createProducer } from './observables/producer-client.js';
import { resolveProducerOptions } from './observables/producer-options.js';
import { createTransactionalProducer } from './observables/transactional-producer-client.js';
import { resolveTransactionalOptions } from './observables/transactional-producer-options.js';
import { nodeRuntime } from './runtime/node/node-runtime.js';

type Closable = { close(options?: { readonly timeoutMs?: number | undefined }): Promise<void> };

/**
 * One Kafka cluster and its clients. They share cluster knowledge and control connections; every consumer and producer has
 * connections of its own for its traffic. Nothing connects before something is subscribed or sent.
 *
 * @example
 * ```ts
 * const kafka = new Kafka({ bootstrapServers: 'localhost:9092' });
 * await kafka.producer({ valueSerializer: utf8 }).sendAndWait({ topic: 'greetings', value: 'hello' });
 * await kafka.close();
 * ```
 * @public
 */
export class Kafka {
  /** Hot. Connections that come and go, and throttling by brokers. Completes on `close`. */
  readonly events$: Observable<ClientEvent>;
  readonly #cluster: Cluster;
  readonly #requestTimeoutMs: number;
  readonly #events: Subject<ClientEvent> = new Subject<ClientEvent>();
  readonly #clients: Set<Closable> = new Set<Closable>();
  #closing: Promise<void> | null = null;

  /** @throws InvalidOptionError for a bad or unknown option, before any I/O. */
  constructor(options?: KafkaOptions) {
    const { cluster, runtime } = resolveKafkaOptions(options);
    this.#requestTimeoutMs = cluster.requestTimeoutMs;
    this.#cluster = new Cluster(cluster, runtime ?? nodeRuntime(), (event) => {
      this.#events.next(event);
    });
    this.events$ = this.#events.asObservable();
  }

  /**
   * A consumer: with `groupId` a member of that group from subscribe to unsubscribe, without one a reader of all partitions.
   * @throws InvalidOptionError for a bad or unknown option, before any I/O.
   */
  consumer<K = Bytes | null, V = Bytes | null>(options: ConsumerOptions<K, V>): Consumer<K, V> {
    const resolved = resolveConsumerOptions(options);
    return this.#own((forget) => createConsumer<K, V>(this.#cluster, resolved, forget));
  }

  /**
   * A producer; idempotent by default (no duplicates, order per partition).
   * @throws InvalidOptionError for a bad or unknown option, before any I/O.
   */
  producer<K = Bytes | null, V = Bytes | null>(options?: ProducerOptions<K, V>): Producer<K, V> {
    const resolved = resolveProducerOptions(options, this.#requestTimeoutMs);
    return this.#own((forget) => createProducer<K, V>(this.#cluster, resolved, forget, this.events$));
  }

  /**
   * A producer whose records enter through transactions. Its `transactionalId` is its own: a second instance with the same
   * one fences the first.
   * @throws InvalidOptionError for a bad or unknown option, before any I/O.
   */
  transactionalProducer<K = Bytes | null, V = Bytes | null>(
    options: TransactionalProducerOptions<K, V>,
  ): TransactionalProducer<K, V> {
    const resolved = resolveTransactionalOptions(options, this.#requestTimeoutMs);
    return this.#own((forget) => createTransactionalProducer<K, V>(this.#cluster, resolved, forget, this.events$));
  }

  /**
   * Eager. Drains and closes every client, consumers first, then the connections. Each client is given `timeoutMs` (its own
   * default when absent); what is left then fails with a clear error.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void> {
    this.#closing ??= this.#closeAll(options);
    return this.#closing;
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(options?: { readonly timeoutMs?: number | undefined }): Promise<void> {
    // consumers drain through producers, so a producer must outlive them
    const clients = [...this.#clients];
    const consumers: Closable[] = clients.filter((client) => 'records$' in client);
    await Promise.all(consumers.map((client) => client.close(options)));
    await Promise.all(clients.filter((client) => !consumers.includes(client)).map((client) => client.close(options)));
    this.#cluster.close();
    this.#events.complete();
  }

  #own<T extends Closable>(create: (forget: () => void) => T): T {
    if (this.#closing !== null) throw new ClientClosedError('This Kafka is closed, create a new one');
    const client: T = create(() => {
      this.#clients.delete(client);
    });
    this.#clients.add(client);
    return client;
  }
}
