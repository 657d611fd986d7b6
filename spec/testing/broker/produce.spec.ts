import { type RecordMetadata, utf8, type ProducerOptions } from '../../../src/index.js';
import { type ConsumerRecord } from '../../../src/model/consumer-record.js';
import { VirtualWorld } from './support/virtual-world.js';

type Options = Partial<ProducerOptions<string | null, string | null>>;

/** Sends one record to topic `t` and runs until it is answered: where it was written, or the name of the error. */
function send(world: VirtualWorld, record: object, options: Options = {}): RecordMetadata | string {
  const producer = world.kafka().producer({ valueSerializer: utf8, keySerializer: utf8, ...options } as never);
  let result: RecordMetadata | string | null = null;
  producer.send({ topic: 't', ...record } as never).subscribe({
    next: (answer) => {
      result = answer;
    },
    error: (error: unknown) => {
      const { errorName, cause } = error as { errorName?: string; cause?: { errorName?: string } };
      result = errorName ?? cause?.errorName ?? String(error);
    },
  });
  world.until('answered', () => result !== null, 200_000);
  return result!;
}

function world(configs: Readonly<Record<string, string>> = {}, options = {}): VirtualWorld {
  const made = new VirtualWorld(options);
  made.cluster.createTopic('t', { configs });
  return made;
}

describe('what a leader takes', () => {
  it('is at most max.message.bytes large', () => {
    const w = world({ 'max.message.bytes': '1000' });
    expect(send(w, { value: 'x'.repeat(2000) })).toBe('MESSAGE_TOO_LARGE');
    expect(send(w, { value: 'x'.repeat(500) })).toMatchObject({ offset: 0 });
  });

  it('has a key where the topic is compacted, and no time far ahead', () => {
    const w = world({ 'cleanup.policy': 'compact' });
    expect(send(w, { value: 'a' })).toBe('INVALID_RECORD');
    expect(send(w, { key: 'k', value: 'a' })).toMatchObject({ offset: 0 });
    expect(send(w, { key: 'k', value: 'a', timestamp: w.cluster.wallClock() + 7_200_000 })).toBe('INVALID_TIMESTAMP');
  });

  it('gets the broker time where the topic says so, in the answer and for readers', () => {
    const w = world({ 'message.timestamp.type': 'LogAppendTime' });
    const before = w.cluster.wallClock();
    const { timestamp } = send(w, { value: 'a', timestamp: 5 }) as RecordMetadata;
    expect(timestamp).toBeGreaterThan(before);
    const read: ConsumerRecord<unknown, unknown>[] = [];
    w.kafka()
      .consumer({ topics: 't', autoOffsetReset: 'earliest' })
      .records$.subscribe((record) => read.push(record));
    w.until('read', () => read.length === 1);
    expect(read[0]).toMatchObject({ timestamp, timestampType: 'logAppendTime' });
  });

  it('needs min.insync.replicas with acks=all, and no more than the leader with acks=1', () => {
    const w = world({ 'min.insync.replicas': '3' }, { failoverMs: 10 });
    const { leader, replicas } = w.cluster.partition('t', 0);
    w.cluster.killBroker(replicas.find((id) => id !== leader)!);
    w.advance(100);
    expect(send(w, { value: 'a' }, { deliveryTimeoutMs: 31_000 })).toBe('NOT_ENOUGH_REPLICAS');
    expect(send(w, { value: 'a' }, { acks: 1, enableIdempotence: false })).toMatchObject({ offset: 0 });
  });

  it('is below the high watermark when followers have it', () => {
    const w = world({}, { replicationLagMs: 500 });
    const from = w.scheduler.frame;
    expect(send(w, { value: 'a' })).toMatchObject({ offset: 0 });
    expect(w.scheduler.frame - from).toBeGreaterThanOrEqual(500);
    send(w, { value: 'b' }, { acks: 1, enableIdempotence: false });
    expect(w.cluster.partition('t', 0)).toMatchObject({ endOffset: 2, highWatermark: 1 });
    w.advance(500);
    expect(w.cluster.partition('t', 0)).toMatchObject({ endOffset: 2, highWatermark: 2 });
  });
});
