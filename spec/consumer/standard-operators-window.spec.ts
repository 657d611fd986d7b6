import {
  type Observable,
  type OperatorFunction,
  bufferCount,
  bufferTime,
  concatMap,
  delay,
  map,
  mergeMap,
  observeOn,
  tap,
  timer,
  toArray,
} from 'rxjs';
import { acknowledge, batchRecords } from '../../operators/index.js';
import { type ConsumerRecord, utf8 } from '../../src/index.js';
import type { Leased } from '../../src/model/lease.js';
import { VirtualKafka } from './support/virtual-kafka.js';

type Order = ConsumerRecord<string, string>;

const window = 8;
const partitions = 2;
const count = 40;

interface Outcome {
  /** Most records that were between the source and their acknowledgement at once. */
  most: number;
  delivered: number;
  committed: readonly (number | undefined)[];
}

/** A consumer with a window of eight and forty records in each of two partitions, through `pipeline` for a minute. */
function outcomeOf(
  pipeline: (clock: VirtualKafka['runtime']['scheduler']) => OperatorFunction<Order, Leased>,
): Outcome {
  const virtual = new VirtualKafka();
  virtual.topic('t', partitions);
  virtual.fill('t', count);
  const consumer = virtual.kafka.consumer<string, string>({
    topics: 't',
    groupId: 'g',
    keyDeserializer: utf8,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    acknowledge: 'explicit',
    window: { records: window },
    commit: { everyMs: 1000 },
  });
  const leases: Leased['lease'][] = [];
  const outcome: Outcome = { most: 0, delivered: 0, committed: [] };
  consumer.records$
    .pipe(
      tap(({ lease }) => {
        leases.push(lease);
        outcome.delivered += 1;
        outcome.most = Math.max(outcome.most, leases.filter(({ state }) => state === 'open').length);
      }),
      pipeline(virtual.runtime.scheduler),
      acknowledge(),
    )
    .subscribe();
  virtual.advance(60_000);
  outcome.committed = Array.from({ length: partitions }, (_, at) => virtual.committed.get(`t-${at}`));
  return outcome;
}

const later =
  (ms: number, clock: VirtualKafka['runtime']['scheduler']) =>
  (order: Order): Observable<Order> =>
    timer(ms, clock).pipe(map(() => order));

it.each<[string, Parameters<typeof outcomeOf>[0]]>([
  ['[RX1] map', () => map(({ lease, offset }) => ({ lease, offset }))],
  ['[RX1] tap', () => tap()],
  ['[RX1] delay', (clock) => delay(200, clock)],
  ['[RX1] observeOn', (clock) => observeOn(clock, 50)],
  ['[RX2] mergeMap without a bound', (clock) => mergeMap(later(200, clock))],
  ['[RX2] concatMap', (clock) => concatMap(later(20, clock))],
  [
    '[RX3] bufferTime that empties in time',
    (clock) => (order$) =>
      order$.pipe(
        bufferTime(100, clock),
        mergeMap((list) => list),
      ),
  ],
])('%s keeps leases, holds no more than the window, and everything is committed', (_name, pipeline) => {
  const { most, delivered, committed } = outcomeOf(pipeline);
  expect(most).toBeLessThanOrEqual(window * partitions);
  expect([delivered, committed]).toEqual([partitions * count, [count, count]]);
});

it.each<[string, Parameters<typeof outcomeOf>[0]]>([
  [
    'bufferCount',
    () => (order$) =>
      order$.pipe(
        bufferCount(window * partitions + 1),
        mergeMap((list) => list),
      ),
  ],
  [
    'toArray',
    () => (order$) =>
      order$.pipe(
        toArray(),
        mergeMap((list) => list),
      ),
  ],
])(
  '[RX3] %s of more than the window stands still with the window full, and nothing is committed',
  (_name, pipeline) => {
    const { most, delivered, committed } = outcomeOf(pipeline);
    expect([most, delivered]).toEqual([window * partitions, window * partitions]);
    // the position from the reset policy at most
    for (const offset of committed) expect(offset ?? 0).toBe(0);
  },
);

it('[RX3] batchRecords of more than the window flushes when it is used up', () => {
  const { delivered, committed } = outcomeOf(() => batchRecords({ maxRecords: 1000, maxMs: 600_000 }));
  expect([delivered, committed]).toEqual([partitions * count, [count, count]]);
});
