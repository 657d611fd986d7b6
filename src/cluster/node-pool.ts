import { Channel, type ChannelHost } from './channel.js';
import { type ChannelPool } from './channel-pool.js';

/** A pool whose channels are made when they are first asked for. */
export class NodePool implements ChannelPool {
  readonly #host: ChannelHost;
  readonly #onClosed: (pool: NodePool) => void;
  readonly #channels: Map<number, Channel> = new Map<number, Channel>();
  #closed = false;

  constructor(host: ChannelHost, onClosed: (pool: NodePool) => void) {
    this.#host = host;
    this.#onClosed = onClosed;
  }

  broker(nodeId: number): Channel {
    let channel = this.#channels.get(nodeId);
    if (channel === undefined) {
      channel = new Channel(nodeId, this.#host);
      if (this.#closed) channel.close();
      else this.#channels.set(nodeId, channel);
    }
    return channel;
  }

  /** The channel if there is one already. */
  peek(nodeId: number): Channel | undefined {
    return this.#channels.get(nodeId);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    this.#onClosed(this);
  }
}
