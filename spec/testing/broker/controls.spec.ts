import { type Observable, type Subscription } from 'rxjs';
import { type Kafka, type RecordMetadata, utf8 } from '../../../src/index.js';
import { type InMemoryOptions } from '../../../src/testing/broker/index.js';
import { VirtualWorld } from './support/virtual-world.js';

interface Sent {
  answer: RecordMetadata | null;
  error: { code?: string; errorName?: string } | null;
}

function outcome(source$: Observable<RecordMetadata>): Sent {
  const sent: Sent = { answer: null, error: null };
  source$.subscribe({
    next: (answer) => {
      sent.answer = answer;
    },
    error: (error: unknown) => {
      sent.error = error as { code?: string; errorName?: string };
    },
  });
  return sent;
}

function start(options: InMemoryOptions = {}) {
  const world = new VirtualWorld(options);
  world.cluster.createTopic('t');
  const kafka = world.kafka();
  const producer = kafka.producer({ valueSerializer: utf8 });
  const send = (value: string): Sent => outcome(producer.send({ topic: 't', value }));
  const apis: string[] = [];
  world.cluster.onRequest(({ api }) => apis.push(api));
  return { world, cluster: world.cluster, kafka, send, apis };
}

function reader(kafka: Kafka, into: string[]): Subscription {
  const consumer = kafka.consumer({ topics: 't', autoOffsetReset: 'earliest', valueDeserializer: utf8 });
  return consumer.records$.subscribe(({ value }) => into.push(value));
}

describe('controls of the embedded cluster', () => {
  it('refuse with an error, as often as told', () => {
    const { world, cluster, send, apis } = start();
    cluster.intercept('Produce', { type: 'error', error: 'NOT_LEADER_OR_FOLLOWER' }, { times: 2 });
    const sent = send('a');
    world.until('sent', () => sent.answer !== null);
    expect(apis.filter((api) => api === 'Produce')).toHaveLength(3);
    expect(cluster.partition('t', 0).endOffset).toBe(1);
  });

  it('answer in place of the broker', () => {
    const { world, cluster, send } = start();
    cluster.intercept('Produce', ({ body }) => {
      const { topicData } = body as { topicData: { topicId: string }[] };
      const partitionResponses = [{ index: 0, errorCode: 0, baseOffset: 77 }];
      return { type: 'answer', body: { responses: [{ topicId: topicData[0]!.topicId, partitionResponses }] } };
    });
    const sent = send('a');
    world.until('sent', () => sent.answer !== null);
    expect(sent.answer!.offset).toBe(77);
    expect(cluster.partition('t', 0).endOffset).toBe(0);
  });

  it('delay before and after the work, and lose or break an answer whose work is done', () => {
    for (const [interception, writes] of [
      [{ type: 'delay', ms: 500, when: 'before' }, 0],
      [{ type: 'delay', ms: 500, when: 'after' }, 1],
      [{ type: 'drop', when: 'before' }, 0],
      [{ type: 'drop', when: 'after' }, 1],
      [{ type: 'cut', when: 'before' }, 0],
      [{ type: 'cut', when: 'after' }, 1],
    ] as const) {
      const { world, cluster, send, apis } = start();
      cluster.intercept('Produce', interception, { times: 1 });
      const sent = send('a');
      world.until('asked', () => apis.includes('Produce'));
      world.advance(10);
      expect([interception, cluster.partition('t', 0).endOffset]).toEqual([interception, writes]);
      expect(interception.type === 'cut' || sent.answer === null).toBe(true);
      world.until('sent', () => sent.answer !== null);
      // the producer is idempotent: what was written and sent again is one record
      expect(cluster.partition('t', 0).endOffset).toBe(1);
    }
  });

  it('damage an answer: a consumer that checks CRCs refuses the batch, also when it comes again', () => {
    const { world, cluster, kafka, send } = start({ seed: 3 });
    const sent = send('x'.repeat(1000));
    world.until('sent', () => sent.answer !== null);
    const end = cluster.intercept('Fetch', { type: 'corrupt' });
    const consumer = kafka.consumer({ topics: 't', autoOffsetReset: 'earliest', valueDeserializer: utf8 });
    const failures: string[] = [];
    const values: string[] = [];
    const read = (): void => {
      consumer.records$.subscribe({
        next: ({ value }) => values.push(value),
        error: (error: unknown) => failures.push((error as { code: string }).code),
      });
    };
    read();
    world.until('failed', () => failures.length === 1);
    expect([failures, values]).toEqual([['ERR_KAFKA_CRC_MISMATCH'], []]);
    end();
    read();
    world.until('read', () => values.length === 1);
  });

  it('kill a broker: its partitions have another leader after failoverMs, and it comes back as a follower', () => {
    const { world, cluster, send } = start({ failoverMs: 3000 });
    const { leader } = cluster.partition('t', 0);
    cluster.killBroker(leader);
    world.advance(2900);
    expect(cluster.partition('t', 0).leader).toBe(leader);
    world.advance(200);
    const after = cluster.partition('t', 0);
    expect(after.leader).not.toBe(leader);
    expect(after).toMatchObject({ leaderEpoch: 1 });
    expect(after.isr).not.toContain(leader);
    const sent = send('a');
    world.until('sent', () => sent.answer !== null);
    cluster.startBroker(leader);
    expect(cluster.partition('t', 0).isr).toContain(leader);
    expect(cluster.partition('t', 0).leader).toBe(after.leader);
  });

  it('pause a broker: it is silent, keeps its connections, and answers when it goes on', () => {
    const { world, cluster, send } = start({ failoverMs: 60_000 });
    const first = send('a');
    world.until('sent', () => first.answer !== null);
    const { leader } = cluster.partition('t', 0);
    cluster.pauseBroker(leader);
    const sent = send('b');
    world.advance(5000);
    expect(sent.answer).toBeNull();
    cluster.startBroker(leader);
    world.until('sent', () => sent.answer !== null, 10);
  });

  it('cut a broker off: nothing arrives, and acks=all on the other side of a partition waits for failover', () => {
    const { world, cluster, send } = start({ failoverMs: 2000 });
    const { leader, replicas } = cluster.partition('t', 0);
    const follower = replicas.find((id) => id !== leader)!;
    cluster.isolateBroker(follower);
    const sent = send('a');
    world.advance(1500);
    expect(sent.answer).toBeNull();
    expect(cluster.partition('t', 0)).toMatchObject({ endOffset: 1, highWatermark: 0 });
    world.until('sent', () => sent.answer !== null, 2000);
    expect(cluster.partition('t', 0).isr).not.toContain(follower);
    cluster.rejoinBroker(follower);
    expect(cluster.partition('t', 0).isr).toContain(follower);
  });

  it('move a leader: the client follows, and the epoch rises', () => {
    const { world, cluster, send } = start();
    const first = send('a');
    world.until('sent', () => first.answer !== null);
    const { leader } = cluster.partition('t', 0);
    const other = cluster.brokerIds.find((id) => id !== leader)!;
    cluster.moveLeader('t', 0, other);
    const sent = send('b');
    world.until('sent', () => sent.answer !== null);
    expect(cluster.partition('t', 0)).toMatchObject({ leader: other, leaderEpoch: 1, endOffset: 2 });
  });

  it('loses with its leader what followers did not have', () => {
    const { world, cluster } = start({ replicationLagMs: 1000, failoverMs: 10 });
    const fast = world.kafka().producer({ valueSerializer: utf8, acks: 1, enableIdempotence: false });
    const sent = outcome(fast.send({ topic: 't', value: 'a' }));
    world.until('sent', () => sent.answer !== null);
    expect(cluster.partition('t', 0)).toMatchObject({ endOffset: 1, highWatermark: 0 });
    cluster.killBroker(cluster.partition('t', 0).leader);
    world.advance(100);
    expect(cluster.partition('t', 0)).toMatchObject({ endOffset: 0, leaderEpoch: 1 });
  });

  it('truncate a log: a consumer that was beyond the end is told, and goes on at the end', () => {
    const { world, cluster, kafka, send } = start();
    for (const value of ['a', 'b', 'c']) send(value);
    const values: string[] = [];
    reader(kafka, values);
    world.until('read', () => values.length === 3);
    cluster.truncateLog('t', 0, 1);
    const sent = send('d');
    world.until('sent', () => sent.answer !== null);
    world.until('read on', () => values.includes('d'));
    expect(values).toEqual(['a', 'b', 'c', 'd']);
  });

  it('recreate a topic under another id, empty', () => {
    const { world, cluster, kafka, send } = start();
    send('old');
    const values: string[] = [];
    reader(kafka, values);
    world.until('read', () => values.length === 1);
    cluster.recreateTopic('t');
    expect(cluster.partition('t', 0).endOffset).toBe(0);
    const sent = send('new');
    world.until('sent', () => sent.answer !== null);
    world.until('read', () => values.length === 2);
    expect(values).toEqual(['old', 'new']);
  });

  it('throttle: the answer says how long, and the connection is not read meanwhile', () => {
    const { world, cluster, send, apis } = start();
    const first = send('a');
    world.until('sent', () => first.answer !== null);
    cluster.throttle('Produce', 400);
    const second = send('b');
    world.until('sent', () => second.answer !== null);
    const third = send('c');
    const asked = (): number => apis.filter((api) => api === 'Produce').length;
    const before = asked();
    world.advance(300);
    expect(third.answer).toBeNull();
    expect(asked()).toBe(before);
    world.until('sent', () => third.answer !== null, 1000);
  });

  it('keep two clocks: a jump of the wall clock fires nothing', () => {
    const { world, cluster, send } = start();
    cluster.wallClockOffsetMs = 3_600_000;
    const sent = send('a');
    expect(world.until('sent', () => sent.answer !== null)).toBeLessThan(1000);
    expect(sent.answer!.timestamp).toBeGreaterThan(1_700_003_600_000 - 1);
  });

  it('name what they cannot do', () => {
    const { cluster } = start();
    expect(() => cluster.intercept('Fetches', { type: 'cut' })).toThrow('Fetches is no API');
    expect(() => {
      cluster.killBroker(9);
    }).toThrow('There is no broker 9');
    expect(() => {
      cluster.createTopic('t');
    }).toThrow('already exists');
    expect(() => new VirtualWorld({ properties: { 'no.such': 1 } as never })).toThrow('no.such has no effect');
    expect(() => new VirtualWorld({ brokerVersion: '0.10' })).toThrow('brokerVersion is one of');
  });
});
