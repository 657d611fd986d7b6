import { type JoinGroupRequest } from '../../../protocol/messages/join-group.js';
import { code, none } from '../codes.js';
import { joinRefusal, syncRefusal } from './classic-answers.js';
import { type ClassicMember } from './classic-member.js';

const unknownMember = code('UNKNOWN_MEMBER_ID');
const fencedInstance = code('FENCED_INSTANCE_ID');

/** The members of a classic group, and what follows from all of them together. @internal */
export class ClassicMembers {
  readonly #members = new Map<string, ClassicMember>();

  get size(): number {
    return this.#members.size;
  }

  get all(): readonly ClassicMember[] {
    return [...this.#members.values()];
  }

  get allJoined(): boolean {
    return this.all.every(({ joining }) => joining !== null);
  }

  /** Milliseconds; the longest of them counts for the group. */
  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...this.all.map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs));
  }

  get(id: string): ClassicMember | undefined {
    return this.#members.get(id);
  }

  static(instanceId: string): ClassicMember | undefined {
    return this.all.find((member) => member.instanceId === instanceId);
  }

  add(member: ClassicMember): void {
    this.#members.set(member.id, member);
  }

  delete(id: string): void {
    this.#members.delete(id);
  }

  clear(): void {
    this.#members.clear();
  }

  /** Answers every JoinGroup and SyncGroup that waits. */
  refuseWaiting(errorCode: number): void {
    for (const member of this.all) {
      member.answerJoin(joinRefusal(errorCode, member.id));
      member.answerSync(syncRefusal(errorCode));
    }
  }

  /** Whether the id is known, and for a static member still the one of its instance. */
  validate(id: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const member = this.static(instanceId);
      if (member === undefined) return unknownMember;
      if (member.id !== id) return fencedInstance;
    }
    return this.#members.has(id) ? none : unknownMember;
  }

  /** Whether who asks to join shares a protocol with all of them. */
  supports({ protocolType, protocols }: JoinGroupRequest, groupType: string | null): boolean {
    if (protocolType === '' || protocols.length === 0) return false;
    if (this.size === 0) return true;
    return protocolType === groupType && protocols.some(({ name }) => this.#isCommon(name));
  }

  /** Every member votes for the first of its protocols that all have; most votes win. */
  chooseProtocol(): string | null {
    const votes = new Map<string, number>();
    for (const { protocols } of this.all) {
      const first = protocols.find(({ name }) => this.#isCommon(name))?.name;
      if (first !== undefined) votes.set(first, (votes.get(first) ?? 0) + 1);
    }
    let best: string | null = null;
    for (const [name, count] of votes) if (best === null || count > votes.get(best)!) best = name;
    return best;
  }

  #isCommon(protocol: string): boolean {
    return this.all.every(({ protocols }) => protocols.some(({ name }) => name === protocol));
  }
}
