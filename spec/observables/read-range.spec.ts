import { mergeMap, type Observable, type Subscription, tap, timer } from 'rxjs';
import { ClientClosedError, InvalidOptionError, OffsetResetError, UsageError, utf8 } from '../../src/index.js';
import { takeLease } from '../../src/model/lease.js';
import type { Consumer, ReadRange } from '../../src/model/consumer.js';
import type { ConsumerRecord } from '../../src/model/consumer-record.js';
import { batchBytes } from '../consumer/support/batches.js';
import { VirtualKafka } from '../consumer/support/virtual-kafka.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const tp = (partition: number, offset: number): { topic: string; partition: number; offset: number } => ({
  topic: 't',
  partition,
  offset,
});

/** Two partitions of ten records, and a consumer without a subscription. */
function bench(options: object = {}): { kafka: VirtualKafka; consumer: Consumer<string, string> } {
  const kafka = new VirtualKafka();
  kafka.topic('t', 2);
  kafka.fill('t', 10);
  const texts = { keyDeserializer: utf8, valueDeserializer: utf8 };
  const consumer = kafka.kafka.consumer<string, string>({ topics: 't', ...texts, ...options });
  return { kafka, consumer };
}

interface Watched {
  readonly offsets: number[][];
  end: unknown;
  subscription: Subscription;
}

function watch(source$: Observable<ConsumerRecord<string, string>>): Watched {
  const watched: Watched = { offsets: [[], []], end: null, subscription: null as never };
  watched.subscription = source$.subscribe({
    next: ({ partition, offset }) => watched.offsets[partition]!.push(offset),
    error: (error: unknown) => {
      watched.end = error;
    },
    complete: () => {
      watched.end = 'completed';
    },
  });
  return watched;
}

function read(
  range_: ReadRange | undefined,
  options: object = {},
  prepare: (kafka: VirtualKafka) => void = () => undefined,
): Watched {
  const { kafka, consumer } = bench(options);
  prepare(kafka);
  const watched = watch(consumer.readRange(range_));
  expect(watched.end).toBeNull();
  kafka.advance(3000);
  expect(kafka.runtime.alive).toBe(0);
  return watched;
}

describe('readRange', () => {
  it('[D#897, D#132] reads what is selected from the beginning to the end of that moment, and completes', () => {
    const { kafka, consumer } = bench();
    const watched = watch(consumer.readRange());
    kafka.advance(4);
    kafka.runtime.later(30, () => {
      kafka.fill('t', 5);
    });
    kafka.advance(3000);
    expect(watched).toMatchObject({ offsets: [range(0, 10), range(0, 10)], end: 'completed' });
    expect(consumer.assignment).toEqual([]);
  });

  it.each<[ReadRange, number[][]]>([
    [{ from: [tp(0, 4)] }, [range(4, 10), []]],
    [{ to: [tp(1, 3)] }, [[], range(0, 3)]],
    [{ from: [tp(0, 8)], to: [tp(1, 2)] }, [range(8, 10), range(0, 2)]],
    [{ from: [tp(0, 2), tp(1, 5)], to: [tp(0, 4), tp(1, 5)] }, [[2, 3], []]],
    [{ from: [tp(0, 10)] }, [[], []]],
  ])('reads %j', (asked, offsets) => {
    expect(read(asked)).toMatchObject({ offsets, end: 'completed' });
  });

  it('reads from the committed offsets, and from the beginning where there is none', () => {
    const watched = read({ from: 'committed' }, { groupId: 'g' }, (kafka) => kafka.committed.set('t-1', 7));
    expect(watched).toMatchObject({ offsets: [range(0, 10), range(7, 10)], end: 'completed' });
  });

  it('completes when the end is made of control records, aborted, compacted and empty batches [C20]', () => {
    const watched = read(undefined, { isolationLevel: 'read_committed' }, (kafka) => {
      const [first, second] = kafka.topics.get('t')!.logs;
      first!.append(batchBytes({ base: 10, records: ['a', 'b'], producerId: 5, transactional: true }));
      first!.append(batchBytes({ base: 12, records: [], producerId: 5, control: 'abort' }));
      first!.aborted = [{ producerId: 5, firstOffset: 10 }];
      second!.append(batchBytes({ base: 10, records: ['x'], next: 14 }));
      second!.append(batchBytes({ base: 14, records: [], next: 20 }));
    });
    expect(watched).toMatchObject({ offsets: [range(0, 10), range(0, 11)], end: 'completed' });
  });

  it('ends in the middle of a batch, and delivers nothing behind it', () => {
    expect(read({ to: [tp(0, 5), tp(1, 0)] })).toMatchObject({ offsets: [range(0, 5), []], end: 'completed' });
  });

  it.each<[string, ReadRange, number]>([
    ['starts before the log', { from: [tp(0, 1)] }, 1],
    ['starts behind the log', { from: [tp(0, 11)] }, 11],
    ['ends behind the log', { to: [tp(0, 12)] }, 12],
  ])('fails when it %s', (_what, asked, offset) => {
    const watched = read(asked, {}, (kafka) => {
      kafka.topics.get('t')!.logs[0]!.logStart = 2;
    });
    expect(watched.end).toBeInstanceOf(OffsetResetError);
    expect(watched.end).toMatchObject({ topic: 't', partition: 0, offset });
    expect(watched.offsets).toEqual([[], []]);
  });

  it('fails when what it reads is deleted under it', () => {
    const { kafka, consumer } = bench({ window: { records: 2 }, maxPartitionFetchBytes: 1 });
    kafka.fill('t', 10);
    const log = kafka.topics.get('t')!.logs[0]!;
    const leases: (() => void)[] = [];
    const range$ = consumer.readRange({ from: [tp(0, 0)] }).pipe(
      tap((record) => {
        record.lease[takeLease]?.();
        leases.push(() => record.lease.ack());
      }),
    );
    const watched = watch(range$);
    kafka.runtime.until('the first records', () => leases.length > 0);
    log.batches.length = 0;
    log.logStart = 20;
    for (let i = 0; i < 10; i++) {
      for (const ack of leases.splice(0)) ack();
      kafka.advance(500);
    }
    expect([watched.offsets[0], watched.end]).toEqual([range(0, 10), expect.any(OffsetResetError)]);
  });

  it.each<[unknown, jest.Constructable]>([
    [{ from: 'committed' }, UsageError],
    [{ from: 'start' }, InvalidOptionError],
    [{ to: 'now' }, InvalidOptionError],
    [{ from: [] }, InvalidOptionError],
    [{ from: [tp(0, -1)] }, InvalidOptionError],
    [{ from: [tp(0, 5)], to: [tp(0, 4)] }, InvalidOptionError],
  ])('refuses %j at the call', (asked, error) => {
    const { consumer } = bench();
    expect(() => consumer.readRange(asked as ReadRange)).toThrow(error);
  });

  it('holds leases under the window, and delivers again what is released', () => {
    const { kafka, consumer } = bench({ window: { records: 3 } });
    let open = 0;
    let most = 0;
    const seen: number[] = [];
    let released = false;
    const range$ = consumer.readRange({ from: [tp(0, 0)] }).pipe(
      mergeMap((record) => {
        record.lease[takeLease]?.();
        most = Math.max(most, ++open);
        return timer(10, kafka.runtime.scheduler).pipe(
          mergeMap(() => {
            open--;
            seen.push(record.offset);
            if (record.offset === 4 && !released) {
              released = true;
              record.lease.release();
            } else record.lease.ack();
            return [record];
          }),
        );
      }),
    );
    const watched = watch(range$);
    kafka.advance(5000);
    expect([watched.end, most, new Set(seen)]).toEqual(['completed', 3, new Set(range(0, 10))]);
    expect(seen.filter((offset) => offset === 4)).toHaveLength(2);
    expect(kafka.runtime.alive).toBe(0);
  });

  it('lets taken leases settle after its end and closes its connections then', () => {
    const { kafka, consumer } = bench();
    const taken: ConsumerRecord<string, string>[] = [];
    let end = '';
    consumer.readRange({ from: [tp(0, 8)] }).subscribe({
      next: (record) => {
        record.lease[takeLease]?.();
        taken.push(record);
      },
      complete: () => {
        end = 'completed';
      },
    });
    kafka.advance(500);
    expect([end, kafka.runtime.alive > 0, taken.map((record) => record.lease.state)]).toEqual([
      'completed',
      true,
      ['open', 'open'],
    ]);
    expect(taken.map((record) => record.lease.ack())).toEqual(['accepted', 'accepted']);
    kafka.advance(500);
    expect(kafka.runtime.alive).toBe(0);
  });

  it('fences what is taken and never settled when the drain time is over', () => {
    const { kafka, consumer } = bench({ drainTimeoutMs: 1000 });
    const taken: ConsumerRecord<string, string>[] = [];
    const subscription = consumer.readRange().subscribe((record) => {
      record.lease[takeLease]?.();
      taken.push(record);
    });
    kafka.advance(100);
    subscription.unsubscribe();
    kafka.advance(500);
    expect([taken[0]!.lease.state, kafka.runtime.alive]).toEqual(['open', 1]);
    kafka.advance(1000);
    expect([taken[0]!.lease.state, kafka.runtime.alive]).toEqual(['fenced', 0]);
  });

  it('runs beside the subscription of the consumer, and each subscription is a read of its own', () => {
    const { kafka, consumer } = bench({ autoOffsetReset: 'earliest' });
    const all: number[] = [];
    consumer.records$.subscribe(({ offset }) => all.push(offset));
    const range$ = consumer.readRange({ from: [tp(0, 5)] });
    const first = watch(range$);
    const second = watch(range$);
    kafka.advance(1000);
    expect([all.length, first.offsets[0], second.offsets[0]]).toEqual([20, range(5, 10), range(5, 10)]);
    expect([first.end, second.end]).toEqual(['completed', 'completed']);
  });

  it('ends with an error when the consumer is closed, and refuses to start afterwards', () => {
    const { kafka, consumer } = bench({ window: { records: 1 } });
    const watched = watch(
      consumer.readRange().pipe(
        mergeMap((record) => {
          record.lease[takeLease]?.();
          return [record];
        }),
      ),
    );
    kafka.advance(200);
    void consumer.close();
    kafka.advance(200);
    expect(watched.end).toBeInstanceOf(ClientClosedError);
    const late = watch(consumer.readRange());
    kafka.advance(200);
    expect(late.end).toBeInstanceOf(ClientClosedError);
    expect(kafka.runtime.alive).toBe(0);
  });

  it('needs names where the broker alone knows what is selected', () => {
    const { kafka, consumer } = bench();
    consumer.select(null);
    const watched = watch(consumer.readRange());
    kafka.advance(100);
    expect(watched.end).toBeInstanceOf(UsageError);
  });
});
