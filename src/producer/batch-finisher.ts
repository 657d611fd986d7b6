import { type KafkaError } from '../errors/kafka-error.js';
import { type Runtime } from '../model/runtime.js';
import { hop } from '../runtime/timer.js';
import { type ProducerCoreOptions } from './core-options.js';
import { type Identity } from './identity.js';
import { type ProduceBatch } from './produce-batch.js';

/** What finishing needs of the producer. */
export interface FinisherHost {
  now(): number;
  /** An asynchronous codec is done: the batch may be sent. */
  finished(batch: ProduceBatch): void;
  /** The codec failed: its package is missing, or it could not compress. */
  finishFailed(batch: ProduceBatch, error: KafkaError): void;
}

/** Without an answer for this long a partition starts carefully again: the broker may have forgotten the producer (ms). */
const establishedForMs = 60_000;

/** Turns a batch that is about to leave into the bytes of a request: sequence, compression, CRC. */
export class BatchFinisher {
  readonly #options: ProducerCoreOptions;
  readonly #identity: Identity | null;
  readonly #host: FinisherHost;
  readonly #hop: (work: () => void) => void;

  constructor(options: ProducerCoreOptions, runtime: Runtime, identity: Identity | null, host: FinisherHost) {
    this.#hop = (work) => {
      hop(runtime, work);
    };
    this.#options = options;
    this.#identity = identity;
    this.#host = host;
  }

  /**
   * True when the batch has its bytes and its sequence. False when the producer id is not there yet, the partition is no part
   * of the transaction yet, or while an asynchronous codec works: the batch keeps its place, and nothing of its partition
   * overtakes it.
   */
  prepare(batch: ProduceBatch): boolean {
    const { queue } = batch;
    if (this.#identity?.transaction?.admits(queue) === false) return false;
    if (this.#identity !== null && !batch.sequenced && !this.#number(batch, this.#identity)) return false;
    if (batch.state === 'open') {
      batch.state = 'closed';
      queue.open = null;
    }
    if (batch.bytes === null) return this.#finish(batch);
    if (batch.restamp) {
      batch.buffer.resequence(batch.producerId, batch.producerEpoch, batch.baseSequence);
      batch.restamp = false;
    }
    return true;
  }

  #number(batch: ProduceBatch, identity: Identity): boolean {
    if (!identity.known) {
      identity.acquire();
      return false;
    }
    const { queue } = batch;
    if (!queue.hasSequenced) {
      if (queue.producerId !== identity.producerId || queue.producerEpoch !== identity.epoch) {
        queue.startEpoch(identity.producerId, identity.epoch);
      } else if (this.#host.now() - queue.lastAnswerAt > establishedForMs) {
        queue.established = false;
      }
    }
    queue.assignSequence(batch);
    return true;
  }

  #finish(batch: ProduceBatch): boolean {
    const { producerId, producerEpoch, baseSequence } = batch;
    const { compression } = this.#options;
    const transactional = (this.#identity?.transaction ?? null) !== null;
    const state = { producerId, producerEpoch, baseSequence, transactional, compression };
    let bytes: Uint8Array | null;
    try {
      bytes = batch.buffer.finish(
        state,
        (error, compressed) => {
          this.#compressed(batch, error, compressed, producerEpoch, baseSequence);
        },
        this.#hop,
      );
    } catch (error) {
      this.#host.finishFailed(batch, error as KafkaError);
      return false;
    }
    if (bytes === null) {
      batch.state = 'finishing';
      return false;
    }
    batch.bytes = bytes;
    if (batch.attempts === 0) batch.state = 'finished';
    return true;
  }

  #compressed(
    batch: ProduceBatch,
    error: KafkaError | null,
    bytes: Uint8Array | null,
    producerEpoch: number,
    baseSequence: number,
  ): void {
    // expired or failed meanwhile
    if (batch.state !== 'finishing') return;
    if (error !== null) {
      this.#host.finishFailed(batch, error);
      return;
    }
    batch.bytes = bytes;
    // numbered anew while the codec worked: patched before it leaves
    batch.restamp = batch.baseSequence !== baseSequence || batch.producerEpoch !== producerEpoch;
    batch.state = batch.attempts > 0 ? 'retry' : 'finished';
    this.#host.finished(batch);
  }
}
