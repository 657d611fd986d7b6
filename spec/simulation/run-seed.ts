import { Chance } from './chance.js';
import { Counts } from './counts.js';
import { Faults } from './faults.js';
import { AcknowledgedIsKept } from './invariants/acknowledged-is-kept.js';
import { CommitBehindAcknowledged } from './invariants/commit-behind-acknowledged.js';
import { AllOrNothing } from './invariants/all-or-nothing.js';
import { BufferBound } from './invariants/buffer-bound.js';
import { CommitFalls } from './invariants/commit-falls.js';
import { CommitsWhatItHolds } from './invariants/commits-what-it-holds.js';
import { ConnectionRules } from './invariants/connection-rules.js';
import { DeliveryOrder } from './invariants/delivery-order.js';
import { ExactlyOnce } from './invariants/exactly-once.js';
import { LogOrder } from './invariants/log-order.js';
import { OneOwner } from './invariants/one-owner.js';
import { ReadCommitted } from './invariants/read-committed.js';
import { WindowBound } from './invariants/window-bound.js';
import { type GroupMember } from './workload/group-member.js';
import { TransactionWork } from './workload/transaction-work.js';
import { NoBatchTwice } from './invariants/no-batch-twice.js';
import { NothingLeft } from './invariants/nothing-left.js';
import { type Violation } from './violation.js';
import { drawGroup, type GroupPlan } from './workload/group-plan.js';
import { GroupWork } from './workload/group-work.js';
import { ProducerWork } from './workload/producer-work.js';
import { RoamingReader } from './workload/roaming-reader.js';
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

/** Who is there: topics, producers, groups that read, groups that write what they read to another topic. */
function populate(
  world: World,
  draw: Chance,
  heartbeatMs: number,
): {
  readonly topics: readonly string[];
  readonly producers: readonly ProducerWork[];
  readonly transactions: readonly TransactionWork[];
  readonly plans: readonly GroupPlan[];
  readonly groups: readonly GroupWork[];
  readonly members: () => readonly GroupMember[];
} {
  const inputs = ['in', 'side'].slice(0, draw.pick([1, 1, 2]));
  const kinds = draw.pick([['plain'], ['plain', 'plain'], ['pipe'], ['pipe'], ['plain', 'pipe']] as const);
  const topics = kinds.some((kind) => kind === 'pipe') ? [...inputs, 'out'] : inputs;
  for (const topic of topics) world.cluster.createTopic(topic, { partitions: draw.between(1, 6) });
  const isTransactional = draw.happens(40);
  const count = isTransactional ? draw.between(0, 1) : draw.between(1, 2);
  const producers = Array.from({ length: count }, (_, n) => new ProducerWork(world, `p${n}`, inputs));
  const transactions = isTransactional ? [new TransactionWork(world, 't0', inputs)] : [];
  const plans = kinds.map((kind, n): GroupPlan => {
    const own = draw.happens(50) ? inputs : [draw.pick(inputs)];
    const output = kind === 'pipe' ? 'out' : null;
    const plan = drawGroup(world.chance.fork(`plan ${n}`), `g${n}`, own, output, heartbeatMs);
    if (plan.pipe === null) return plan;
    return { ...plan, pipe: { ...plan.pipe, deliveryTimeoutMs: world.deliveryTimeoutMs(plan.pipe.deliveryTimeoutMs) } };
  });
  const groups = plans.map((plan) => new GroupWork(world, plan));
  return { topics, producers, transactions, plans, groups, members: () => groups.flatMap((group) => group.members) };
}

/** Who is there beside them, now and then: a reader without a group. */
function drawReaders(world: World, isTransactional: boolean): readonly RoamingReader[] {
  const isThere = world.chance.fork('readers').happens(isTransactional ? 50 : 5);
  return isThere ? [new RoamingReader(world, 'r0', 'in')] : [];
}

/** Partitions with transactions that nobody has decided yet, or records that not all replicas have. */
function undecided(world: World, topics: readonly string[]): string[] {
  return topics.flatMap((topic) =>
    world
      .logs(topic)
      .filter(({ log }) => log.lastStableOffset < log.endOffset)
      .map(({ partition, log }) => `${topic}/${partition} is stable to ${log.lastStableOffset} of ${log.endOffset}`),
  );
}

const turnMs = 100;
/** When the time to catch up is over, something must have moved in the last milliseconds of it. */
const movesMs = 10_000;
/** How long closing may take, milliseconds. */
const closeMs = 60_000;

/** How a world is run, besides its seed. */
export interface RunOptions {
  readonly keepTrace?: boolean;
  /** See `World.isPatient`. */
  readonly isPatient?: boolean;
}

/** Runs the world of one seed: work under faults, calm, catching up, closing. The same seed and options give the same run. */
export async function runSeed(
  seed: number,
  { keepTrace = false, isPatient = false }: RunOptions = {},
): Promise<SeedResult> {
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
  world.isPatient = isPatient;
  const { topics, producers, transactions, plans, groups, members } = populate(world, draw, heartbeatMs);
  world.growth.begin(topics);
  const readers = drawReaders(world, transactions.length > 0);
  world.watches.push(
    new AcknowledgedIsKept(world, producers),
    new NoBatchTwice(world),
    new LogOrder(world, producers),
    new DeliveryOrder(world),
    new ReadCommitted(world),
    new OneOwner(world, members),
    new WindowBound(world),
    new BufferBound(world, members),
    new CommitBehindAcknowledged(world, plans),
    new CommitFalls(world),
    new CommitsWhatItHolds(world, members),
    new ConnectionRules(world),
    new ExactlyOnce(world, plans),
    new AllOrNothing(world, transactions),
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
  for (const work of [...groups, ...transactions, ...producers]) work.calm();
  await run(500, () => false);
  for (const work of [...producers, ...transactions]) work.end();

  const bound =
    30_000 +
    Math.max(
      9000,
      ...plans.flatMap(({ sessionTimeoutMs, rebalanceTimeoutMs, pipe }) => [
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        pipe === null ? 0 : Math.max(pipe.transactionTimeoutMs + 10_000, world.allowedFor(pipe.deliveryTimeoutMs)),
      ]),
      ...transactions.map(({ transactionTimeoutMs }) => transactionTimeoutMs + 10_000),
      ...producers.map(({ deliveryTimeoutMs }) => world.allowedFor(deliveryTimeoutMs)),
    );
  const lacking = (): string[] => {
    for (const group of groups) group.keep();
    return [
      ...producers.flatMap(({ isPending, process }) => (isPending ? [`${process.name} waits for answers`] : [])),
      ...transactions.flatMap(({ isPending, name }) => (isPending ? [`${name} has an open transaction`] : [])),
      ...groups.flatMap((group) => group.behind()),
      ...readers.flatMap((reader) => reader.behind()),
      ...undecided(world, topics),
      ...world.watches.flatMap((watch) => watch.waitsFor?.() ?? []),
    ];
  };
  const began = world.clock.now;
  // one record at a time through transactions may take long: as long as something moves, it is waited for
  let caughtUp = false;
  for (let before = '', round = 0; !caughtUp && !world.isOver && round < 4; round++) {
    caughtUp = await run(bound - movesMs, () => lacking().length === 0);
    before = lacking().join();
    caughtUp ||= await run(movesMs, () => lacking().length === 0);
    if (before === lacking().join()) break;
  }
  if (!caughtUp && !world.isOver) {
    for (const watch of world.watches) for (const text of watch.waitsFor?.() ?? []) world.violate(watch.name, text);
    world.violate('progress', `not within ${bound} ms: ${lacking().join('; ')}`);
  }
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
