import type { Observable } from 'rxjs';
import type { ManualTransaction, SlottedProducer, TransactionalProducer } from '../../../../src/model/transaction.js';
import { createTransactionalProducer } from '../../../../src/observables/transactional-producer-client.js';
import { resolveTransactionalOptions } from '../../../../src/observables/transactional-producer-options.js';
import type { Api, Input } from '../../../../src/protocol/api.js';
import { addOffsetsToTxnApi } from '../../../../src/protocol/messages/add-offsets-to-txn.js';
import { addPartitionsToTxnApi } from '../../../../src/protocol/messages/add-partitions-to-txn.js';
import { endTxnApi } from '../../../../src/protocol/messages/end-txn.js';
import { findCoordinatorApi } from '../../../../src/protocol/messages/find-coordinator.js';
import { initProducerIdApi } from '../../../../src/protocol/messages/init-producer-id.js';
import { produceApi } from '../../../../src/protocol/messages/produce.js';
import { txnOffsetCommitApi } from '../../../../src/protocol/messages/txn-offset-commit.js';
import { utf8 } from '../../../../src/serde/utf8.js';
import { ClusterBench } from '../../../cluster/support.js';
import type { Asked } from '../../../support/scripted-broker.js';
import { readBatch, type SeenBatch } from '../../support/seen-batch.js';

/** What becomes of a request: an error code, no answer, or the end of the connection after the request was carried out. */
export type Fate = number | 'silence' | 'break';

type Name =
  | 'InitProducerId'
  | 'AddPartitionsToTxn'
  | 'AddOffsetsToTxn'
  | 'TxnOffsetCommit'
  | 'EndTxn'
  | 'Produce'
  | 'FindCoordinator';

/** One transactional or produce request as a broker saw it. */
export interface SeenRequest {
  readonly name: Name;
  readonly node: number;
  readonly version: number;
  readonly at: number;
  readonly body: Record<string, unknown>;
}

/** Three scripted brokers: 1 coordinates transactions, 2 groups; topic `t` has partitions led by 1, 2 and 3. */
export class TransactionBrokers {
  readonly bench: ClusterBench;
  readonly log: SeenRequest[] = [];
  /** Fates of the requests to come, by name; without one they succeed. */
  readonly fates: Partial<Record<Name, Fate[]>> = {};
  /** What a partition holds, in the order of arrival: value and epoch. */
  readonly written: { readonly partition: number; readonly batch: SeenBatch }[] = [];
  /** What becomes of the offset of one partition. */
  partOf: (partition: number) => number = () => 0;
  coordinator = 1;
  readonly groupCoordinators: Map<string, number> = new Map<string, number>();
  producerId = 70;
  epoch = 0;
  /** How long a broker takes. */
  delayMs = 5;
  /** Transactional requests without an answer, and the most there were at a time. */
  inFlight = 0;
  mostInFlight = 0;

  /** @param version - level of transaction.version */
  constructor(version: 1 | 2, seed = 1) {
    this.bench = new ClusterBench({}, 3, seed);
    this.bench.topic('t', [1, 2, 3], 0, 'AAAAAAAAAAAAAAAAAAAAqg');
    for (const broker of this.bench.brokers) {
      broker.features = { 'transaction.version': version };
      broker.featuresEpoch = 1;
    }
    this.#on(findCoordinatorApi, (body) => {
      const key = body.coordinatorKeys[0]!;
      const node = body.keyType === 1 ? this.coordinator : (this.groupCoordinators.get(key) ?? 2);
      return (errorCode) => ({
        coordinators: [{ key, errorCode, nodeId: errorCode === 0 ? node : -1, host: `b${node}`, port: 9000 + node }],
      });
    });
    this.#on(initProducerIdApi, () => (errorCode) => ({
      errorCode,
      producerId: this.producerId,
      producerEpoch: errorCode === 0 ? ++this.epoch : -1,
    }));
    this.#on(addPartitionsToTxnApi, ({ v3AndBelowTopics }) => (errorCode) => ({
      resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: errorCode })),
      })),
    }));
    this.#on(addOffsetsToTxnApi, () => (errorCode) => ({ errorCode }));
    this.#on(txnOffsetCommitApi, ({ topics }) => (errorCode) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: errorCode === 0 ? this.partOf(partitionIndex) : errorCode,
        })),
      })),
    }));
    this.#on(endTxnApi, () => (errorCode) => ({
      errorCode,
      producerId: this.producerId,
      producerEpoch: version === 2 && errorCode === 0 ? ++this.epoch : -1,
    }));
    this.#on(produceApi, ({ topicData }) => (errorCode) => ({
      responses: topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index, records }) => {
          if (errorCode === 0) this.written.push({ partition: index, batch: readBatch(Uint8Array.from(records!)) });
          return { index, errorCode, baseOffset: errorCode === 0 ? 0 : -1, logAppendTimeMs: -1, logStartOffset: 0 };
        }),
      })),
    }));
  }

  /** Names of requests in the order of their arrival, FindCoordinator left out. */
  get names(): Name[] {
    return this.log.filter(({ name }) => name !== 'FindCoordinator').map(({ name }) => name);
  }

  of(name: Name): SeenRequest[] {
    return this.log.filter((request) => request.name === name);
  }

  #on<Req, Res>(api: Api<Req, Res>, answer: (body: Req) => (errorCode: number) => Input<Res>): void {
    this.bench.brokers.forEach((broker, index) => {
      broker.on(api, (asked) => {
        this.#asked(api.name as Name, index + 1, asked, answer(asked.body) as (errorCode: number) => object);
        return null;
      });
    });
  }

  #asked(name: Name, node: number, asked: Asked, answer: (errorCode: number) => object): void {
    this.log.push({ name, node, version: asked.version, at: asked.at, body: asked.body });
    const fate = this.fates[name]?.shift() ?? 0;
    const counts = name !== 'Produce' && name !== 'FindCoordinator';
    if (counts) this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    this.bench.runtime.later(this.delayMs, () => {
      if (counts) this.inFlight--;
      if (fate === 'silence') return;
      if (typeof fate === 'number') {
        asked.answer(answer(fate));
        return;
      }
      answer(0);
      asked.peer.fail();
    });
  }
}

/** What came of an Observable, in virtual time. */
export interface Seen {
  readonly values: unknown[];
  error: (Error & { readonly cause?: unknown }) | null;
  done: boolean;
  readonly stop: () => void;
}

/** A transactional producer over scripted brokers. */
export class TransactionBench {
  readonly brokers: TransactionBrokers;
  readonly producer: TransactionalProducer<string, string> & SlottedProducer<string, string>;
  closed = 0;

  constructor(version: 1 | 2, options: object = {}, seed = 1) {
    this.brokers = new TransactionBrokers(version, seed);
    const given = { transactionalId: 'tx', keySerializer: utf8, valueSerializer: utf8, ...options };
    this.producer = createTransactionalProducer<string, string>(
      this.brokers.bench.cluster,
      resolveTransactionalOptions(given),
      () => this.closed++,
    );
  }

  get runtime(): ClusterBench['runtime'] {
    return this.brokers.bench.runtime;
  }

  /** Subscribes, and proves that nothing is told in the stack of that. */
  watch(source$: Observable<unknown>): Seen {
    const values: unknown[] = [];
    const seen: Seen = {
      values,
      error: null,
      done: false,
      stop: () => {
        subscription.unsubscribe();
      },
    };
    let subscribed = false;
    const subscription = source$.subscribe({
      next: (value) => {
        expect(subscribed).toBe(true);
        values.push(value);
      },
      error: (error: unknown) => {
        expect(subscribed).toBe(true);
        seen.error = error as Error;
        seen.done = true;
      },
      complete: () => {
        expect(subscribed).toBe(true);
        seen.done = true;
      },
    });
    subscribed = true;
    return seen;
  }

  /** Runs until it has completed or failed. */
  run(source$: Observable<unknown>, boundMs = 60_000): Seen {
    const seen = this.watch(source$);
    this.until(seen, boundMs);
    return seen;
  }

  until(seen: Seen, boundMs = 60_000): void {
    this.runtime.until('the end of it', () => seen.done, boundMs);
  }

  begin(): ManualTransaction<string, string> {
    const seen = this.run(this.producer.beginTransaction());
    if (seen.error !== null) throw seen.error;
    return seen.values[0] as ManualTransaction<string, string>;
  }

  /** Closes everything, and proves that no timer, connection or hold is left. */
  end(): void {
    void this.producer.close({ timeoutMs: 1000 });
    this.runtime.advance(2000);
    expect(this.closed).toBe(1);
    this.brokers.bench.end();
  }
}
