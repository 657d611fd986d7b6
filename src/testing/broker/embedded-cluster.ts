import { nodeRuntime } from '../../runtime/node/node-runtime.js';
import { apiHandlers } from './api-handlers.js';
import { ClusterControls } from './cluster-controls.js';
import { type ClusterOptions, clusterSettings } from './cluster-options.js';
import { ClusterState } from './cluster-state.js';
import { BrokerConnection } from './wire/broker-connection.js';
import { TcpListener } from './wire/tcp-listener.js';

/** Options of {@link EmbeddedCluster.start}. @public */
export interface EmbeddedOptions extends ClusterOptions {
  /** Port of the first broker, the others follow it; 0 for free ones. @defaultValue 0 */
  readonly port?: number | undefined;
}

/** A port that is being opened again. */
interface Opening {
  /** Nobody killed the broker since. */
  wanted: boolean;
  readonly done: Promise<void>;
}

/**
 * A Kafka cluster in this process that listens on loopback ports, for any Kafka client. Nothing is stored: it ends with
 * `close`.
 *
 * @example
 * ```ts
 * const cluster = await EmbeddedCluster.start({ brokers: 3 });
 * const kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers });
 * // ...
 * await cluster.close();
 * ```
 * @public
 */
export class EmbeddedCluster extends ClusterControls {
  readonly #listeners = new Map<number, TcpListener>();
  /** Brokers that were down, are to run again and do not listen yet. */
  readonly #opening = new Map<number, Opening>();
  #closing = false;

  private constructor(state: ClusterState) {
    super(state);
  }

  /** Resolves when every broker listens. @throws TypeError for an option that does not exist, or makes no sense */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedCluster> {
    const settings = clusterSettings(options, ['port']);
    const first = options.port ?? 0;
    const state = new ClusterState(nodeRuntime(), settings, (id) => ({
      host: '127.0.0.1',
      port: first === 0 ? 0 : first + id - 1,
    }));
    const cluster = new EmbeddedCluster(state);
    try {
      for (const broker of state.brokers.values()) {
        const listener = new TcpListener(
          (peer, clientHost) =>
            broker.state === 'down' ? null : new BrokerConnection(state, broker, apiHandlers, peer, clientHost),
          broker.port,
        );
        cluster.#listeners.set(broker.id, listener);
        await listening(listener);
        broker.port = listener.port;
        broker.onState((now) => {
          if (now === 'down' && !cluster.#closing) listener.break();
        });
      }
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** As on any cluster, and a start that is under way comes to nothing. */
  override killBroker(id: number): void {
    this.#abandon(id);
    super.killBroker(id);
  }

  /** As on any cluster, and a start that is under way comes to nothing. */
  override stopBroker(id: number): void {
    this.#abandon(id);
    super.stopBroker(id);
  }

  /**
   * Starts a broker that is down, on the port it had, or lets a paused one run on. A broker that was down runs a moment later, when
   * it listens; {@link EmbeddedCluster.restartBroker} tells when.
   */
  override startBroker(id: number): void {
    // a port that is taken by somebody else is told by restartBroker alone; the broker stays down
    this.#start(id).catch(() => undefined);
  }

  /**
   * Starts a broker that is down, on the port it had, or lets a paused one run on; resolves when it can be reached, or was killed
   * again meanwhile. @throws Error when its port is taken
   */
  async restartBroker(id: number): Promise<void> {
    await this.#start(id);
  }

  /**
   * A broker runs before or after its port is opened, never halfway: down -> opening -> running. Asked again while the port is
   * opened, it is opened once; the last of start and kill decides what becomes of it. A cluster that is closed starts nothing.
   */
  #start(id: number): Promise<void> {
    const isDown = this.brokerState(id) === 'down';
    const listener = this.#listeners.get(id);
    if (this.#closing) return Promise.resolve();
    if (!isDown || listener === undefined) {
      super.startBroker(id);
      return Promise.resolve();
    }
    const under = this.#opening.get(id);
    if (under !== undefined) {
      under.wanted = true;
      return under.done;
    }
    const opening: Opening = { wanted: true, done: this.#open(id, listener) };
    this.#opening.set(id, opening);
    return opening.done;
  }

  async #open(id: number, listener: TcpListener): Promise<void> {
    let wanted = false;
    try {
      await listening(listener);
      wanted = this.#opening.get(id)!.wanted;
    } finally {
      this.#opening.delete(id);
    }
    // close() ends the listener itself
    if (this.#closing) return;
    if (wanted) super.startBroker(id);
    else listener.break();
  }

  #abandon(id: number): void {
    const opening = this.#opening.get(id);
    if (opening !== undefined) opening.wanted = false;
  }

  /** Ends all connections and stops listening. */
  async close(): Promise<void> {
    // in order: a reset would be an error to a client whose own end of the connection is on its way
    this.#closing = true;
    for (const id of this.brokerIds) this.state.brokers.get(id)!.set('down');
    // a port that is being opened cannot be closed before it is open
    await Promise.allSettled([...this.#opening.values()].map(({ done }) => done));
    await Promise.all([...this.#listeners.values()].map(closed));
    this.state.stop();
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function closed(listener: TcpListener): Promise<void> {
  return new Promise((resolve) => {
    listener.close(resolve);
  });
}

function listening(listener: TcpListener): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.listen((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
