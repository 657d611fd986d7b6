import { type JoinGroupRequest, type JoinGroupResponse } from '../../../protocol/messages/join-group.js';
import { type SyncGroupResponse } from '../../../protocol/messages/sync-group.js';
import { type Timer } from '../../../runtime/timer.js';
import { type Answer } from '../call.js';

/** What a JoinGroup request says of its member. @internal */
export type ClassicFacts = Pick<
  JoinGroupRequest,
  'groupInstanceId' | 'protocolType' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs' | 'protocols'
>;

/** A member as it stood in a group of the other kind. @internal */
export interface FormerMember extends ClassicFacts {
  readonly id: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly assignment: Uint8Array;
}

/** A member that has never been in a generation is given up after this long (group coordinator, newMemberJoinTimeout). @internal */
export const newMemberTimeoutMs = 300000;

/** A member of a classic group. @internal */
export class ClassicMember {
  id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  sessionTimeoutMs = 0;
  rebalanceTimeoutMs = 0;
  protocols: JoinGroupRequest['protocols'] = [];
  assignment: Uint8Array = new Uint8Array(0);
  /** A JoinGroup that waits for the others. */
  joining: Answer<JoinGroupResponse> | null = null;
  /** A SyncGroup that waits for the leader. */
  syncing: Answer<SyncGroupResponse> | null = null;
  /** Has not been in a generation yet: it may expire while it waits for one. */
  isNew = true;
  readonly session: Timer;

  constructor(id: string, request: ClassicFacts, clientId: string, clientHost: string, session: Timer) {
    this.id = id;
    this.instanceId = request.groupInstanceId;
    this.clientId = clientId;
    this.clientHost = clientHost;
    this.protocolType = request.protocolType;
    this.session = session;
    this.update(request);
  }

  update(request: ClassicFacts): void {
    this.sessionTimeoutMs = request.sessionTimeoutMs;
    // v0 has no rebalance timeout, the session's counts
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs;
    this.protocols = request.protocols.map(({ name, metadata }) => ({ name, metadata: Uint8Array.from(metadata) }));
  }

  /** Joins again; an earlier JoinGroup of the same member has nobody left who waits for it. */
  rejoin(request: JoinGroupRequest, answer: Answer<JoinGroupResponse>): void {
    this.update(request);
    this.joining = answer;
  }

  /** How it stands now; calling the result puts it back. */
  snapshot(): () => ClassicMember {
    const { id, sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment } = this;
    return () => Object.assign(this, { id, sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment });
  }

  /** Whether it proposes the same protocols with the same bytes. */
  matches(protocols: JoinGroupRequest['protocols']): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, at) => {
        const mine = this.protocols[at]!;
        return mine.name === name && sameBytes(mine.metadata, metadata);
      })
    );
  }

  metadataFor(protocol: string | null): Uint8Array {
    return this.protocols.find(({ name }) => name === protocol)?.metadata ?? new Uint8Array(0);
  }

  answerJoin(response: Parameters<Answer<JoinGroupResponse>>[0]): void {
    const { joining } = this;
    this.joining = null;
    joining?.(response);
  }

  answerSync(response: Parameters<Answer<SyncGroupResponse>>[0]): boolean {
    const { syncing } = this;
    this.syncing = null;
    syncing?.(response);
    return syncing !== null;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
