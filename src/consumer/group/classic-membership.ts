import { type Cluster } from '../../cluster/cluster.js';
import { type CallOptions } from '../../cluster/channel-pool.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type Runtime } from '../../model/runtime.js';
import { type Api } from '../../protocol/api.js';
import { type GroupOptions } from './group-options.js';
import { type Body, type GroupPort } from './group-port.js';
import { type MembershipHost } from './membership-host.js';

export type MembershipState = 'idle' | 'joining' | 'stable' | 'rebalancing' | 'leaving' | 'failed';

/** A member of a classic group. */
export class ClassicMembership implements GroupPort {
  readonly runtime: Runtime;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  constructor(cluster: Cluster, _options: GroupOptions, _host: MembershipHost) {
    this.runtime = cluster.runtime;
    this.backoff = { initialMs: cluster.options.retryBackoffMs, maxMs: cluster.options.retryBackoffMaxMs };
  }
  get state(): MembershipState {
    throw new Error('not yet');
  }
  /** Joins; the topics replace the earlier ones and make a joined member join again. */
  subscribe(_topics: readonly string[]): void {
    throw new Error('not yet');
  }
  rejoin(_reason: string): void {
    throw new Error('not yet');
  }
  identity(): GroupMetadata {
    throw new Error('not yet');
  }
  /** After the drain: LeaveGroup unless static (or `leaveGroup: true`); afterwards `subscribe` may join again. */
  leave(_options: { leaveGroup: boolean | undefined }, _done: () => void): void {
    throw new Error('not yet');
  }
  /** Gives the connections up; nothing is called afterwards. */
  close(): void {
    throw new Error('not yet');
  }
  get commitReady(): boolean {
    throw new Error('not yet');
  }
  onChange(_listener: () => void): Cancel {
    throw new Error('not yet');
  }
  groupCall<Req, Res>(_api: Api<Req, Res>, _body: Body<Req>, _done: Done<Res>, _options?: CallOptions): Cancel {
    throw new Error('not yet');
  }
  forgetCoordinator(): void {
    throw new Error('not yet');
  }
  refused(_errorCode: number, _identity: GroupMetadata): void {
    throw new Error('not yet');
  }
}
