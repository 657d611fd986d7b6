import { Observable } from 'rxjs';
import { type Cluster } from '../cluster/cluster.js';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { TimeoutExpiredError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError } from '../errors/usage-error.js';
import { type PartitionInfo } from '../model/topic-partition.js';
import { hop, Timer } from '../runtime/timer.js';

/**
 * The partitions of a topic with leader and replicas, once, after at least one hop. **Cold**: a subscription asks metadata
 * where it does not know the topic, and waits for it.
 * @param timeoutMs - how long to wait for a topic that is not there
 * @param closed$ - emits when the client is closed
 */
export function partitionsFor(
  cluster: Cluster,
  topic: string,
  timeoutMs: number,
  closed$: Observable<unknown>,
): Observable<readonly PartitionInfo[]> {
  return new Observable((subscriber) => {
    const { metadata, runtime, options } = cluster;
    const unknown = (): BrokerError => {
      const code = metadata.topic(topic)?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      return new BrokerError(code, `Partitions of ${topic}`, { topic });
    };
    const look = (): void => {
      const known = metadata.topic(topic);
      if (known?.errorCode === 0) {
        subscriber.next(
          known.partitions.map(({ partition, leader, replicas, isr }) => ({
            topic,
            partition,
            leader: leader < 0 ? null : leader,
            replicas,
            inSyncReplicas: isr,
          })),
        );
        subscriber.complete();
      } else if (known !== undefined && !unknown().retriable) {
        subscriber.error(unknown());
      } else if (!again.armed) {
        again.set(options.retryBackoffMs);
      }
    };
    const again = new Timer(runtime, () => {
      metadata.refresh(`partitions of ${topic}`, () => {
        if (!subscriber.closed) look();
      });
    });
    const deadline = new Timer(runtime, () => {
      const unreached = metadata.topic(topic) === undefined ? metadata.unreached : null;
      subscriber.error(unreached === null ? unknown() : noAnswer(topic, timeoutMs, unreached));
    });
    subscriber.add(
      closed$.subscribe({
        next: () => {
          subscriber.error(new ClientClosedError());
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
      }),
    );
    if (subscriber.closed) return undefined;
    const release = metadata.retain([topic]);
    const stop = metadata.onUpdate(look);
    const cancelHop = hop(runtime, look);
    deadline.set(timeoutMs);
    const awake = runtime.keepAlive?.();
    return () => {
      cancelHop();
      stop();
      release();
      again.clear();
      deadline.clear();
      awake?.();
    };
  });
}

/** That the topic is unknown would be a guess. */
function noAnswer(topic: string, timeoutMs: number, cause: KafkaError): TimeoutExpiredError {
  const text = `No broker told the partitions of ${topic} in ${timeoutMs} ms: ${cause.message}`;
  return new TimeoutExpiredError(text, { topic, retriable: true, cause });
}
