import { Chance } from './chance.js';
import { Counts } from './counts.js';
import { Faults } from './faults.js';
import { AcknowledgedIsKept } from './invariants/acknowledged-is-kept.js';
import { CommitBehindAcknowledged } from './invariants/commit-behind-acknowledged.js';
import { NoBatchTwice } from './invariants/no-batch-twice.js';
import { NothingLeft } from './invariants/nothing-left.js';
import { type Violation } from './violation.js';
import { drawGroup, type GroupPlan } from './workload/group-plan.js';
import { GroupWork } from './workload/group-work.js';
import { ProducerWork } from './workload/producer-work.js';
import { World } from './world.js';

/** What a seed came to. */
export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly counts: Readonly<Record<string, number>>;
  /** With `keepTrace`. */
  readonly trace: readonly string[] | null;
}

const turnMs = 100;
/** How long closing may take, milliseconds. */
const closeMs = 60_000;

/** Runs the world of one seed: work under faults, calm, catching up, closing. The same seed gives the same run. */
export async function runSeed(seed: number, keepTrace = false): Promise<SeedResult> {
  const chance = new Chance(Math.imul(seed, 0x9e3779b1) ^ 0x5f3759df);
  const draw = chance.fork('world');
  const counts = new Counts();
  const heartbeatMs = draw.pick([500, 1000, 2000]);
  const brokers = draw.pick([1, 2, 3, 3, 3]);
  const world = new World(
    chance,
    {
      brokers,
      wire: { latencyMs: draw.pick([0, 1, 3]), jitterMs: draw.pick([0, 2, 10]) },
      failoverMs: draw.pick([200, 1000, 3000]),
      replicationLagMs: draw.pick([0, 0, 2, 20]),
      features: { 'transaction.version': draw.pick([0, 2, 2]) },
      properties: {
        'offsets.topic.num.partitions': 3,
        'transaction.state.log.num.partitions': 3,
        'group.initial.rebalance.delay.ms': draw.pick([0, 0, 500]),
        'group.consumer.heartbeat.interval.ms': heartbeatMs,
        'group.consumer.session.timeout.ms': draw.pick([6000, 9000]),
        'transaction.abort.timed.out.transaction.cleanup.interval.ms': draw.pick([1000, 5000]),
      },
    },
    counts,
    keepTrace,
  );
  const topics = ['in', 'side'].slice(0, draw.pick([1, 1, 2]));
  for (const topic of topics) world.cluster.createTopic(topic, { partitions: draw.between(1, 6) });
  const producers = Array.from({ length: draw.between(1, 2) }, (_, n) => new ProducerWork(world, `p${n}`, topics));
  const plans = Array.from({ length: draw.between(1, 2) }, (_, n): GroupPlan => {
    const own = draw.happens(50) ? topics : [draw.pick(topics)];
    return drawGroup(chance.fork(`plan ${n}`), `g${n}`, own, heartbeatMs);
  });
  const groups = plans.map((plan) => new GroupWork(world, plan));
  world.watches.push(
    new AcknowledgedIsKept(world, producers),
    new NoBatchTwice(world),
    new CommitBehindAcknowledged(world, plans),
    new NothingLeft(world),
  );
  const faults = new Faults(
    world,
    plans.map(({ id }) => id),
  );
  faults.begin(draw.pick([150, 400, 1000]));

  const stopped = (): boolean => world.isOver;
  const run = async (ms: number, until: () => boolean): Promise<boolean> => {
    const end = world.clock.now + ms;
    while (world.clock.now < end && !until()) {
      world.clock.runUntil(Math.min(end, world.clock.now + turnMs), stopped);
      if (world.isOver) return false;
      // promises at the edges of the client run on between turns
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return until();
  };

  await run(draw.between(5000, 15_000), () => false);
  world.isCalm = true;
  world.trace.note('calm');
  faults.calm();
  for (const group of groups) group.calm();
  await run(500, () => false);
  for (const producer of producers) producer.end();

  const session = Math.max(...plans.map((plan) => Math.max(plan.sessionTimeoutMs, plan.rebalanceTimeoutMs, 9000)));
  const bound = Math.max(session, ...producers.map((producer) => producer.deliveryTimeoutMs)) + 30_000;
  const lacking = (): string[] => [
    ...producers.flatMap(({ isPending, process }) => (isPending ? [`${process.name} waits for answers`] : [])),
    ...groups.flatMap((group) => group.behind()),
  ];
  const began = world.clock.now;
  const caughtUp = await run(bound, () => lacking().length === 0);
  if (!caughtUp && !world.isOver) world.violate('progress', `not within ${bound} ms: ${lacking().join('; ')}`);
  counts.add('catching up ms', world.clock.now - began);
  if (!world.isOver) for (const watch of world.watches) watch.finish?.();

  if (!world.isOver) {
    for (const group of groups) group.end();
    await close(world, run);
  }
  world.state.stop();
  return {
    seed,
    violations: world.violations,
    hash: world.trace.hash,
    events: world.clock.events,
    virtualMs: world.clock.now,
    counts: counts.by,
    trace: world.trace.lines,
  };
}

/** Closes every process; what is left then is judged. */
async function close(world: World, run: (ms: number, until: () => boolean) => Promise<boolean>): Promise<void> {
  const alive = world.processes.filter(({ isAlive }) => isAlive);
  let closed = 0;
  for (const process of alive)
    process.close(() => {
      closed++;
    });
  await run(closeMs, () => closed === alive.length);
  await run(300, () => false);
  if (!world.isOver) for (const watch of world.watches) watch.closed?.();
}
