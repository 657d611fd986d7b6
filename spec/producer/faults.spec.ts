import fc from 'fast-check';
import { FakeCluster, type Fate } from './support/fake-cluster.js';
import { ProducerBench } from './support/producer-bench.js';

/**
 * Random answers, leader moves and pauses. What must hold whatever happens: each record is answered once; per partition the
 * log has the records in the order of their calls, each at most once unless it failed as maybe written; what was reported as
 * delivered is in the log at that offset; what failed as not written is not.
 */
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fate>('ok') },
  { weight: 2, arbitrary: fc.constant<Fate>('lost') },
  { weight: 2, arbitrary: fc.constant<Fate>('writtenThenLost') },
  { weight: 2, arbitrary: fc.constantFrom<Fate>({ error: 19 }, { error: 6 }, { error: 7 }, { error: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<Fate>({ errorAfterAppend: 20 }, { errorAfterAppend: 7 }) },
  { weight: 1, arbitrary: fc.constantFrom<Fate>({ error: 29 }, { error: 87 }, { error: 10 }) },
  { weight: 1, arbitrary: fc.boolean().map((append): Fate => ({ silence: true, append })) },
);
/** As a network does that holds bytes back and delivers them when nobody waits for them any more. */
const late: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fate },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 500 }).map((arrivesAfterMs): Fate => ({ arrivesAfterMs })) },
  { weight: 1, arbitrary: fc.integer({ min: 500, max: 60_000 }).map((arrivesAfterMs): Fate => ({ arrivesAfterMs })) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 90_000 }).map((heldForMs): Fate => ({ silence: true, heldForMs })),
  },
);
/** What a broker says that has lost the producer's state: then, and only then, a batch may be written twice. */
const forgetful: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fate },
  { weight: 1, arbitrary: fc.constantFrom<Fate>({ error: 59 }, { error: 45 }, { error: 47 }) },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      write: fc.integer({ min: 1, max: 12 }),
      partition: fc.integer({ min: 0, max: 2 }),
      how: fc.constantFrom<'one by one' | 'as a batch' | 'large'>('one by one', 'as a batch', 'large'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 400 }) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 1000, max: 45_000 }) }) },
  { weight: 1, arbitrary: fc.record({ dial: fc.integer({ min: 1, max: 4000 }) }) },
  { weight: 1, arbitrary: fc.record({ move: fc.integer({ min: 0, max: 2 }), to: fc.integer({ min: 1, max: 3 }) }) },
);

function run(
  seed: number,
  fates: readonly Fate[],
  steps: readonly (
    | { write: number; partition: number; how: 'one by one' | 'as a batch' | 'large' }
    | { wait: number }
    | { dial: number }
    | { move: number; to: number }
  )[],
  options: {
    deliveryTimeoutMs: number;
    enableIdempotence: boolean;
    once: boolean;
    latencyMs: number;
    namesLeader: boolean;
    maxMessageBytes?: number;
    startEpoch?: number;
    noId?: readonly number[];
  },
): void {
  const kafka = new FakeCluster(seed);
  kafka.latencyMs = options.latencyMs;
  kafka.namesLeader = options.namesLeader;
  kafka.maxMessageBytes = options.maxMessageBytes ?? 1_000_000;
  kafka.startEpoch = options.startEpoch ?? 0;
  kafka.initProducerIdErrors.push(...(options.noId ?? []));
  const bench = new ProducerBench(
    {
      batchSize: options.maxMessageBytes === undefined ? 110 : 400,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      enableIdempotence: options.enableIdempotence,
    },
    kafka,
  );
  const partitions = kafka.topic('t', [1, 2, 1]);
  kafka.script.push(...fates);
  let token = 0;
  const written: number[][] = [[], [], []];
  for (const action of steps) {
    if ('wait' in action) bench.advance(action.wait);
    else if ('dial' in action) kafka.connectedFrom = kafka.runtime.now() + action.dial;
    else if ('move' in action) kafka.move('t', action.move, action.to);
    else {
      const tokens = Array.from({ length: action.write }, () => token++);
      written[action.partition]!.push(...tokens);
      const padding = ' '.repeat(action.how === 'large' ? 40 : 0);
      if (action.how === 'as a batch') bench.writeBatch(tokens, 't', action.partition);
      else for (const one of tokens) bench.write(one, 't', action.partition, `v${one}${padding}`);
    }
  }
  let closed = false;
  bench.core.close(200_000, () => {
    closed = true;
  });
  bench.advance(400_000);

  expect(closed).toBe(true);
  expect(bench.outcomes.size).toBe(token);
  expect(bench.core.bufferedBytes).toBe(0);
  expect(kafka.runtime.alive).toBe(0);
  partitions.forEach((partition, index) => {
    const log = partition.values.map((value) => Number(value.slice(1)));
    if (options.once) expect(new Set(log).size).toBe(log.length);
    const firsts = log.filter((value, at) => log.indexOf(value) === at);
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    for (const record of written[index]!) {
      const { error, offset } = bench.outcomes.get(record)!;
      if (error === undefined && offset! >= 0) expect(log[offset!]).toBe(record);
      if (error === undefined) expect(log).toContain(record);
      if (error?.mayHaveBeenWritten === false) expect(log).not.toContain(record);
    }
  });
}

const scenario = [
  fc.integer({ min: 1, max: 2 ** 31 }),
  fc.array(fate, { maxLength: 40 }),
  fc.array(step, { minLength: 1, maxLength: 25 }),
] as const;
const runs = Number(process.env['FC_RUNS'] ?? 300);

describe('under random answers', () => {
  it('[P3, G6, KJ#598] with idempotence each record is in the log once and in order, and outcomes are true', () => {
    fc.assert(
      fc.property(
        scenario[0],
        fc.array(late, { maxLength: 40 }),
        scenario[2],
        fc.record(
          {
            deliveryTimeoutMs: fc.constantFrom(2_000, 40_000, 120_000),
            latencyMs: fc.integer({ min: 1, max: 60 }),
            namesLeader: fc.boolean(),
            maxMessageBytes: fc.constantFrom(110, 150, 300),
            startEpoch: fc.constantFrom(0, 32766),
            noId: fc.array(fc.constantFrom(14, 15, 7), { maxLength: 3 }),
          },
          { requiredKeys: ['deliveryTimeoutMs', 'latencyMs', 'namesLeader'] },
        ),
        (seed, fates, steps, chosen) => {
          // a new producer id does not fence late bytes of the old one, as the next epoch does: those are left out then
          const late = (each: Fate): boolean =>
            typeof each === 'object' && ('heldForMs' in each || 'arrivesAfterMs' in each);
          const sent = chosen.startEpoch === 32766 ? fates.filter((each) => !late(each)) : fates;
          run(seed, sent, steps, { enableIdempotence: true, once: true, ...chosen });
        },
      ),
      { numRuns: runs },
    );
  });

  it('[P3] with idempotence that holds also when what was on its way arrives after it was given up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.array(late, { maxLength: 40 }),
        scenario[2],
        fc.constantFrom(2_000, 40_000, 120_000),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        (seed, fates, steps, deliveryTimeoutMs, latencyMs, namesLeader) => {
          run(seed, fates, steps, { deliveryTimeoutMs, enableIdempotence: true, once: true, latencyMs, namesLeader });
        },
      ),
      { numRuns: Math.ceil(runs / 3) },
    );
  });

  it('with a broker that forgets the producer the first copies are in order and outcomes are true', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.array(forgetful, { maxLength: 40 }),
        scenario[2],
        fc.integer({ min: 1, max: 60 }),
        (seed, fates, steps, latencyMs) => {
          const options = { deliveryTimeoutMs: 120_000, enableIdempotence: true, once: false, namesLeader: true };
          run(seed, fates, steps, { ...options, latencyMs });
        },
      ),
      { numRuns: runs },
    );
  });

  it('without idempotence the first copies are in order and outcomes are true', () => {
    fc.assert(
      fc.property(...scenario, fc.integer({ min: 1, max: 60 }), (seed, fates, steps, latencyMs) => {
        run(seed, fates, steps, {
          deliveryTimeoutMs: 120_000,
          enableIdempotence: false,
          once: false,
          latencyMs,
          namesLeader: false,
        });
      }),
      { numRuns: runs },
    );
  });
});
