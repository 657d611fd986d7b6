import { type Observable } from 'rxjs';
import { type ManualTransaction, type TransactionalProducer, utf8 } from '../../../src/index.js';
import { ClientClosedError } from '../../../src/errors/usage-error.js';
import { Connection } from '../../../src/network/connection.js';
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '../../../src/protocol/messages/txn-offset-commit.js';
import { type InterceptedRequest } from '../../../src/testing/broker/index.js';
import { VirtualWorld } from '../../testing/broker/support/virtual-world.js';

type Manual = ManualTransaction<string, string>;

const group = { groupId: 'g', generation: -1, memberId: '', groupInstanceId: null };

/** Runs until it has completed. */
function done(world: VirtualWorld, what: string, source$: Observable<unknown>): void {
  let over = false;
  let failure: unknown = null;
  source$.subscribe({
    error: (error: unknown) => {
      failure = error;
      over = true;
    },
    complete: () => (over = true),
  });
  world.until(what, () => over);
  if (failure !== null) throw failure as Error;
}

/** The request arrives after all. */
function deliver(world: VirtualWorld, { apiVersion, body, broker }: InterceptedRequest): TxnOffsetCommitResponse {
  const { cluster } = world;
  const [host, port] = cluster.bootstrapServers.split(',')[broker - 1]!.split(':');
  let answer: TxnOffsetCommitResponse | null = null;
  const target = { host: host!, port: Number(port), tls: null, clientId: 'late', connectTimeoutMs: 1000, idleMs: 9000 };
  const connection = new Connection(cluster, target, {
    ready: () => {
      const request = body as TxnOffsetCommitRequest;
      connection.send(txnOffsetCommitApi, apiVersion, request, Infinity, (_, response) => (answer = response));
    },
    throttled: () => undefined,
    closed: () => undefined,
  });
  world.until('the late answer', () => answer !== null);
  connection.destroy(new ClientClosedError(), 'ended');
  return answer!;
}

function producerOf(
  world: VirtualWorld,
  requestTimeoutMs: number,
  transactionTimeoutMs: number,
): TransactionalProducer<string, string> {
  return world.kafka({ requestTimeoutMs }).transactionalProducer({
    transactionalId: 'x',
    keySerializer: utf8,
    valueSerializer: utf8,
    deliveryTimeoutMs: 30_000,
    transactionTimeoutMs,
  });
}

function begin(world: VirtualWorld, producer: TransactionalProducer<string, string>): Manual {
  let tx: Manual | null = null;
  producer.beginTransaction().subscribe((begun) => (tx = begun));
  world.until('begun', () => tx !== null);
  return tx!;
}

/** Those that arrive at the brokers, or would. */
function offsetRequests(world: VirtualWorld): InterceptedRequest[] {
  const requests: InterceptedRequest[] = [];
  world.cluster.onRequest((request) => {
    if (request.api === 'TxnOffsetCommit') requests.push(request);
  });
  return requests;
}

const offsets = (offset: number) => [{ topic: 'in', partition: 0, offset }];

/** The next transaction commits its own offsets, whatever arrives of the one before. */
function commitsItsOwn(
  world: VirtualWorld,
  producer: TransactionalProducer<string, string>,
  late: InterceptedRequest,
): void {
  const tx = begin(world, producer);
  done(world, 'later offsets', tx.sendOffsets(offsets(9), group));
  const answer = deliver(world, late);
  expect(answer.topics[0]!.partitions[0]!.errorCode).not.toBe(0);
  done(world, 'commit', tx.commit());
  world.advance(100);
  expect(world.cluster.committed('g', 'in', 0)).toBe(9);
}

describe.each([0, 2])('offsets that the wire held (transaction.version %i)', (version) => {
  let world: VirtualWorld;

  beforeEach(() => {
    world = new VirtualWorld({ features: { 'transaction.version': version } });
    world.cluster.createTopic('in');
  });

  it.each(['commit', 'abort'] as const)('do not come back in the transaction behind the %s of theirs', (end) => {
    const producer = producerOf(world, 1000, 60_000);
    const requests = offsetRequests(world);
    // lost on the way to the broker, given up and sent again
    world.cluster.intercept('TxnOffsetCommit', { type: 'drop', when: 'before' }, { times: 1 });
    const tx = begin(world, producer);
    done(world, 'offsets', tx.sendOffsets(offsets(5), group));
    done(world, end, tx[end]());
    expect(requests.length).toBe(2);
    commitsItsOwn(world, producer, requests[0]!);
  });

  it('do not come back either when they were waited for until the time of their transaction was over', () => {
    const producer = producerOf(world, 5000, 2000);
    const requests = offsetRequests(world);
    // the only try is out when the time is over; the broker looks for transactions that are late every 10 s only
    world.cluster.intercept('TxnOffsetCommit', { type: 'drop', when: 'before' }, { times: 1 });
    const tx = begin(world, producer);
    let failure: unknown = null;
    tx.sendOffsets(offsets(5), group).subscribe({ error: (error: unknown) => (failure = error) });
    world.until('the end of the time', () => failure !== null);
    done(world, 'abort', tx.abort());
    expect(requests.length).toBe(1);
    commitsItsOwn(world, producer, requests[0]!);
  });
});
