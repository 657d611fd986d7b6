import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { ConnectionError } from '../errors/connection-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import {
  findCoordinatorApi,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from '../protocol/messages/find-coordinator.js';
import { type Input } from '../protocol/api.js';
import { backoffMs } from '../runtime/backoff.js';
import { Timer } from '../runtime/timer.js';

export type CoordinatorType = 'group' | 'transaction';

/** What a look-up needs of the cluster. */
export interface CoordinatorHost {
  readonly runtime: Runtime;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  ask(
    body: (version: number) => Input<FindCoordinatorRequest>,
    minVersion: number,
    done: Done<FindCoordinatorResponse>,
  ): Cancel;
  learnBroker(id: number, host: string, port: number): void;
}

const firstBatchedVersion = 4;
const keyTypes = { group: 0, transaction: 1 } as const;

/** Looks one coordinator up until it is found, refused for good, or nobody waits any more. */
export class CoordinatorLookup {
  /** Of the last try. */
  lastError: KafkaError | null = null;
  readonly #host: CoordinatorHost;
  readonly #type: CoordinatorType;
  readonly #key: string;
  readonly #found: (nodeId: number | null) => void;
  readonly #waiters: Set<Done<number>> = new Set<Done<number>>();
  readonly #timer: Timer;
  #attempt = 0;
  #flight: Cancel | null = null;

  /** @param found - before the waiters are told; null when the look-up ended without one */
  constructor(host: CoordinatorHost, type: CoordinatorType, key: string, found: (nodeId: number | null) => void) {
    this.#host = host;
    this.#type = type;
    this.#key = key;
    this.#found = found;
    this.#timer = new Timer(host.runtime, () => {
      this.#ask();
    });
    this.#ask();
  }

  wait(done: Done<number>): Cancel {
    const waiter: Done<number> = (error, nodeId) => {
      done(error, nodeId);
    };
    this.#waiters.add(waiter);
    return () => {
      if (!this.#waiters.delete(waiter) || this.#waiters.size > 0) return;
      this.#stop();
      this.#found(null);
    };
  }

  close(): void {
    this.#stop();
    this.#tell(new ClientClosedError(), null);
  }

  #ask(): void {
    const keyType = keyTypes[this.#type];
    const key = this.#key;
    this.#flight = this.#host.ask(
      (version) => (version >= firstBatchedVersion ? { keyType, coordinatorKeys: [key] } : { keyType, key }),
      keyType === 0 ? 0 : 1,
      (error, response) => {
        this.#flight = null;
        if (response !== null) this.#answered(response);
        else if (error instanceof ConnectionError) this.#again(error);
        else this.#failed(error!);
      },
    );
  }

  #answered(response: FindCoordinatorResponse): void {
    const answer = response.coordinators.find(({ key }) => key === this.#key) ?? response;
    const { errorCode, nodeId, host, port } = answer;
    if (errorCode === 0 && nodeId >= 0) {
      this.#host.learnBroker(nodeId, host, port);
      this.#found(nodeId);
      this.#tell(null, nodeId);
      return;
    }
    const error = new BrokerError(
      errorCode === 0 ? ErrorCode.COORDINATOR_NOT_AVAILABLE : errorCode,
      `Coordinator of ${this.#type} ${this.#key}`,
      { apiKey: findCoordinatorApi.key },
    );
    if (error.retriable) this.#again(error);
    else this.#failed(error);
  }

  #again(error: KafkaError): void {
    this.lastError = error;
    const { runtime, retryBackoffMs, retryBackoffMaxMs } = this.#host;
    this.#timer.set(backoffMs(this.#attempt++, retryBackoffMs, retryBackoffMaxMs, () => runtime.random()));
  }

  #failed(error: KafkaError): void {
    this.#found(null);
    this.#tell(error, null);
  }

  #stop(): void {
    this.#timer.clear();
    this.#flight?.();
    this.#flight = null;
  }

  #tell(error: KafkaError | null, nodeId: number | null): void {
    const told = [...this.#waiters];
    this.#waiters.clear();
    for (const done of told) {
      if (nodeId !== null) done(null, nodeId);
      else done(error, null);
    }
  }
}
