import type { FakeRuntime } from '../../../producer/support/fake-runtime.js';
import type { Call } from './scripted-cluster.js';

interface BrokerMember {
  readonly id: string;
  epoch: number;
  previousEpoch: number;
  topics: readonly string[];
  rebalanceTimeoutMs: number;
  state: 'stable' | 'unrevoked' | 'unreleased';
  assigned: Set<string>;
  revoking: Set<string>;
  /** When it is fenced for not giving up; of `unrevoked`. */
  deadline: number;
  heardAt: number;
}

interface Heartbeat {
  memberId: string;
  memberEpoch: number;
  rebalanceTimeoutMs?: number;
  subscribedTopicNames?: string[];
  topicPartitions?: { topicId: string; partitions: number[] }[];
}

/**
 * The coordinator of a KIP-848 group, for one group, as far as members can tell: the state machine of a member's current
 * assignment as the KIP describes it, written from the outside. Names of partitions are `topic-0`.
 */
export class ConsumerGroupBroker {
  readonly members: Map<string, BrokerMember> = new Map<string, BrokerMember>();
  /** Expelled, and has not come back yet: what it still believes to hold is not its. */
  readonly expelled: Set<string> = new Set<string>();
  readonly topics: Map<string, number> = new Map<string, number>();
  readonly sessionTimeoutMs = 12_000;
  epoch = 0;
  commits = 0;
  /** Heartbeats that list less than what was to be revoked, before the last of it was given up. */
  target: Map<string, Set<string>> = new Map<string, Set<string>>();
  #moved: Set<string> = new Set<string>();
  readonly #runtime: FakeRuntime;

  constructor(runtime: FakeRuntime) {
    this.#runtime = runtime;
  }

  handle(call: Call): void {
    if (call.api === 'ConsumerGroupHeartbeat') this.#heartbeat(call, call.body as Heartbeat);
    else if (call.api === 'OffsetCommit') this.#commit(call);
    else throw new Error(`no ${call.api} here`);
  }

  /** Sessions and rebalances that took too long. */
  tick(): void {
    const now = this.#runtime.now();
    for (const member of [...this.members.values()]) {
      const late = member.state === 'unrevoked' && now > member.deadline;
      if (now - member.heardAt <= this.sessionTimeoutMs && !late) continue;
      this.expelled.add(member.id);
      this.#remove(member.id);
    }
  }

  /** Another broker takes over: each member is told once. */
  move(): void {
    this.#moved = new Set(this.members.keys());
    for (const member of this.members.values()) member.heardAt = this.#runtime.now();
  }

  /** Of a topic that is new, or has more partitions. */
  grow(topic: string, partitions: number): void {
    this.topics.set(topic, partitions);
    this.#bump();
  }

  get settled(): boolean {
    return [...this.members.values()].every(({ state, epoch }) => state === 'stable' && epoch === this.epoch);
  }

  #heartbeat(call: Call, body: Heartbeat): void {
    const { memberId, memberEpoch } = body;
    if (this.#moved.delete(memberId)) {
      this.#answer(call, 16);
      return;
    }
    if (memberEpoch < 0) {
      this.#remove(memberId);
      call.reply({ errorCode: 0, memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null });
      return;
    }
    const owned = body.topicPartitions?.flatMap(({ topicId, partitions }) =>
      partitions.map((partition) => `${topicId.slice('id-'.length)}-${partition}`),
    );
    let member = this.members.get(memberId);
    if (memberEpoch === 0) {
      if (owned?.length !== 0 || body.subscribedTopicNames === undefined || body.rebalanceTimeoutMs === undefined)
        throw new Error('a join that does not say everything');
      this.expelled.delete(memberId);
      if (member === undefined) {
        member = {
          id: memberId,
          epoch: 0,
          previousEpoch: -1,
          topics: [],
          rebalanceTimeoutMs: 0,
          state: 'stable',
          assigned: new Set(),
          revoking: new Set(),
          deadline: 0,
          heardAt: 0,
        };
        this.members.set(memberId, member);
      }
    } else if (member === undefined) {
      this.#answer(call, 25);
      return;
    } else if (memberEpoch !== member.epoch) {
      const { assigned } = member;
      const lostAnswer = memberEpoch === member.previousEpoch && owned?.every((tp) => assigned.has(tp)) === true;
      if (!lostAnswer) {
        this.#answer(call, 110);
        return;
      }
    }
    member.heardAt = this.#runtime.now();
    const changed =
      body.subscribedTopicNames !== undefined && String(body.subscribedTopicNames) !== String(member.topics);
    member.topics = body.subscribedTopicNames ?? member.topics;
    member.rebalanceTimeoutMs = body.rebalanceTimeoutMs ?? member.rebalanceTimeoutMs;
    if (changed) this.#bump();
    const before = [...member.assigned].sort().join();
    this.#reconcile(member, owned ?? null);
    const full =
      body.rebalanceTimeoutMs !== undefined && owned !== undefined && body.subscribedTopicNames !== undefined;
    const tells = full || before !== [...member.assigned].sort().join();
    call.reply({
      errorCode: 0,
      memberId,
      memberEpoch: member.epoch,
      heartbeatIntervalMs: 1000,
      assignment: tells ? { topicPartitions: grouped(member.assigned) } : null,
    });
  }

  #reconcile(member: BrokerMember, owned: readonly string[] | null): void {
    if (member.state === 'stable' && member.epoch === this.epoch) return;
    if (member.state === 'unrevoked' && owns(owned, member.revoking)) return;
    const target = this.target.get(member.id) ?? new Set<string>();
    const kept = new Set([...member.assigned].filter((tp) => target.has(tp)));
    const surplus = new Set([...member.assigned].filter((tp) => !target.has(tp)));
    if (surplus.size > 0 && owns(owned, surplus)) {
      member.state = 'unrevoked';
      member.assigned = kept;
      member.revoking = surplus;
      member.deadline = this.#runtime.now() + member.rebalanceTimeoutMs;
      return;
    }
    member.revoking = new Set();
    const missing = [...target].filter((tp) => !member.assigned.has(tp));
    const free = missing.filter((tp) => this.#isFree(tp, member));
    member.assigned = new Set([...kept, ...free]);
    member.state = free.length < missing.length ? 'unreleased' : 'stable';
    if (member.epoch !== this.epoch) {
      member.previousEpoch = member.epoch;
      member.epoch = this.epoch;
    }
  }

  #isFree(tp: string, by: BrokerMember): boolean {
    for (const member of this.members.values())
      if (member !== by && (member.assigned.has(tp) || member.revoking.has(tp))) return false;
    return true;
  }

  #remove(id: string): void {
    if (this.members.delete(id)) this.#bump();
  }

  /** A target that moves much, so that there is something to hand over. */
  #bump(): void {
    this.epoch++;
    this.target = new Map([...this.members.keys()].map((id) => [id, new Set<string>()]));
    let turn = this.epoch;
    for (const [topic, count] of this.topics) {
      const readers = [...this.members.values()].filter(({ topics }) => topics.includes(topic));
      for (let partition = 0; partition < count && readers.length > 0; partition++)
        this.target.get(readers[(partition + turn) % readers.length]!.id)!.add(`${topic}-${partition}`);
      turn++;
    }
  }

  #commit(call: Call): void {
    const { memberId, generationIdOrMemberEpoch, topics } = call.body as {
      memberId: string;
      generationIdOrMemberEpoch: number;
      topics: { name: string; partitions: { partitionIndex: number }[] }[];
    };
    const member = this.members.get(memberId);
    const errorCode = member === undefined ? 25 : member.epoch === generationIdOrMemberEpoch ? 0 : 113;
    if (errorCode === 0) this.commits++;
    call.reply({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    });
  }

  #answer(call: Call, errorCode: number): void {
    call.reply({
      errorCode,
      errorMessage: null,
      memberId: null,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
      assignment: null,
    });
  }
}

function owns(owned: readonly string[] | null, partitions: ReadonlySet<string>): boolean {
  return owned === null || owned.some((tp) => partitions.has(tp));
}

function grouped(names: ReadonlySet<string>): { topicId: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const name of names) {
    const at = name.lastIndexOf('-');
    const list = topics.get(name.slice(0, at)) ?? [];
    topics.set(name.slice(0, at), list);
    list.push(Number(name.slice(at + 1)));
  }
  return [...topics].map(([topic, partitions]) => ({ topicId: `id-${topic}`, partitions }));
}
