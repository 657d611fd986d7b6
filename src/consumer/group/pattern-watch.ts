import { type Cluster } from '../../cluster/cluster.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type Cancel } from '../../model/done.js';
import { hop } from '../../runtime/timer.js';
import { isThere, MissingTopics } from './missing-topics.js';
import { type TopicWatchListener } from './topic-watch.js';

/**
 * The topics whose names match a pattern, as the cluster has them: keeps the metadata of all topics known, and so sees new ones
 * within `metadataMaxAgeMs`. Creates nothing. Tells nothing before an answer named all topics, because what is known earlier
 * may be only the topics of other clients.
 */
export class PatternWatch {
  readonly #cluster: Cluster;
  readonly #excludeInternal: boolean;
  readonly #listener: TopicWatchListener;
  readonly #missing: MissingTopics;
  #pattern: RegExp;
  #names: ReadonlySet<string> = new Set<string>();
  #complete = false;
  #version = -1;
  #changed = false;
  #muted = false;
  #release: Cancel | null = null;
  #unlisten: Cancel | null = null;
  #cancelRefresh: Cancel | null = null;
  #cancelHop: Cancel | null = null;

  constructor(cluster: Cluster, pattern: RegExp, excludeInternal: boolean, listener: TopicWatchListener) {
    this.#cluster = cluster;
    this.#pattern = pattern;
    this.#excludeInternal = excludeInternal;
    this.#listener = listener;
    this.#missing = new MissingTopics(cluster);
  }

  /** What matches now; a topic that is missing in one answer stays until several agree. */
  names(): readonly string[] {
    return [...this.#names];
  }

  start(): void {
    if (this.#release !== null) return;
    const { metadata } = this.#cluster;
    this.#release = metadata.retainAll();
    this.#unlisten = metadata.onUpdate(() => {
      this.#soon();
    });
    this.#ask();
  }

  select(pattern: RegExp): void {
    this.#pattern = pattern;
    this.#changed = true;
    this.#soon();
  }

  /** Tells nothing any more, and keeps the topics known. */
  mute(): void {
    this.#muted = true;
    this.#cancelHop?.();
    this.#cancelHop = null;
    this.#cancelRefresh?.();
    this.#cancelRefresh = null;
    this.#unlisten?.();
    this.#unlisten = null;
  }

  close(): void {
    this.mute();
    this.#release?.();
    this.#release = null;
  }

  /** The round that this waits for asks for all topics, whatever was asked before. */
  #ask(): void {
    this.#cancelRefresh = this.#cluster.metadata.refresh('selects by pattern', (error) => {
      this.#cancelRefresh = null;
      if (error === null) {
        this.#complete = true;
        this.#soon();
      } else if (error.retriable) this.#ask();
      else this.#refused(error);
    });
  }

  #refused(error: KafkaError): void {
    this.#cancelHop = hop(this.#cluster.runtime, () => {
      this.#listener.refused(error);
    });
  }

  #soon(): void {
    if (this.#muted || this.#release === null || !this.#complete) return;
    this.#cancelHop ??= hop(this.#cluster.runtime, () => {
      this.#cancelHop = null;
      this.#look();
    });
  }

  #look(): void {
    const { metadata } = this.#cluster;
    const news = metadata.version !== this.#version;
    if (!news && !this.#changed) return;
    this.#version = metadata.version;
    this.#changed = false;
    const names = new Set<string>();
    for (const topic of metadata.topics()) {
      if (topic.isInternal && this.#excludeInternal) continue;
      if (isThere(topic) && this.#pattern.test(topic.name)) names.add(topic.name);
    }
    for (const name of this.#names) {
      if (this.#pattern.test(name) && !(news && this.#missing.isGone(name))) names.add(name);
    }
    this.#names = names;
    this.#listener.changed();
  }
}
