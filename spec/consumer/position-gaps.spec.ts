import { batchBytes } from './support/batches.js';
import { type FakeLog } from './support/fake-brokers.js';
import { FlowBench, Sink } from './support/flow-bench.js';

it('[B128] the position is one behind each delivered record, whatever gaps lie before and between', () => {
  const bench = new FlowBench({ windowRecords: 1 });
  const [log] = bench.brokers.topic('t', [1]) as [FakeLog];
  log.append(batchBytes({ base: 100, records: ['old'], next: 155 }));
  for (const base of [160, 162, 167]) log.append(batchBytes({ base, records: [`r${base}`] }));
  const cursor = bench.open('t', 0);
  cursor.moveTo(155, -1);
  const sink = new Sink();
  cursor.attachRecords(sink);
  const positions: number[] = [];
  for (let i = 0; i < 3; i++) {
    bench.advance(20);
    positions.push(cursor.position);
    sink.records.at(-1)!.lease.ack();
  }
  bench.advance(20);
  expect(sink.offsets).toEqual([160, 162, 167]);
  expect(positions).toEqual([161, 163, 168]);
  expect(cursor.commitValue?.offset).toBe(168);
});
