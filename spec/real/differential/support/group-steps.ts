import { heartbeatApi } from '../../../../src/protocol/messages/heartbeat.js';
import { joinGroupApi } from '../../../../src/protocol/messages/join-group.js';
import { leaveGroupApi } from '../../../../src/protocol/messages/leave-group.js';
import { offsetCommitApi } from '../../../../src/protocol/messages/offset-commit.js';
import { offsetDeleteApi } from '../../../../src/protocol/messages/offset-delete.js';
import { offsetFetchApi } from '../../../../src/protocol/messages/offset-fetch.js';
import { syncGroupApi } from '../../../../src/protocol/messages/sync-group.js';
import { type Chance, type Side, type Step } from './side.js';

interface Member {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** Members a side has heard of, in order: a step names one by how long ago that was. */
class Members {
  readonly #all: Map<Side, Member[]> = new Map<Side, Member[]>();
  readonly #generation: Map<Side, number> = new Map<Side, number>();

  heard(side: Side, member: Member): void {
    const all = this.#all.get(side) ?? [];
    if (!all.some(({ memberId }) => memberId === member.memberId)) this.#all.set(side, [...all, member]);
  }

  at(side: Side, back: number): Member {
    const all = this.#all.get(side) ?? [];
    return all.at(-1 - Math.min(back, all.length - 1)) ?? { memberId: 'nobody', groupInstanceId: null };
  }

  name(side: Side, memberId: string): string {
    const known = (this.#all.get(side) ?? []).findIndex((member) => member.memberId === memberId);
    return known < 0 ? `'${memberId === '' ? '' : 'another'}'` : `member ${known}`;
  }

  joined(side: Side, generation: number): void {
    this.#generation.set(side, generation);
  }

  generation(side: Side): number {
    return this.#generation.get(side) ?? -1;
  }
}

/** A group of one member at a time, so that no answer waits for another member, and of those who were or never became one. */
export function groupSteps(chance: Chance): () => Step {
  const members = new Members();
  const protocols = [{ name: 'range', metadata: new Uint8Array([1]) }];
  /** There is a member now, and whether it has an instance id; a step that would make a second one is not drawn. */
  const present = new Map<Side, Member | null>();
  /** An id was handed out that has not joined: a rebalance would wait for it. */
  const awaited = new Map<Side, string | null>();
  const whose = (): number => (chance.rarely(0.75) ? 0 : chance.pick([1, 2, 5]));
  const shift = (): number => (chance.rarely(0.8) ? 0 : chance.pick([-1, 1, 40]));
  const join = (): Step => {
    const groupInstanceId = chance.rarely(0.4) ? 'i' : null;
    const type = chance.rarely(0.9) ? 'consumer' : 'other';
    const anew = chance.rarely(0.5);
    return {
      text: `join ${anew ? 'anew' : 'again'} of type ${type}, instance ${groupInstanceId}`,
      run: async (side) => {
        const now = present.get(side) ?? null;
        const last = members.at(side, 0);
        const who = anew ? { memberId: '', groupInstanceId } : last;
        // would wait for the member that is there, or for who has an id
        const handedOut = awaited.get(side) ?? null;
        if (handedOut !== null && who.memberId !== handedOut) return 'left out';
        if (now !== null && who.memberId !== now.memberId && (groupInstanceId === null || now.groupInstanceId === null))
          return 'left out';
        const timing = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000 };
        const question = { groupId: side.groupId, ...who, ...timing, protocolType: type, protocols };
        const answer = await side.ask(side.group, joinGroupApi, 9, question, ({ errorCode }) => errorCode);
        if (answer.errorCode === 0 || answer.errorCode === 79) {
          members.heard(side, { memberId: answer.memberId, groupInstanceId: who.groupInstanceId });
        }
        awaited.set(side, answer.errorCode === 79 ? answer.memberId : null);
        if (answer.errorCode === 0) {
          members.joined(side, answer.generationId);
          present.set(side, { memberId: answer.memberId, groupInstanceId: who.groupInstanceId });
        }
        const { errorCode, generationId, protocolName, skipAssignment, memberId } = answer;
        return `${errorCode}, generation ${generationId}, ${protocolName}, skip ${skipAssignment}, ${members.name(side, memberId)}, ${answer.members.length} members`;
      },
    };
  };
  /** With a member, its instance and a generation that may all be wrong. */
  const as = (): { text: string; of: (side: Side) => Member & { generationId: number } } => {
    const [back, by, otherInstance] = [whose(), shift(), chance.rarely(0.1)];
    return {
      text: `as -${back}, generation ${by}${otherInstance ? ', another instance' : ''}`,
      of: (side) => ({
        ...members.at(side, back),
        ...(otherInstance ? { groupInstanceId: 'j' } : {}),
        generationId: members.generation(side) + by,
      }),
    };
  };
  const sync = (): Step => {
    const { text, of } = as();
    const protocolName = chance.rarely(0.9) ? 'range' : 'other';
    return {
      text: `sync ${text}, ${protocolName}`,
      run: async (side) => {
        const who = of(side);
        const assignments = [{ memberId: who.memberId, assignment: new Uint8Array([7]) }];
        const question = { groupId: side.groupId, ...who, protocolType: 'consumer', protocolName, assignments };
        const answer = await side.ask(side.group, syncGroupApi, 5, question, ({ errorCode }) => errorCode);
        return `${answer.errorCode}, ${answer.protocolName}, ${answer.assignment.join()}`;
      },
    };
  };
  const beat = (): Step => {
    const { text, of } = as();
    return {
      text: `heartbeat ${text}`,
      run: async (side) => {
        const question = { groupId: side.groupId, ...of(side) };
        return `${(await side.ask(side.group, heartbeatApi, 4, question, ({ errorCode }) => errorCode)).errorCode}`;
      },
    };
  };
  const commit = (): Step => {
    const { text, of } = as();
    const simple = chance.rarely(0.15);
    const committedOffset = chance.pick([0, 4, 9]);
    return {
      text: `commit ${committedOffset} ${simple ? 'as nobody' : text}`,
      run: async (side) => {
        const { generationId, ...member } = of(side);
        const who = simple
          ? { memberId: '', groupInstanceId: null, generationIdOrMemberEpoch: -1 }
          : { ...member, generationIdOrMemberEpoch: generationId };
        const partitions = [{ partitionIndex: 0, committedOffset }];
        const question = { groupId: side.groupId, ...who, topics: [{ name: side.topic, partitions }] };
        const codeOf = (got: { topics: { partitions: { errorCode: number }[] }[] }): number =>
          got.topics[0]!.partitions[0]!.errorCode;
        return `${codeOf(await side.ask(side.group, offsetCommitApi, 9, question, codeOf))}`;
      },
    };
  };
  const leave = (): Step => {
    const back = whose();
    const byInstance = chance.rarely(0.3);
    return {
      text: `leave as -${back}${byInstance ? ' by its instance' : ''}`,
      run: async (side) => {
        const { memberId, groupInstanceId } = members.at(side, back);
        const identity = byInstance ? { memberId: '', groupInstanceId: 'i' } : { memberId, groupInstanceId };
        const question = { groupId: side.groupId, members: [identity] };
        const answer = await side.ask(side.group, leaveGroupApi, 5, question, ({ errorCode }) => errorCode);
        const member = answer.members[0]?.errorCode;
        const now = present.get(side) ?? null;
        const itself = byInstance ? now?.groupInstanceId === 'i' : now?.memberId === memberId;
        if (member === 0 && itself) present.set(side, null);
        if (member === 0 && !byInstance && awaited.get(side) === memberId) awaited.set(side, null);
        return `${answer.errorCode}, ${member}`;
      },
    };
  };
  const stored: Step = {
    text: 'committed offset',
    run: async ({ group, groupId, topic }) => {
      const groups = [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }];
      const { errorCode, topics } = (await group.ask(offsetFetchApi, 9, { groups })).groups[0]!;
      return `${errorCode}, ${topics[0]?.partitions[0]?.errorCode}, ${topics[0]?.partitions[0]?.committedOffset}`;
    },
  };
  const forget: Step = {
    text: 'delete the committed offset',
    run: async (side) => {
      const topics = [{ name: side.topic, partitions: [{ partitionIndex: 0 }] }];
      const question = { groupId: side.groupId, topics };
      const answer = await side.ask(side.group, offsetDeleteApi, 0, question, ({ errorCode }) => errorCode);
      return `${answer.errorCode}, ${answer.topics[0]?.partitions[0]?.errorCode}`;
    },
  };
  return () =>
    chance.pick([join, join, join, sync, sync, beat, beat, commit, commit, leave, () => stored, () => forget])();
}
