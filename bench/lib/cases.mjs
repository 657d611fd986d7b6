// What is measured, how much of it, and which clients take part.

/** The clients that run in Node, which the goals are about. */
export const nodeClients = ['kafka-ts', 'platformatic', 'kafkajs', 'node-rdkafka'];

/**
 * `count` records are measured after `warmUp` unmeasured ones. `input`: reads a topic that is filled before; `pipe`: writes one as
 * well; `replication`: whatever the run was asked for; `only`: not for every client.
 */
export const cases = {
  P1: { title: 'produce 100 B, fastest API', size: 100, count: 1_000_000, warmUp: 100_000, partitions: 12 },
  P2: { title: 'produce 100 B, each acknowledged', size: 100, count: 1_000_000, warmUp: 50_000, partitions: 12 },
  P5: {
    title: 'produce 100 B, idempotent, three replicas',
    size: 100,
    count: 1_000_000,
    warmUp: 100_000,
    partitions: 12,
    replication: 3,
    only: ['rx-kafka', 'kafka-ts', 'java'],
  },
  C1: { title: 'consume 100 B', size: 100, count: 2_000_000, partitions: 12, input: true },
  E1: {
    title: 'consume, re-key, produce, commit',
    size: 100,
    count: 1_000_000,
    partitions: 12,
    input: true,
    pipe: true,
  },
  E2: {
    title: 'the same exactly once, windows of 500',
    size: 100,
    count: 200_000,
    warmUp: 100_000,
    partitions: 12,
    input: true,
    pipe: true,
    only: ['rx-kafka', 'java'],
  },
  P6: { title: 'one record, wait', size: 100, count: 2000, warmUp: 5000, partitions: 1 },
  M1: { title: 'memory of a stopped consumer', size: 1000, count: 1_000_000, partitions: 1, input: true, seconds: 60 },
  S1: { title: 'start and idle', size: 1, count: 1, partitions: 12, seconds: 20, only: ['rx-kafka', ...nodeClients] },
};

/** Fewer records where a client would need minutes; figures are per million records anyway. */
const fewer = {
  P1: { kafkajs: [200_000, 50_000] },
  P2: {
    kafkajs: [20_000, 2000],
    'kafka-ts': [300_000, 50_000],
    platformatic: [300_000, 50_000],
    'node-rdkafka': [300_000, 50_000],
    aiokafka: [200_000, 20_000],
  },
  E1: { 'node-rdkafka': [500_000, 0] },
};

/** The task of one client in one case. */
export function taskOf(name, client) {
  const { size, count, warmUp = 0, seconds = 0, title: _title, only: _only, ...rest } = cases[name];
  const limit = fewer[name]?.[client];
  const factor = Number(process.env.BENCH_SCALE ?? 1);
  const scale = (records) => (name === 'P6' ? records : Math.round(records * factor));
  return {
    ...rest,
    size,
    seconds: Math.ceil(seconds * Math.min(1, factor)),
    count: scale(limit?.[0] ?? count),
    warmUp: scale(limit?.[1] ?? warmUp),
  };
}

/** The goal column: CPU seconds per million records. */
export const goals = {
  P1: '0.45 bytes, 0.55 text',
  P2: '0.7',
  P5: '0.5',
  C1: '0.5',
  E1: '1.2',
  E2: 'below twice E1',
  P6: 'lowest without a busy loop',
  M1: '10',
  S1: 'no timer without work',
};

/** Our ways of doing a case; the other clients have one each. */
export const ways = {
  P1: ['P1', 'P1 text'],
  C1: ['C1a', 'C1b', 'C1a text', 'C1b text'],
  // at least once at the same length, so that the two are compared over the same records
  E2: ['E2', 'E2 four slots', 'E2 at least once'],
};
export const clients = ['rx-kafka', ...nodeClients, 'java', 'aiokafka'];
