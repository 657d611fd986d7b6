import type { DeliveryReceiver } from '../../src/model/record-sink.js';
import { DeliveryList } from '../../src/producer/delivery-list.js';

const batch = { topic: 't', partition: 3, timestampType: 'createTime', logStartOffset: 0 } as const;

class Recorder implements DeliveryReceiver {
  readonly told: unknown[][] = [];
  readonly throwAt: number;
  constructor(throwAt = -1) {
    this.throwAt = throwAt;
  }
  delivered(token: number, _batch: unknown, ...rest: number[]): void {
    this.told.push([token, ...rest]);
    if (token === this.throwAt) throw new Error(`at ${token}`);
  }
  failed(token: number, error: unknown): void {
    this.told.push([token, error]);
    if (token === this.throwAt) throw new Error(`at ${token}`);
  }
  flushed(): void {
    this.told.push(['flushed']);
  }
}

const never = (): never => {
  throw new Error('nobody threw');
};

it('tells each record of each receiver in order, over growth and changing receivers', () => {
  const [a, b] = [new Recorder(), new Recorder()];
  const list = new DeliveryList();
  for (let i = 0; i < 200; i++) list.push(i % 50 < 40 ? a : b, i, 1000 + i, i, -1);
  list.delivered(batch, 500, -1, never);
  expect(a.told.length + b.told.length).toBe(200);
  expect([...a.told, ...b.told].sort((x, y) => Number(x[0]) - Number(y[0]))).toEqual(
    Array.from({ length: 200 }, (_, i) => [i, 500 + i, 1000 + i, i, -1]),
  );
  const receivers: DeliveryReceiver[] = [];
  list.collectReceivers(receivers);
  expect(receivers).toEqual([a, b]);
});

it('keeps tokens beyond 32 bits', () => {
  const a = new Recorder();
  const list = new DeliveryList();
  list.push(a, 2 ** 40 + 1, 0, 0, 0);
  list.delivered(batch, -1, 77, never);
  expect(a.told).toEqual([[2 ** 40 + 1, -1, 77, 0, 0]]);
});

it('goes on behind a receiver that throws', () => {
  const a = new Recorder(1);
  const list = new DeliveryList();
  for (let i = 0; i < 3; i++) list.push(a, i, 0, 0, 0);
  const thrown: unknown[] = [];
  list.delivered(batch, 0, -1, (error) => thrown.push(error));
  list.failed(
    (index) => `e${index}`,
    (error) => thrown.push(error),
  );
  expect(a.told).toHaveLength(6);
  expect(a.told[5]).toEqual([2, 'e2']);
  expect(thrown).toHaveLength(2);
});

it('copies a part with its receivers, and is empty after clear', () => {
  const [a, b] = [new Recorder(), new Recorder()];
  const list = new DeliveryList();
  for (let i = 0; i < 10; i++) list.push(i < 5 ? a : b, i, 0, 0, 0);
  const tail = new DeliveryList();
  list.copyTo(tail, 4, 7);
  tail.delivered(batch, 0, -1, never);
  expect([a.told.map(([token]) => token), b.told.map(([token]) => token)]).toEqual([[4], [5, 6]]);
  list.clear();
  list.delivered(batch, 0, -1, never);
  expect([list.count, a.told.length]).toEqual([0, 1]);
});
