import { type Body, type CallOptions } from '../../cluster/channel-pool.js';
import { type Cluster } from '../../cluster/cluster.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type Runtime } from '../../model/runtime.js';
import { type Api } from '../../protocol/api.js';
import { GroupLink } from './group-link.js';
import { type GroupPort } from './group-port.js';

/** A group that only stores offsets: the consumer chooses its partitions itself and is no member. */
export class ManualGroup implements GroupPort {
  readonly runtime: Runtime;
  readonly backoff: GroupPort['backoff'];
  readonly commitReady: boolean = true;
  readonly #link: GroupLink;
  readonly #identity: GroupMetadata;
  readonly #requestTimeoutMs: number;

  constructor(cluster: Cluster, options: { readonly groupId: string; readonly requestTimeoutMs: number }) {
    this.runtime = cluster.runtime;
    const { retryBackoffMs, retryBackoffMaxMs } = cluster.options;
    this.backoff = { initialMs: retryBackoffMs, maxMs: retryBackoffMaxMs };
    this.#link = new GroupLink(cluster, options.groupId);
    this.#identity = { groupId: options.groupId, generation: -1, memberId: '', groupInstanceId: null };
    this.#requestTimeoutMs = options.requestTimeoutMs;
  }

  identity(): GroupMetadata {
    return this.#identity;
  }

  onChange(): Cancel {
    return () => undefined;
  }

  groupCall<Req, Res>(api: Api<Req, Res>, body: Body<Req>, done: Done<Res>, options: CallOptions = {}): Cancel {
    return this.#link.call('group', api, body, { timeoutMs: this.#requestTimeoutMs, ...options }, done);
  }

  forgetCoordinator(): void {
    this.#link.forget();
  }

  /** There is no membership that could react; the commit itself is answered as refused. */
  refused(): void {
    // nothing
  }

  close(): void {
    this.#link.close();
  }
}
