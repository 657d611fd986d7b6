import { ClassicMembership } from '../../../../src/consumer/group/classic-membership.js';
import { cooperativeSticky } from '../../../../src/consumer/group/assignors/cooperative-sticky.js';
import type { GroupOptions } from '../../../../src/consumer/group/group-options.js';
import {
  decodeSubscription,
  encodeAssignment,
  type Subscription,
} from '../../../../src/consumer/group/subscription-codec.js';
import { CheckingHost, text, tps } from './checking-host.js';
import type { Call } from './scripted-cluster.js';
import { ScriptedCluster } from './scripted-cluster.js';

export const groupOptions: GroupOptions = {
  groupId: 'g',
  groupInstanceId: null,
  assignors: [cooperativeSticky],
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 3000,
  rebalanceTimeoutMs: 60_000,
  drainTimeoutMs: 30_000,
  requestTimeoutMs: 30_000,
  clientRack: '',
};

/** One member on a scripted coordinator. */
export class Member {
  readonly cluster: ScriptedCluster;
  readonly host: CheckingHost = new CheckingHost();
  readonly membership: ClassicMembership;
  readonly options: GroupOptions;

  constructor(options: Partial<GroupOptions> = {}) {
    this.options = { ...groupOptions, ...options };
    this.cluster = new ScriptedCluster();
    this.cluster.topic('t', 4);
    this.host.schedule = (work, ms) => this.cluster.runtime.scheduler.schedule(work, ms);
    this.membership = new ClassicMembership(this.cluster.cluster, this.options, this.host);
  }

  advance(ms = 0): void {
    this.cluster.advance(ms);
  }

  /** The open JoinGroup, and what it says. */
  get join(): Call {
    return this.cluster.only('JoinGroup');
  }

  get subscription(): Subscription {
    return subscriptionOf(this.join);
  }

  /** Answers the open JoinGroup; the member is a follower unless told otherwise. */
  joined(generation: number, more: object = {}): void {
    this.join.reply({ ...joinResponse(this.join, generation), ...more });
    this.advance();
  }

  synced(assignment: string): void {
    this.cluster.only('SyncGroup').reply({ errorCode: 0, assignment: encodeAssignment(tps(assignment)) });
    this.advance();
  }

  /** From outside to stable in one go. */
  enter(assignment: string, generation = 1): this {
    this.membership.subscribe(['t']);
    this.advance();
    this.join.reply({ errorCode: 79, memberId: 'm1', members: [] });
    this.advance();
    this.joined(generation);
    this.synced(assignment);
    this.host.take();
    return this;
  }

  heartbeat(errorCode: number): void {
    this.advance(this.options.heartbeatIntervalMs);
    this.cluster.only('Heartbeat').reply({ errorCode });
    this.advance();
  }

  /** Answers heartbeats as they come. */
  beats(errorCode = 0): void {
    this.cluster.broker = (call) => {
      if (call.api === 'Heartbeat') call.reply({ errorCode });
    };
    for (const call of this.cluster.open('Heartbeat')) call.reply({ errorCode });
  }
}

export function subscriptionOf(call: Call, protocol = 0): Subscription {
  return decodeSubscription((call.body as { protocols: { metadata: Uint8Array }[] }).protocols[protocol]!.metadata);
}

export function ownedIn(call: Call): string {
  return text(subscriptionOf(call).owned);
}

/** A follower's answer. */
export function joinResponse(call: Call, generationId: number): object {
  const { memberId, protocols } = call.body as { memberId: string; protocols: { name: string }[] };
  return {
    errorCode: 0,
    generationId,
    protocolType: 'consumer',
    protocolName: protocols[0]!.name,
    leader: 'other',
    skipAssignment: false,
    memberId: memberId === '' ? 'm1' : memberId,
    members: [],
  };
}

/** What a leader is told of itself and others. */
export function leads(call: Call, others: readonly { memberId: string; metadata: Uint8Array }[] = []): object {
  const { memberId, protocols } = call.body as { memberId: string; protocols: { metadata: Uint8Array }[] };
  const own = { memberId, groupInstanceId: null, metadata: protocols[0]!.metadata };
  return { leader: memberId, members: [own, ...others.map((other) => ({ groupInstanceId: null, ...other }))] };
}
