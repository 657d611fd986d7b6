import { consumerGroupHeartbeatApi } from '../../../../src/protocol/messages/consumer-group-heartbeat.js';
import { offsetCommitApi } from '../../../../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../../../../src/protocol/messages/offset-fetch.js';
import { type Chance, type Side, type Step } from './side.js';

interface Known {
  epoch: number;
  owned: boolean;
}

/** Up to three members of one KIP-848 group and a topic of one partition, with heartbeats of any epoch. */
export function nextSteps(chance: Chance): () => Step {
  const known = new Map<Side, Map<string, Known>>();
  const of = (side: Side, memberId: string): Known => {
    const all = known.get(side) ?? new Map<string, Known>();
    known.set(side, all);
    const member = all.get(memberId) ?? { epoch: 0, owned: false };
    all.set(memberId, member);
    return member;
  };
  const ids = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg', 'AAAAAAAAAAAAAAAAAAAAAw'];
  const beat = (): Step => {
    const memberId = chance.pick(ids);
    const how = chance.pick(['join', 'stay', 'stay', 'stay', 'stay', 'leave', 'later', 'earlier'] as const);
    const instanceId = memberId === ids[2] ? chance.pick(['i', 'i', null]) : null;
    const away = how === 'leave' && instanceId !== null && chance.rarely(0.5);
    const full = how === 'join' || chance.rarely(0.3);
    const [subscribed, assignor] = [chance.rarely(0.9), chance.pick([null, null, 'uniform', 'range', 'nobody knows'])];
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
        const assigned =
          answer.assignment?.topicPartitions.map(({ partitions }) => partitions.join()).join() ?? 'as before';
        return `${answer.errorCode}, epoch ${answer.memberEpoch}, assigned ${assigned}`;
      },
    };
  };
  const commit = (): Step => {
    const [memberId, by, committedOffset] = [chance.pick(ids), chance.pick([0, 0, 0, 1, -1, -9]), chance.pick([2, 6])];
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
