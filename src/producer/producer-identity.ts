import { type Cluster } from '../cluster/cluster.js';
import { BrokerError } from '../errors/broker-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel } from '../model/done.js';
import { initProducerIdApi, type InitProducerIdResponse } from '../protocol/messages/init-producer-id.js';
import { backoffMs } from '../runtime/backoff.js';
import { Timer } from '../runtime/timer.js';
import { type Identity } from './identity.js';
import { lastEpoch } from './sequence.js';

/** Told when an identity is there, or cannot be had. */
export interface IdentityListener {
  identityReady(): void;
  /** Not retriable: what waits for the identity fails with it. The next `acquire` tries again. */
  identityFailed(error: KafkaError): void;
}

/**
 * Producer id and epoch of an idempotent producer. The id comes from InitProducerId, later epochs are counted up here
 * (KIP-360, as the Java client does without a transactional id): a partition is restarted under the next epoch, the others
 * move when they are empty.
 */
export class ProducerIdentity implements Identity {
  readonly transaction: null = null;
  producerId = -1;
  epoch = -1;
  lastError: KafkaError | null = null;
  readonly #cluster: Cluster;
  readonly #listener: IdentityListener;
  readonly #timer: Timer;
  #attempts = 0;
  #cancel: Cancel | null = null;

  constructor(cluster: Cluster, listener: IdentityListener) {
    this.#cluster = cluster;
    this.#listener = listener;
    this.#timer = new Timer(cluster.runtime, () => {
      this.acquire();
    });
  }

  get known(): boolean {
    return this.producerId >= 0;
  }

  acquire(): void {
    if (this.known || this.#cancel !== null || this.#timer.armed) return;
    const { requestTimeoutMs } = this.#cluster.options;
    const body = { transactionalId: null, transactionTimeoutMs: requestTimeoutMs, producerId: -1, producerEpoch: -1 };
    this.#cancel = this.#cluster.callAny(
      initProducerIdApi,
      body,
      // the records that wait for it keep the process; it is asked for when there are none left as well
      { timeoutMs: requestTimeoutMs, background: true },
      (error, response) => {
        this.#cancel = null;
        this.#answered(error, response);
      },
    );
  }

  leaveBehind(producerId: number, epoch: number): void {
    if (!this.known || producerId !== this.producerId || epoch !== this.epoch) return;
    if (this.epoch < lastEpoch) {
      this.epoch++;
      return;
    }
    this.producerId = -1;
    this.epoch = -1;
    this.acquire();
  }

  close(): void {
    this.#timer.clear();
    this.#cancel?.();
    this.#cancel = null;
  }

  #answered(error: KafkaError | null, response: InitProducerIdResponse | null): void {
    const failure = error ?? this.#refusal(response!);
    if (failure === null) {
      this.#attempts = 0;
      this.lastError = null;
      this.producerId = response!.producerId;
      this.epoch = response!.producerEpoch;
      this.#listener.identityReady();
      return;
    }
    this.lastError = failure;
    if (!failure.retriable) {
      this.#attempts = 0;
      this.#listener.identityFailed(failure);
      return;
    }
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.options;
    const { runtime } = this.#cluster;
    this.#timer.set(backoffMs(this.#attempts++, retryBackoffMs, retryBackoffMaxMs, () => runtime.random()));
  }

  #refusal(response: InitProducerIdResponse): KafkaError | null {
    if (response.errorCode === 0) return null;
    return new BrokerError(response.errorCode, 'Producer id for idempotence was refused', {
      apiKey: initProducerIdApi.key,
    });
  }
}
