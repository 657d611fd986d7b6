import { BrokerError } from '../../src/errors/broker-error.js';
import { ClientClosedError } from '../../src/errors/usage-error.js';
import { findCoordinatorApi } from '../../src/protocol/messages/find-coordinator.js';
import { ClusterBench, type Outcome } from './support.js';

interface Answer {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
}

let bench: ClusterBench;
/** What the brokers answer, in order; the last one stays. */
let answers: Answer[];
let asked: { at: number; version: number; body: object }[];

beforeEach(() => {
  bench = new ClusterBench();
  answers = [found(3)];
  asked = [];
  for (const broker of bench.brokers) {
    broker.on(findCoordinatorApi, ({ at, version, body }) => {
      asked.push({ at, version, body });
      const next = answers.length > 1 ? answers.shift()! : answers[0]!;
      return version < 4 ? next : { coordinators: [{ ...next, key: body.coordinatorKeys[0]! }] };
    });
  }
});
afterEach(() => {
  bench.end();
});

function found(nodeId: number, errorCode = 0): Answer {
  return { nodeId, host: `b${nodeId}`, port: 9000 + nodeId, errorCode };
}

const find = (key = 'g', type: 'group' | 'transaction' = 'group'): Outcome<number> =>
  bench.outcome((done) => bench.cluster.coordinator(type, key, done));

it('asks once for all who want to know, and remembers', () => {
  const outcomes = [find(), find()];
  outcomes.forEach((outcome) => {
    bench.run(outcome);
  });
  const later = find();
  bench.run(later);
  expect([...outcomes, later].map(({ value }) => value)).toEqual([3, 3, 3]);
  expect(asked).toHaveLength(1);
  expect(asked[0]!.body).toMatchObject({ keyType: 0, coordinatorKeys: ['g'] });
});

it('keeps types and keys apart', () => {
  [find('g'), find('g', 'transaction'), find('h')].forEach((outcome) => {
    bench.run(outcome);
  });
  expect(asked).toHaveLength(3);
  expect(asked.map(({ body }) => (body as { keyType: number }).keyType).sort()).toEqual([0, 0, 1]);
});

it.each([0, 1, 3, 4])('speaks version %i', (max) => {
  for (const broker of bench.brokers) broker.ranges.set('FindCoordinator', { min: 0, max });
  const outcome = find();
  bench.run(outcome);
  expect(outcome.value).toBe(3);
  expect(asked[0]).toMatchObject({ version: max, body: max < 4 ? { key: 'g' } : { coordinatorKeys: ['g'] } });
});

it('can call a coordinator that metadata does not know yet', () => {
  answers = [found(3)];
  bench.ids = [1];
  bench.run(find());
  expect(bench.cluster.metadata.brokers.get(3)).toMatchObject({ host: 'b3', port: 9003 });
});

it('tries on, less and less often, while the coordinator is not available', () => {
  answers = [found(-1, 15), found(-1, 14), found(-1, 16), found(-1, 15), found(2)];
  const outcome = find();
  bench.run(outcome);
  expect(outcome.value).toBe(2);
  const waits = asked.slice(1).map(({ at }, index) => at - asked[index]!.at);
  [100, 200, 400, 800].forEach((base, index) => {
    expect(waits[index]).toBeGreaterThanOrEqual(base * 0.8);
    expect(waits[index]).toBeLessThanOrEqual(base * 1.2 + 10);
  });
});

it('tries on while no broker can be reached', () => {
  for (const broker of bench.brokers) broker.stop();
  const outcome = find();
  bench.runtime.advance(90_000);
  expect(outcome.times).toBe(0);
  for (const broker of bench.brokers) broker.start();
  bench.runtime.advance(5000);
  expect(outcome.value).toBe(3);
});

it('fails for good when it is refused, for everybody, and asks anew next time', () => {
  answers = [found(-1, 30), found(3)];
  const refused = [find(), find()];
  bench.runtime.advance(100);
  for (const { error } of refused) {
    expect(error).toBeInstanceOf(BrokerError);
    expect(error).toMatchObject({ errorName: 'GROUP_AUTHORIZATION_FAILED' });
  }
  const next = find();
  bench.run(next);
  expect(next.value).toBe(3);
});

it('[D#1134] forgets on request, unless a newer answer names another node', () => {
  bench.run(find());
  answers = [found(2)];
  bench.cluster.forgetCoordinator('group', 'g', 3);
  const outcome = find();
  bench.run(outcome);
  expect(outcome.value).toBe(2);
  // a late failure of a call to the old one
  bench.cluster.forgetCoordinator('group', 'g', 3);
  bench.run(find());
  expect(asked).toHaveLength(2);
  bench.cluster.forgetCoordinator('group', 'g');
  bench.run(find());
  expect(asked).toHaveLength(3);
});

it('stops asking when nobody waits any more', () => {
  answers = [found(-1, 15)];
  const cancels = [0, 1].map(() =>
    bench.cluster.coordinator('group', 'g', () => {
      throw new Error('called after cancel');
    }),
  );
  bench.runtime.advance(500);
  cancels[0]!();
  const { length } = asked;
  bench.runtime.advance(2000);
  expect(asked.length).toBeGreaterThan(length);
  cancels[1]!();
  cancels[1]!();
  const after = asked.length;
  bench.runtime.advance(10_000);
  expect(asked).toHaveLength(after);
  expect(bench.runtime.alive).toBe(0);
});

it('fails with the cluster, also for those who come later', () => {
  bench.run(find('known'));
  answers = [found(-1, 15)];
  const open = find();
  bench.runtime.advance(50);
  bench.cluster.close();
  const late = [find(), find('known')];
  bench.runtime.advance(2);
  for (const outcome of [open, ...late]) expect(outcome.error).toBeInstanceOf(ClientClosedError);
});
