import { type ConsumerEvent, type RecordMetadata } from '../../src/index.js';
import { type InterceptedRequest } from '../../src/testing/broker/controls/control-table.js';
import { type GroupMember } from './workload/group-member.js';
import { type SentRecord } from './workload/sent-record.js';
import { type SentRequest, type WireTap } from './wire-tap.js';

/** A record as a member got it. */
export interface Delivered {
  readonly member: GroupMember;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** Something that must be true, and what it looks at to know. Each has a file of its own. */
export interface Invariant {
  readonly name: string;
  /** Leaves a process. */
  sent?(request: SentRequest, tap: WireTap): void;
  /** Was held by the network and reaches the broker only now. */
  late?(request: SentRequest, tap: WireTap): void;
  /** Is about to be handled by a broker. */
  arrived?(request: InterceptedRequest): void;
  wrote?(record: SentRecord, metadata: RecordMetadata): void;
  delivered?(record: Delivered): void;
  /** A lease ended: as the workload settled it, or because the client fenced it. */
  settled?(record: Delivered, how: 'acked' | 'released' | 'fenced'): void;
  /** The stream of a partition was subscribed again, or the user sought: what comes next may lie before what came last. */
  restarted?(member: GroupMember, topic: string, partition: number): void;
  told?(member: GroupMember, event: ConsumerEvent): void;
  /** What has to happen before everything has caught up. */
  waitsFor?(): readonly string[];
  /** Everything has caught up, nothing is closed yet. */
  finish?(): void;
  /** Everything was closed. */
  closed?(): void;
}
