import { Observable } from 'rxjs';
import { type Cluster } from '../cluster/cluster.js';
import { type ConsumerCore } from '../consumer/consumer-core.js';
import { type QueryPort } from '../consumer/consumer-queries.js';
import { RangePlan } from '../consumer/range-plan.js';
import { RangeReader } from '../consumer/range-reader.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError, UsageError } from '../errors/usage-error.js';
import { type Cancel } from '../model/done.js';
import { type ReadRange } from '../model/consumer.js';
import { type ConsumerRecord } from '../model/consumer-record.js';
import { hop } from '../runtime/timer.js';
import { checkRange } from './range-request.js';

/** Bounded reads of one consumer: each subscription is a session of its own, beside whatever the consumer is subscribed to. */
export class RangeReads {
  readonly #cluster: Cluster;
  readonly #core: ConsumerCore;
  readonly #queries: QueryPort;
  /** Those that are under way: what ends each with an error. */
  readonly #open: Set<(error: KafkaError) => void> = new Set<(error: KafkaError) => void>();
  #closed = false;

  constructor(cluster: Cluster, core: ConsumerCore, queries: QueryPort) {
    this.#cluster = cluster;
    this.#core = core;
    this.#queries = queries;
  }

  /** @throws InvalidOptionError, UsageError when the range makes no sense, whatever the partitions hold. */
  of<K, V>(range: ReadRange | undefined): Observable<ConsumerRecord<K, V>> {
    const request = checkRange(range);
    if (request.from === 'committed' && this.#core.options.groupId === null) {
      throw new UsageError('A consumer without groupId has no committed offsets, give it a groupId');
    }
    const core = this.#core;
    const { options } = core;
    const cluster = this.#cluster;
    return new Observable<ConsumerRecord<K, V>>((subscriber) => {
      let reader: RangeReader | null = null;
      const release = cluster.runtime.keepAlive?.();
      const fail = (error: KafkaError): void => {
        this.#open.delete(fail);
        reader?.close();
        subscriber.error(error);
      };
      const start = (): Cancel => {
        const plan = new RangePlan(this.#queries, core.selection, request, (error, parts) => {
          if (parts === null) fail(error!);
          else {
            reader = new RangeReader(cluster, options, parts, {
              next: (record) => {
                subscriber.next(record as unknown as ConsumerRecord<K, V>);
              },
              completed: () => {
                subscriber.complete();
              },
              failed: fail,
              closed: () => {
                release?.();
              },
            });
          }
        });
        return () => {
          plan.cancel();
        };
      };
      this.#open.add(fail);
      const cancel = this.#closed
        ? hop(cluster.runtime, () => {
            fail(new ClientClosedError('The consumer is closed, create a new one'));
          })
        : start();
      return () => {
        this.#open.delete(fail);
        cancel();
        if (reader === null) release?.();
        else reader.stop();
      };
    });
  }

  /** A part of a range must not look like the whole of it: what is under way ends with an error. */
  close(): void {
    this.#closed = true;
    for (const fail of [...this.#open]) fail(new ClientClosedError('The consumer was closed during readRange'));
  }
}
