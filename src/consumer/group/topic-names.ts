import { type Cluster } from '../../cluster/cluster.js';
import { type Cancel } from '../../model/done.js';
import { backoffMs } from '../../runtime/backoff.js';
import { hop, Timer } from '../../runtime/timer.js';
import { type TopicNamesById } from './consumer-events.js';

/** Finds the names of topics that an assignment names by id; metadata is asked again until it has them all. */
export class TopicNames {
  readonly #cluster: Cluster;
  readonly #found: (names: TopicNamesById) => void;
  readonly #again: Timer;
  #missing: readonly string[] = [];
  #release: Cancel | null = null;
  #unlisten: Cancel | null = null;
  #cancelRefresh: Cancel | null = null;
  #cancelHop: Cancel | null = null;
  #failures = 0;

  constructor(cluster: Cluster, found: (names: TopicNamesById) => void) {
    this.#cluster = cluster;
    this.#found = found;
    this.#again = new Timer(cluster.runtime, () => {
      this.#refresh();
    });
  }

  /** What is known now. */
  known(ids: readonly string[]): TopicNamesById {
    const names = new Map<string, string>();
    for (const id of ids) {
      const name = this.#cluster.metadata.topicName(id);
      if (name !== undefined) names.set(id, name);
    }
    return names;
  }

  /**
   * These, instead of those before; none stops.
   * @param all - the topics are not known by name to anybody (a pattern of the broker), so that all have to be asked for
   */
  want(ids: readonly string[], all: boolean): void {
    this.#missing = ids;
    if (ids.length === 0) {
      this.close();
      return;
    }
    const { metadata } = this.#cluster;
    if (all) this.#release ??= metadata.retainAll();
    if (this.#unlisten !== null) return;
    this.#unlisten = metadata.onUpdate(() => {
      this.#cancelHop ??= hop(this.#cluster.runtime, () => {
        this.#cancelHop = null;
        this.#look();
      });
    });
    this.#refresh();
  }

  close(): void {
    this.#missing = [];
    this.#failures = 0;
    this.#again.clear();
    this.#cancelRefresh?.();
    this.#cancelRefresh = null;
    this.#cancelHop?.();
    this.#cancelHop = null;
    this.#unlisten?.();
    this.#unlisten = null;
    this.#release?.();
    this.#release = null;
  }

  #look(): void {
    const names = this.known(this.#missing);
    if (names.size > 0) this.#found(names);
  }

  /** A broker may be behind the group coordinator, and a topic that was deleted never gets a name: at a growing pace. */
  #refresh(): void {
    this.#cancelRefresh = this.#cluster.metadata.refresh('an assignment names an unknown topic id', () => {
      this.#cancelRefresh = null;
      const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.options;
      const { runtime } = this.#cluster;
      this.#again.set(backoffMs(this.#failures++, retryBackoffMs, retryBackoffMaxMs, () => runtime.random()));
    });
  }
}
