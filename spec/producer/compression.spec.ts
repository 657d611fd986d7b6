import { setTimeout as sleep } from 'node:timers/promises';
import { ProducerBench } from './support/producer-bench.js';

/** The codec works in a thread pool, in real time; virtual time goes on a millisecond with each look. */
async function until(bench: ProducerBench, done: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !done(); i++) {
    bench.advance(1);
    await sleep(1);
  }
  expect(done()).toBe(true);
}

it.each(['gzip', 'zstd'] as const)('%s keeps the order of batches and their sequences', async (type) => {
  const bench = new ProducerBench({ compression: { type, level: undefined }, batchSize: 2000 });
  const [partition] = bench.kafka.topic('t', [1]);
  for (let i = 0; i < 200; i++) bench.write(i, 't', 0, 'x'.repeat(50) + String(i));
  await until(bench, () => bench.outcomes.size === 200);
  const log = partition!.log;
  expect(log.length).toBeGreaterThan(5);
  expect(log.every((batch) => batch.length < 1500)).toBe(true);
  let sequence = 0;
  for (const batch of log) {
    expect([batch.producerEpoch, batch.baseSequence]).toEqual([0, sequence]);
    sequence += batch.count;
  }
  for (let i = 0; i < 200; i++) expect(bench.outcomes.get(i)).toMatchObject({ offset: i });
});

it('splits compressed batches as well', async () => {
  const bench = new ProducerBench({ compression: { type: 'zstd', level: undefined }, batchSize: 16_384 });
  const [partition] = bench.kafka.topic('t', [1]);
  bench.kafka.maxMessageBytes = 700;
  for (let i = 0; i < 300; i++) bench.write(i, 't', 0, String(Math.sin(i)));
  await until(bench, () => bench.outcomes.size === 300);
  expect(partition!.log.every((batch) => batch.length <= 700)).toBe(true);
  expect(partition!.log.map((batch) => batch.producerEpoch)).toEqual(partition!.log.map(() => 0));
  for (let i = 0; i < 300; i++) expect(bench.outcomes.get(i)).toMatchObject({ offset: i });
});

it('fails a batch that expires while its codec works, and goes on behind it', async () => {
  const bench = new ProducerBench({ compression: { type: 'zstd', level: undefined }, deliveryTimeoutMs: 1000 });
  const [partition] = bench.kafka.topic('t', [1]);
  bench.write(0, 't', 0);
  await until(bench, () => bench.outcomes.size === 1);
  bench.write(1, 't', 0);
  // virtual time runs past the deadline before the codec's promise can answer
  bench.advance(1500);
  expect(bench.outcomes.get(1)!.error).toMatchObject({ mayHaveBeenWritten: false });
  bench.write(2, 't', 0);
  await until(bench, () => bench.outcomes.size === 3);
  expect(bench.outcomes.get(2)).toMatchObject({ offset: 1 });
  expect(partition!.log.map(({ baseSequence, producerEpoch }) => [producerEpoch, baseSequence])).toEqual([
    [0, 0],
    [0, 1],
  ]);
});
