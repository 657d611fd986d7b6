import { consumerGroupHeartbeatApi } from '../../../../src/protocol/messages/consumer-group-heartbeat.js';
import { describeConfigsApi } from '../../../../src/protocol/messages/describe-configs.js';
import { incrementalAlterConfigsApi } from '../../../../src/protocol/messages/incremental-alter-configs.js';
import { offsetCommitApi } from '../../../../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../../../../src/protocol/messages/offset-fetch.js';
import { type Chance, type Side, type Step } from './side.js';

/**
 * Real brokers compute a target at most once a second (KIP-1263), the embedded cluster whenever something has changed: these groups
 * are set to do so on both.
 */
export async function assignAtOnce({ group, groupId }: Side): Promise<void> {
  const resource = { resourceType: 32, resourceName: groupId };
  const configs = [{ name: 'consumer.assignment.interval.ms', configOperation: 0, value: '0' }];
  const { responses } = await group.ask(incrementalAlterConfigsApi, 1, { resources: [{ ...resource, configs }] });
  if (responses[0]!.errorCode !== 0) throw new Error(responses[0]!.errorMessage ?? `${responses[0]!.errorCode}`);
  for (let tries = 0; tries < 200; tries++) {
    const { results } = await group.ask(describeConfigsApi, 4, {
      resources: [{ ...resource, configurationKeys: null }],
    });
    const told = new Map(results[0]!.configs.map(({ name, value }) => [name, value]));
    if (configs.every(({ name, value }) => told.get(name) === value)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The coordinator does not hear of the configuration');
}

interface Known {
  epoch: number;
  owned: boolean;
}

/** Up to two members of one KIP-848 group and a topic of one partition, with heartbeats of any epoch. */
export function nextSteps(chance: Chance): () => Step {
  const known = new Map<Side, Map<string, Known>>();
  const of = (side: Side, memberId: string): Known => {
    const all = known.get(side) ?? new Map<string, Known>();
    known.set(side, all);
    const member = all.get(memberId) ?? { epoch: 0, owned: false };
    all.set(memberId, member);
    return member;
  };
  const ids = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAw'];
  const instances: readonly (string | null)[] = [null, chance.pick(['i', null])];
  // which of two assignors with as many votes is taken is left open
  const assignors = [chance.pick([null, 'uniform', 'range'])];
  const stay = async (side: Side, memberId: string): Promise<void> => {
    const member = of(side, memberId);
    if (member.epoch === 0) return;
    const question = {
      groupId: side.groupId,
      memberId,
      memberEpoch: member.epoch,
      instanceId: instances[ids.indexOf(memberId)] ?? null,
    };
    const answer = await side.ask(side.group, consumerGroupHeartbeatApi, 1, question, (got) => got.errorCode);
    if (answer.errorCode !== 0) return;
    member.epoch = answer.memberEpoch;
    if (answer.assignment !== null) member.owned = answer.assignment.topicPartitions.length > 0;
  };
  const beat = (): Step => {
    const memberId = chance.pick(ids);
    const how = chance.pick(['join', 'stay', 'stay', 'stay', 'stay', 'leave', 'later', 'earlier'] as const);
    const instanceId = instances[ids.indexOf(memberId)] ?? null;
    const away = how === 'leave' && instanceId !== null && chance.rarely(0.5);
    const full = how === 'join' || chance.rarely(0.3);
    const [subscribed, assignor] = [
      chance.rarely(0.9),
      chance.pick([...assignors, ...assignors, ...assignors, 'nobody knows']),
    ];
    return {
      text: `${memberId.slice(-1)} ${away ? 'goes away' : how}s, instance ${instanceId}, ${full ? `full, ${subscribed ? '' : 'not '}subscribed, ${assignor}` : 'short'}`,
      run: async (side) => {
        const member = of(side, memberId);
        const by = { join: -member.epoch, stay: 0, leave: -1 - member.epoch - (away ? 1 : 0), later: 1, earlier: -1 };
        const owned = member.owned ? [{ topicId: side.topicId, partitions: [0] }] : [];
        const whole = {
          rebalanceTimeoutMs: 60_000,
          subscribedTopicNames: subscribed ? [side.topic] : [],
          topicPartitions: how === 'join' ? [] : owned,
          serverAssignor: assignor,
        };
        const memberEpoch = member.epoch + by[how];
        const question = { groupId: side.groupId, memberId, memberEpoch, instanceId, ...(full ? whole : {}) };
        const answer = await side.ask(side.group, consumerGroupHeartbeatApi, 1, question, (got) => got.errorCode);
        if (answer.errorCode === 0) {
          if (answer.assignment !== null) member.owned = answer.assignment.topicPartitions.length > 0;
          if (answer.memberEpoch <= 0) member.owned = false;
          member.epoch = Math.max(0, answer.memberEpoch);
        }
        // who is left takes over now: of two who have nothing either could
        if (answer.errorCode === 0 && how === 'leave') await stay(side, ids[1 - ids.indexOf(memberId)]!);
        const assigned =
          answer.assignment?.topicPartitions.map(({ partitions }) => partitions.join()).join() ?? 'as before';
        return `${answer.errorCode}, epoch ${answer.memberEpoch}, assigned ${assigned}`;
      },
    };
  };
  const commit = (): Step => {
    const [memberId, by, committedOffset] = [chance.pick(ids), chance.pick([0, 0, 0, 1, -9]), chance.pick([2, 6])];
    const simple = chance.rarely(0.15);
    return {
      text: `commit ${committedOffset} as ${simple ? 'nobody' : memberId.slice(-1)}, epoch ${by}`,
      run: async (side) => {
        const epoch = of(side, memberId).epoch + by;
        const who = simple
          ? { memberId: '', generationIdOrMemberEpoch: -1 }
          : { memberId, generationIdOrMemberEpoch: epoch };
        const topics = [{ name: side.topic, partitions: [{ partitionIndex: 0, committedOffset }] }];
        const question = { groupId: side.groupId, groupInstanceId: null, ...who, topics };
        const codeOf = (got: { topics: { partitions: { errorCode: number }[] }[] }): number =>
          got.topics[0]!.partitions[0]!.errorCode;
        return `${codeOf(await side.ask(side.group, offsetCommitApi, 9, question, codeOf))}`;
      },
    };
  };
  const stored = (): Step => {
    const [memberId, by] = [chance.pick([null, ...ids]), chance.pick([0, 0, 1, -1])];
    return {
      text: `committed offset as ${memberId?.slice(-1) ?? 'nobody'}, epoch ${by}`,
      run: async (side) => {
        const who =
          memberId === null ? { memberId, memberEpoch: -1 } : { memberId, memberEpoch: of(side, memberId).epoch + by };
        const groups = [{ groupId: side.groupId, ...who, topics: [{ name: side.topic, partitionIndexes: [0] }] }];
        const { errorCode, topics } = (await side.group.ask(offsetFetchApi, 9, { groups })).groups[0]!;
        return `${errorCode}, ${topics[0]?.partitions[0]?.errorCode}, ${topics[0]?.partitions[0]?.committedOffset}`;
      },
    };
  };
  return () => chance.pick([beat, beat, beat, commit, stored])();
}
