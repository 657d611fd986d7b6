import { type Cluster } from '../../cluster/cluster.js';
import { selects, type TopicsOrPattern } from '../selection.js';
import { PatternWatch } from './pattern-watch.js';
import { TopicWatch, type TopicWatchListener } from './topic-watch.js';

export interface SelectedTopicsOptions {
  /** Of topics selected by name; a pattern creates nothing. */
  readonly allowAutoCreateTopics: boolean;
  /** Leaves internal topics out of what a pattern matches. */
  readonly excludeInternalTopics: boolean;
}

/** Topics selected by name or by pattern, watched in the metadata while they are. */
export class SelectedTopics {
  readonly #cluster: Cluster;
  readonly #options: SelectedTopicsOptions;
  readonly #listener: TopicWatchListener;
  #selection: TopicsOrPattern;
  #watch: TopicWatch | PatternWatch;
  #started = false;
  #muted = false;

  constructor(
    cluster: Cluster,
    selection: TopicsOrPattern,
    options: SelectedTopicsOptions,
    listener: TopicWatchListener,
  ) {
    this.#cluster = cluster;
    this.#options = options;
    this.#listener = listener;
    this.#selection = selection;
    this.#watch = this.#open(selection);
  }

  /** By name: all that are selected, there or not. By pattern: those that are there. */
  names(): readonly string[] {
    return this.#watch instanceof PatternWatch ? this.#watch.names() : namesOf(this.#selection);
  }

  has(topic: string): boolean {
    return selects(this.#selection, { topic, partition: 0 });
  }

  start(): void {
    this.#started = true;
    this.#watch.start();
  }

  /** Replaces the selection by one of the same kind; `changed` follows, never in this stack. */
  select(selection: TopicsOrPattern): void {
    this.#selection = selection;
    if (this.#muted) return;
    if (this.#watch instanceof PatternWatch && selection.kind === 'pattern') {
      this.#watch.select(selection.pattern);
      return;
    }
    const before = this.#watch;
    this.#watch = this.#open(selection);
    if (!this.#started) return;
    // the new interest first: a topic in both is not forgotten in between
    this.#watch.start();
    before.close();
  }

  /** Tells nothing any more, and keeps the topics known. */
  mute(): void {
    this.#muted = true;
    this.#watch.mute();
  }

  close(): void {
    this.#muted = true;
    this.#watch.close();
  }

  #open(selection: TopicsOrPattern): TopicWatch | PatternWatch {
    return selection.kind === 'pattern'
      ? new PatternWatch(this.#cluster, selection.pattern, this.#options.excludeInternalTopics, this.#listener)
      : new TopicWatch(this.#cluster, namesOf(selection), this.#options.allowAutoCreateTopics, this.#listener);
  }
}

/** Each once. */
function namesOf(selection: TopicsOrPattern): readonly string[] {
  return selection.kind === 'topics' ? [...new Set(selection.topics)] : [];
}
