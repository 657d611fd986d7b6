import { type Body, type CallOptions, type ChannelPool } from '../../cluster/channel-pool.js';
import { type Cluster } from '../../cluster/cluster.js';
import { ConnectionError } from '../../errors/connection-error.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type Api } from '../../protocol/api.js';

/** `join`: JoinGroup and SyncGroup, which the broker holds for seconds. `group`: everything that must not wait behind them. */
export type LinkName = 'join' | 'group';

/** The two connections of one consumer to the coordinator of its group; opened on first use, moved when the coordinator moves. */
export class GroupLink {
  readonly #cluster: Cluster;
  readonly #groupId: string;
  readonly #pools: Map<LinkName, ChannelPool> = new Map<LinkName, ChannelPool>();

  constructor(cluster: Cluster, groupId: string) {
    this.#cluster = cluster;
    this.#groupId = groupId;
  }

  /**
   * Looks the coordinator up (which goes on until it is found, or refused for good) and calls it once. The time in `options`
   * runs from the call on, not from the look-up.
   */
  call<Req, Res>(name: LinkName, api: Api<Req, Res>, body: Body<Req>, options: CallOptions, done: Done<Res>): Cancel {
    let cancelled = false;
    let cancelCall: Cancel | null = null;
    const cancelFind = this.#cluster.coordinator('group', this.#groupId, (error, nodeId) => {
      if (cancelled) return;
      if (nodeId === null) {
        done(error, null);
        return;
      }
      const answer: Done<Res> = (failure, response) => {
        if (cancelled) return;
        if (isTransport(failure)) this.forget(nodeId);
        done(failure, response);
      };
      cancelCall = this.#pool(name).broker(nodeId).call(api, body, options, answer);
    });
    return () => {
      cancelled = true;
      cancelFind();
      cancelCall?.();
    };
  }

  /** @param nodeId - forgets it only while it is still taken for the coordinator */
  forget(nodeId?: number): void {
    this.#cluster.forgetCoordinator('group', this.#groupId, nodeId);
  }

  /** Breaks what the coordinator holds for us there; the next call dials again. */
  drop(name: LinkName): void {
    this.#pools.get(name)?.close();
    this.#pools.delete(name);
  }

  close(): void {
    this.drop('join');
    this.drop('group');
  }

  #pool(name: LinkName): ChannelPool {
    let pool = this.#pools.get(name);
    if (pool === undefined) this.#pools.set(name, (pool = this.#cluster.channels(name)));
    return pool;
  }
}

/** The bytes did not get through: nothing is known about what the broker did, another try may reach it. */
export function isTransport(error: KafkaError | null): boolean {
  return error instanceof ConnectionError;
}
