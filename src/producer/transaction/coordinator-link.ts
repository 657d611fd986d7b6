import { type Body, type CallOptions, type ChannelPool } from '../../cluster/channel-pool.js';
import { type Cluster } from '../../cluster/cluster.js';
import { ConnectionError } from '../../errors/connection-error.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type Cancel } from '../../model/done.js';
import { type Api } from '../../protocol/api.js';

/** Whom a request goes to: the coordinator of a transactional id or of a group. */
export interface CoordinatorKey {
  readonly type: 'transaction' | 'group';
  readonly key: string;
}

/** @param nodeId - who was asked, null when no coordinator was found */
export type LinkReply<Res> = (error: KafkaError | null, response: Res | null, nodeId: number | null) => void;

/**
 * The connections of one slot to coordinators: one to that of its transactional id, one per group coordinator. Opened on first
 * use, moved when a coordinator moves.
 */
export class CoordinatorLink {
  readonly #cluster: Cluster;
  readonly #pools: Map<string, ChannelPool> = new Map<string, ChannelPool>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Calls the coordinator once, looked up before if it is not known: that goes on until it is found, or refused for good. The reply
   * comes never in the stack of this call.
   */
  call<Req, Res>(
    to: CoordinatorKey,
    api: Api<Req, Res>,
    body: Body<Req>,
    options: CallOptions,
    reply: LinkReply<Res>,
  ): Cancel {
    const ask = (nodeId: number): Cancel => {
      const channel = this.#pool(to.type).broker(nodeId);
      return channel.call(api, body, options, (failure, response) => {
        // the bytes did not get through: nobody knows what that broker did, nor whether it is still the coordinator
        if (failure instanceof ConnectionError) this.forget(to, nodeId);
        reply(failure, response, nodeId);
      });
    };
    const known = this.#cluster.knownCoordinator(to.type, to.key);
    if (known !== null) return ask(known);
    let cancelled = false;
    let cancelCall: Cancel | null = null;
    const cancelFind = this.#cluster.coordinator(to.type, to.key, (error, nodeId) => {
      if (cancelled) return;
      if (nodeId === null) reply(error, null, null);
      else cancelCall = ask(nodeId);
    });
    return () => {
      cancelled = true;
      cancelFind();
      cancelCall?.();
    };
  }

  /** Forgets it while this node is still taken for the coordinator. */
  forget(to: CoordinatorKey, nodeId: number): void {
    this.#cluster.forgetCoordinator(to.type, to.key, nodeId);
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  #pool(type: CoordinatorKey['type']): ChannelPool {
    let pool = this.#pools.get(type);
    if (pool === undefined) this.#pools.set(type, (pool = this.#cluster.channels(`${type} coordinator`)));
    return pool;
  }
}
