import { type Observable } from 'rxjs';
import { utf8 } from '../../../src/index.js';
import { ClientClosedError } from '../../../src/errors/usage-error.js';
import { Connection } from '../../../src/network/connection.js';
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '../../../src/protocol/messages/txn-offset-commit.js';
import { type InterceptedRequest } from '../../../src/testing/broker/index.js';
import { VirtualWorld } from '../../testing/broker/support/virtual-world.js';

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

describe.each([0, 2])('offsets that the wire held (transaction.version %i)', (version) => {
  it.each(['commit', 'abort'] as const)('do not come back in the transaction behind the %s of theirs', (end) => {
    const world = new VirtualWorld({ features: { 'transaction.version': version } });
    const { cluster } = world;
    cluster.createTopic('in');
    const kafka = world.kafka({ requestTimeoutMs: 1000 });
    const producer = kafka.transactionalProducer({
      transactionalId: 'x',
      keySerializer: utf8,
      valueSerializer: utf8,
      deliveryTimeoutMs: 5000,
    });
    const begin = (): Parameters<Parameters<typeof producer.transaction>[0]>[0] & {
      commit(): Observable<void>;
      abort(): Observable<void>;
    } => {
      let tx: ReturnType<typeof begin> | null = null;
      producer.beginTransaction().subscribe((begun) => (tx = begun));
      world.until('begun', () => tx !== null);
      return tx!;
    };
    const offsets = (offset: number) => [{ topic: 'in', partition: 0, offset }];

    // lost on the way to the broker, given up and sent again
    const requests: InterceptedRequest[] = [];
    cluster.onRequest((request) => {
      if (request.api === 'TxnOffsetCommit') requests.push(request);
    });
    cluster.intercept('TxnOffsetCommit', { type: 'drop', when: 'before' }, { times: 1 });
    const one = begin();
    done(world, 'offsets', one.sendOffsets(offsets(5), group));
    done(world, end, one[end]());
    expect(requests.length).toBe(2);
    const two = begin();
    done(world, 'later offsets', two.sendOffsets(offsets(9), group));
    const answer = deliver(world, requests[0]!);
    expect(answer.topics[0]!.partitions[0]!.errorCode).not.toBe(0);
    done(world, 'commit', two.commit());
    world.advance(100);
    expect(cluster.committed('g', 'in', 0)).toBe(9);
  });
});
