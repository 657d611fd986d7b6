import { firstValueFrom, type Subscription, timer } from 'rxjs';
import { cooperativeSticky, Kafka, range, TimeoutExpiredError, utf8 } from '../../src/index.js';
import type { Consumer, ConsumerEvent, RebalanceListener } from '../../src/model/consumer.js';
import type { TopicPartition } from '../../src/model/topic-partition.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';

jest.setTimeout(120_000);

const open: Kafka[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};

interface Entry {
  readonly at: number;
  readonly what: 'assign' | 'assigned' | 'revoke' | 'revoked' | 'lost' | 'record';
  readonly partitions: readonly string[];
  readonly offset?: number;
}
const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** A member with a journal of its hooks and deliveries on one clock; each hook takes `hookMs`. */
class Member {
  readonly consumer: Consumer<string, string>;
  readonly journal: Entry[] = [];
  readonly events: ConsumerEvent[] = [];
  end: unknown = null;
  #subscription: Subscription | null = null;

  constructor(topic: string, groupId: string, hookMs: number, options: object = {}) {
    const hook =
      (begin: 'assign' | 'revoke', over: 'assigned' | 'revoked'): RebalanceListener =>
      async (partitions) => {
        this.#note(begin, partitions);
        await firstValueFrom(timer(hookMs));
        this.#note(over, partitions);
      };
    this.consumer = newKafka().consumer<string, string>({
      topics: topic,
      groupId,
      keyDeserializer: utf8,
      valueDeserializer: utf8,
      autoOffsetReset: 'earliest',
      acknowledge: 'explicit',
      commit: { everyMs: 60_000 },
      heartbeatIntervalMs: 300,
      sessionTimeoutMs: 20_000,
      rebalanceTimeoutMs: 30_000,
      drainTimeoutMs: 6000,
      onAssigned: hook('assign', 'assigned'),
      onRevoked: hook('revoke', 'revoked'),
      onLost: (partitions) => {
        this.#note('lost', partitions);
      },
      ...options,
    });
    this.consumer.events$.subscribe((event) => this.events.push(event));
  }

  start(): this {
    this.#subscription = this.consumer.records$.subscribe({
      next: (record) => {
        this.journal.push({
          at: performance.now(),
          what: 'record',
          partitions: [nameOf(record)],
          offset: record.offset,
        });
        record.lease.ack();
      },
      error: (error: unknown) => {
        this.end = error;
      },
      complete: () => {
        this.end = 'completed';
      },
    });
    return this;
  }
  stop(): void {
    this.#subscription?.unsubscribe();
  }
  holds(count: number): Promise<void> {
    return waitUntil(`${count} partitions are ready`, 60_000, () => {
      const ready = new Set(
        this.journal.filter(({ what }) => what === 'assigned').flatMap((entry) => entry.partitions),
      );
      return this.consumer.assignment.length === count && this.consumer.assignment.every((tp) => ready.has(nameOf(tp)));
    });
  }
  read(count: number): Promise<void> {
    return waitUntil(`${count} records`, 60_000, () => this.of('record').length >= count);
  }
  of(what: Entry['what'], partition?: string): Entry[] {
    return this.journal.filter(
      (entry) => entry.what === what && (partition === undefined || entry.partitions.includes(partition)),
    );
  }
  #note(what: Entry['what'], partitions: readonly TopicPartition[]): void {
    this.journal.push({ at: performance.now(), what, partitions: partitions.map(nameOf) });
  }
}

async function filled(partitions: number, each: number): Promise<string> {
  const topic = uniqueName('hooks');
  await createTopic(sharedBrokers(), topic, { partitions });
  await send(topic, partitions, each);
  return topic;
}
async function send(topic: string, partitions: number, each: number): Promise<void> {
  const producer = newKafka().producer({ valueSerializer: utf8 });
  const all = Array.from({ length: partitions * each }, (_, n) => ({
    topic,
    value: `v${n}`,
    partition: n % partitions,
  }));
  await Promise.all(all.map((record) => producer.sendAndWait(record)));
  await producer.close();
}
const last = (entries: readonly Entry[]): number => Math.max(...entries.map(({ at }) => at));
const first = (entries: readonly Entry[]): number => Math.min(...entries.map(({ at }) => at));

it.each([
  ['eager', range],
  ['cooperative', cooperativeSticky],
])(
  'a %s group waits for every hook: old owner done, then new owner, then records [RL1] [RL2] [RL3] [RL7] [RL8] [D#929]',
  async (name, assignor) => {
    const topic = await filled(4, 20);
    const groupId = uniqueName('hooks');
    const options = { assignors: [assignor] };
    const one = new Member(topic, groupId, 700, options).start();
    await one.read(80);
    const two = new Member(topic, groupId, 700, options).start();
    await Promise.all([one.holds(2), two.holds(2)]);
    await send(topic, 4, 5);
    await waitUntil('the new records', 60_000, () => one.of('record').length + two.of('record').length >= 100);
    const moved = two.consumer.assignment.map(nameOf);
    for (const partition of moved) {
      const revoke = one.of('revoke', partition)[0]!;
      const revoked = one.of('revoked', partition)[0]!;
      expect(revoked.at - revoke.at).toBeGreaterThan(650);
      // delivery had stopped before the hook of the old owner began
      expect(last(one.of('record', partition).filter(({ at }) => at < revoked.at))).toBeLessThan(revoke.at);
      // the new owner starts after the old one's hook and its own hook, where the old one stopped
      expect(first(two.of('assign', partition))).toBeGreaterThan(revoked.at);
      expect(first(two.of('record', partition))).toBeGreaterThan(first(two.of('assigned', partition)));
      expect(two.of('record', partition)[0]!.offset).toBe(20);
    }
    // every member has revoked before anyone is assigned, for all partitions where the group is eager
    if (name === 'eager') {
      expect(one.of('revoke')[0]!.partitions).toHaveLength(4);
      expect(first(two.of('assign'))).toBeGreaterThan(last(one.of('revoked')));
    }
    expect([...one.of('lost'), ...two.of('lost')]).toEqual([]);
  },
);

it('a seek in onAssigned counts before the first delivery, hooks see the partitions of the selection only [RL7] [RL10] [C12]', async () => {
  const [topic, other] = await Promise.all([filled(2, 10), filled(1, 3)]);
  const seen: string[] = [];
  const member = new Member(topic, uniqueName('hooks'), 0, {
    onAssigned: ((partitions, context) => {
      seen.push(...partitions.map((tp) => `assigned ${nameOf(tp)}`));
      for (const tp of partitions) context.seek(tp, 2);
    }) satisfies RebalanceListener,
    onRevoked: ((partitions) => {
      seen.push(...partitions.map((tp) => `revoked ${nameOf(tp)}`));
    }) satisfies RebalanceListener,
  }).start();
  await member.read(16);
  expect(first(member.of('record').map((entry) => ({ ...entry, at: entry.offset! })))).toBe(2);
  member.consumer.select({ topics: other });
  await member.read(17);
  expect(seen.sort()).toEqual(
    [
      `assigned ${other}-0`,
      ...['assigned', 'revoked'].flatMap((what) => [0, 1].map((n) => `${what} ${topic}-${n}`)),
    ].sort(),
  );
  member.stop();
});

it.each([
  ['onRevoked', false],
  ['onAssigned', true],
])(
  '%s that throws ends its own subscription and leaves the group to the others [B151] [D#R10]',
  async (hook, atOnce) => {
    const topic = await filled(4, 5);
    const groupId = uniqueName('hooks');
    const error = new Error('state is not saved');
    const failing = (): never => {
      throw error;
    };
    const one = new Member(topic, groupId, 0, { [hook]: failing }).start();
    if (!atOnce) await one.read(20);
    const joined = performance.now();
    const two = new Member(topic, groupId, 0).start();
    await waitUntil('the error', 60_000, () => one.end === error);
    await two.holds(4);
    // it was told at once, nobody waited for a session of 20 s to expire
    expect(performance.now() - joined).toBeLessThan(15_000);
    expect(one.events).toContainEqual(expect.objectContaining({ type: 'hookFailed', hook, error }));
    await two.read(20);
    // nothing was committed for state that is not there
    if (!atOnce) expect(new Set(two.of('record').map(({ offset }) => offset))).toEqual(new Set([0, 1, 2, 3, 4]));
  },
);

it('a hook that waits for the stream that waits for it ends at the deadline, which it was told [RL4] [RL9]', async () => {
  const topic = await filled(2, 5);
  const groupId = uniqueName('hooks');
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  let deadline = 0;
  const one: Member = new Member(topic, groupId, 0, {
    drainTimeoutMs: 3000,
    onRevoked: ((_partitions, context) => {
      ({ deadline } = context);
      // never: the stream ends only after this hook
      return new Promise(() => undefined);
    }) satisfies RebalanceListener,
  }).start();
  await one.read(10);
  const two = new Member(topic, groupId, 0).start();
  await Promise.all([waitUntil('handed over', 60_000, () => one.consumer.assignment.length === 1), two.holds(1)]);
  const report = one.events.find(({ type }) => type === 'hookFailed');
  expect(report).toMatchObject({ hook: 'onRevoked' });
  expect((report as { error: unknown }).error).toBeInstanceOf(TimeoutExpiredError);
  expect(deadline).toBeGreaterThan(0);
  expect(warn.mock.calls.map(([message]) => String(message)).join()).toContain(
    'onRevoked was not done by its deadline',
  );
  warn.mockRestore();
  // the group goes on, and what was acknowledged is committed
  expect(one.end).toBeNull();
  expect(await committedOffsets(sharedBrokers(), groupId, topic)).toContain(5);
});

it('onRevoked runs on unsubscribe, drain and close, and close waits for a hook that runs [RL5] [B165]', async () => {
  const topic = await filled(1, 3);
  for (const how of ['unsubscribe', 'drain', 'close'] as const) {
    const groupId = uniqueName('hooks');
    const member = new Member(topic, groupId, 300).start();
    await member.read(3);
    if (how === 'unsubscribe') member.stop();
    else await member.consumer[how]();
    await waitUntil(`revoked by ${how}`, 20_000, () => member.of('revoked').length === 1);
    await waitUntil(
      'committed',
      20_000,
      async () => (await committedOffsets(sharedBrokers(), groupId, topic))[0] === 3,
    );
  }
  const member = new Member(topic, uniqueName('hooks'), 1500).start();
  await waitUntil('the hook runs', 20_000, () => member.of('assign').length === 1);
  await Promise.all([member.consumer.close(), member.consumer.close()]);
  expect(member.journal.map(({ what }) => what)).toEqual(['assign', 'assigned', 'revoke', 'revoked']);
});
