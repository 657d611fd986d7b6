import { type CallOptions } from '../../cluster/channel-pool.js';
import { type Cluster } from '../../cluster/cluster.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type Runtime } from '../../model/runtime.js';
import { type Api } from '../../protocol/api.js';
import { type Body, type GroupPort } from './group-port.js';

/** A group that only stores offsets: partitions are chosen by the consumer itself. */
export class ManualGroup implements GroupPort {
  readonly runtime: Runtime;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  constructor(cluster: Cluster, _options: { readonly groupId: string; readonly requestTimeoutMs: number }) {
    this.runtime = cluster.runtime;
    this.backoff = { initialMs: cluster.options.retryBackoffMs, maxMs: cluster.options.retryBackoffMaxMs };
  }
  readonly commitReady: boolean = true;
  identity(): GroupMetadata {
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
  close(): void {
    throw new Error('not yet');
  }
}
