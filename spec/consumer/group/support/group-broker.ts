import type { FakeRuntime } from '../../../producer/support/fake-runtime.js';
import type { Call } from './scripted-cluster.js';

interface BrokerMember {
  readonly id: string;
  readonly instanceId: string | null;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: { name: string; metadata: Uint8Array }[];
  join: Call | null;
  sync: Call | null;
  assignment: Uint8Array;
  heardAt: number;
}

const none = new Uint8Array(0);

/** The classic group coordinator of a broker, for one group, as far as members can tell; written from the outside. */
export class GroupBroker {
  state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty';
  generation = 0;
  rebalances = 0;
  /** Committed offsets by `topic-partition`. */
  readonly stored: Map<string, number> = new Map<string, number>();
  readonly members: Map<string, BrokerMember> = new Map<string, BrokerMember>();
  /** Called for each accepted offset. */
  onCommit: (memberId: string, topic: string, partition: number, offset: number) => void = () => undefined;
  readonly #runtime: FakeRuntime;
  readonly #pending: Set<string> = new Set<string>();
  #leader = '';
  #ids = 0;
  #deadline = 0;

  constructor(runtime: FakeRuntime) {
    this.#runtime = runtime;
  }

  handle(call: Call): void {
    switch (call.api) {
      case 'JoinGroup':
        this.#join(call);
        break;
      case 'SyncGroup':
        this.#sync(call);
        break;
      case 'Heartbeat': {
        const { memberId, generationId } = call.body as { memberId: string; generationId: number };
        call.reply({ errorCode: this.#check(memberId, generationId) || (this.state === 'preparing' ? 27 : 0) });
        break;
      }
      case 'OffsetCommit':
        this.#commit(call);
        break;
      case 'OffsetFetch':
        this.#offsets(call);
        break;
      case 'LeaveGroup':
        for (const { memberId } of (call.body as { members: { memberId: string }[] }).members) this.#remove(memberId);
        call.reply({ errorCode: 0, members: [] });
        break;
      default:
        throw new Error(`no ${call.api} here`);
    }
  }

  /** Once in a while: expiry of sessions and rebalances. */
  tick(): void {
    const now = this.#runtime.now();
    for (const member of [...this.members.values()]) {
      const held = member.join?.open === true || member.sync?.open === true;
      if (!held && now - member.heardAt > member.sessionTimeoutMs) this.#remove(member.id);
    }
    if (this.state === 'preparing') this.#complete(now >= this.#deadline);
    else if (this.state === 'completing' && now >= this.#deadline) {
      for (const member of [...this.members.values()]) if (member.sync === null) this.#remove(member.id);
    }
  }

  /** Another broker takes over: what it held is answered, nothing is forgotten. */
  move(): void {
    for (const member of this.members.values()) {
      member.join?.reply({ errorCode: 16, members: [], memberId: '' });
      member.sync?.reply({ errorCode: 16, assignment: none });
      member.join = null;
      member.sync = null;
      member.heardAt = this.#runtime.now();
    }
    if (this.members.size > 0) this.#prepare();
  }

  #join(call: Call): void {
    const body = call.body as {
      memberId: string;
      groupInstanceId: string | null;
      sessionTimeoutMs: number;
      rebalanceTimeoutMs: number;
      protocols: BrokerMember['protocols'];
    };
    if (body.memberId === '') {
      const id = `member-${++this.#ids}`;
      this.#pending.add(id);
      call.reply({ errorCode: 79, memberId: id, members: [] });
      return;
    }
    let member = this.members.get(body.memberId);
    if (member === undefined) {
      if (!this.#pending.delete(body.memberId)) {
        call.reply({ errorCode: 25, memberId: '', members: [] });
        return;
      }
      member = {
        id: body.memberId,
        instanceId: body.groupInstanceId,
        sessionTimeoutMs: 0,
        rebalanceTimeoutMs: 0,
        protocols: [],
        join: null,
        sync: null,
        assignment: none,
        heardAt: 0,
      };
      this.members.set(member.id, member);
    } else if (this.state === 'stable' && member.id !== this.#leader && same(member.protocols, body.protocols)) {
      member.heardAt = this.#runtime.now();
      this.#answerJoin(member, call);
      return;
    }
    member.sessionTimeoutMs = body.sessionTimeoutMs;
    member.rebalanceTimeoutMs = body.rebalanceTimeoutMs;
    member.protocols = body.protocols;
    member.heardAt = this.#runtime.now();
    member.join = call;
    if (this.state !== 'preparing') this.#prepare();
    this.#complete(false);
  }

  #prepare(): void {
    this.rebalances++;
    for (const member of this.members.values()) {
      member.sync?.reply({ errorCode: 27, assignment: none });
      member.sync = null;
    }
    this.state = 'preparing';
    const longest = Math.max(...[...this.members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs));
    this.#deadline = this.#runtime.now() + longest;
  }

  #complete(expel: boolean): void {
    if (this.state !== 'preparing') return;
    for (const member of [...this.members.values()]) {
      if (member.join?.open === true) continue;
      if (!expel) return;
      this.members.delete(member.id);
    }
    if (this.members.size === 0) {
      this.state = 'empty';
      return;
    }
    this.generation++;
    this.state = 'completing';
    this.#deadline = this.#runtime.now() + 60_000;
    if (!this.members.has(this.#leader)) this.#leader = [...this.members.keys()][0]!;
    for (const member of this.members.values()) {
      const call = member.join!;
      member.join = null;
      member.assignment = none;
      member.heardAt = this.#runtime.now();
      this.#answerJoin(member, call);
    }
  }

  #answerJoin(member: BrokerMember, call: Call): void {
    const all = [...this.members.values()];
    const common = all[0]!.protocols.find(({ name }) => all.every((m) => m.protocols.some((p) => p.name === name)))!;
    const members = all.map((m) => ({
      memberId: m.id,
      groupInstanceId: m.instanceId,
      metadata: m.protocols.find(({ name }) => name === common.name)!.metadata,
    }));
    call.reply({
      errorCode: 0,
      generationId: this.generation,
      protocolType: 'consumer',
      protocolName: common.name,
      leader: this.#leader,
      skipAssignment: false,
      memberId: member.id,
      members: member.id === this.#leader ? members : [],
    });
  }

  #sync(call: Call): void {
    const { memberId, generationId, assignments } = call.body as {
      memberId: string;
      generationId: number;
      assignments: { memberId: string; assignment: Uint8Array }[];
    };
    const refused = this.#check(memberId, generationId) || (this.state === 'preparing' ? 27 : 0);
    if (refused !== 0) {
      call.reply({ errorCode: refused, assignment: none });
      return;
    }
    const member = this.members.get(memberId)!;
    if (this.state === 'stable') {
      call.reply({ errorCode: 0, assignment: member.assignment });
      return;
    }
    member.sync = call;
    if (memberId !== this.#leader) return;
    for (const { memberId: id, assignment } of assignments) this.members.get(id)!.assignment = assignment;
    this.state = 'stable';
    for (const one of this.members.values()) {
      one.sync?.reply({ errorCode: 0, assignment: one.assignment });
      one.sync = null;
      one.heardAt = this.#runtime.now();
    }
  }

  #commit(call: Call): void {
    const { memberId, generationIdOrMemberEpoch, topics } = call.body as {
      memberId: string;
      generationIdOrMemberEpoch: number;
      topics: { name: string; partitions: { partitionIndex: number; committedOffset: number }[] }[];
    };
    const errorCode = this.#check(memberId, generationIdOrMemberEpoch) || (this.state === 'completing' ? 27 : 0);
    call.reply({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, committedOffset }) => {
          if (errorCode === 0) {
            this.stored.set(`${name}-${partitionIndex}`, committedOffset);
            this.onCommit(memberId, name, partitionIndex, committedOffset);
          }
          return { partitionIndex, errorCode };
        }),
      })),
    });
  }

  #offsets(call: Call): void {
    const { groups } = call.body as {
      groups: { groupId: string; topics: { name: string; partitionIndexes: number[] }[] }[];
    };
    const answers = groups.map(({ groupId, topics }) => ({
      groupId,
      errorCode: 0,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: this.stored.get(`${name}-${partitionIndex}`) ?? -1,
          committedLeaderEpoch: -1,
          metadata: '',
          errorCode: 0,
        })),
      })),
    }));
    call.reply({ groups: answers, topics: [], errorCode: 0 });
  }

  #check(memberId: string, generation: number): number {
    const member = this.members.get(memberId);
    if (member === undefined) return 25;
    member.heardAt = this.#runtime.now();
    return generation === this.generation ? 0 : 22;
  }

  #remove(memberId: string): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    this.members.delete(memberId);
    member.join?.reply({ errorCode: 25, memberId: '', members: [] });
    member.sync?.reply({ errorCode: 25, assignment: none });
    if (this.members.size === 0) this.state = 'empty';
    else if (this.state === 'preparing') this.#complete(false);
    else this.#prepare();
  }
}

function same(left: BrokerMember['protocols'], right: BrokerMember['protocols']): boolean {
  const flat = (list: BrokerMember['protocols']): string =>
    list.map(({ name, metadata }) => `${name}:${Buffer.from(metadata).toString('hex')}`).join();
  return flat(left) === flat(right);
}
