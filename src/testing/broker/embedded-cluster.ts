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
  #closing = false;

  private constructor(state: ClusterState) {
    super(state);
  }

  /** Resolves when every broker listens. @throws TypeError for an option that makes no sense */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedCluster> {
    const settings = clusterSettings(options);
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

  /** Starts a broker that is down, on the port it had, or lets a paused one run on; resolves when it can be reached. */
  async restartBroker(id: number): Promise<void> {
    const listener = this.#listeners.get(id);
    if (this.brokerState(id) === 'down' && listener !== undefined) await listening(listener);
    this.startBroker(id);
  }

  /** Ends all connections and stops listening. */
  async close(): Promise<void> {
    // in order: a reset would be an error to a client whose own end of the connection is on its way
    this.#closing = true;
    for (const id of this.brokerIds) this.state.brokers.get(id)!.set('down');
    await Promise.all(
      [...this.#listeners.values()].map(
        (listener) =>
          new Promise<void>((resolve) => {
            listener.close(resolve);
          }),
      ),
    );
    this.state.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function listening(listener: TcpListener): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.listen((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
