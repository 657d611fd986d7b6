import { type Cluster } from '../../cluster/cluster.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { type TopicsOrPattern } from '../selection.js';
import { LocalAssignment } from './local-assignment.js';
import { type MembershipHost } from './membership-host.js';
import { isThere, MissingTopics } from './missing-topics.js';
import { SelectedTopics, type SelectedTopicsOptions } from './selected-topics.js';

/**
 * Reads all partitions of its topics, without a group: what appears in the metadata is assigned, what disappears is lost, what
 * is selected no longer is drained.
 */
export class WholeTopics {
  readonly #cluster: Cluster;
  readonly #selected: SelectedTopics;
  readonly #assignment: LocalAssignment;
  readonly #missing: MissingTopics;
  #version = -1;
  #changed = false;
  #stopped = false;

  constructor(
    cluster: Cluster,
    selection: TopicsOrPattern,
    options: SelectedTopicsOptions & { readonly drainTimeoutMs: number },
    host: MembershipHost,
  ) {
    this.#cluster = cluster;
    this.#missing = new MissingTopics(cluster);
    this.#assignment = new LocalAssignment(cluster.runtime, options.drainTimeoutMs, host);
    this.#selected = new SelectedTopics(cluster, selection, options, {
      changed: () => {
        this.#update();
      },
      refused: (error) => {
        this.close();
        host.failed(error);
      },
    });
  }

  start(): void {
    this.#selected.start();
  }

  select(selection: TopicsOrPattern): void {
    this.#changed = true;
    this.#selected.select(selection);
  }

  /** Keeps the topics known and changes nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#assignment.stop();
    this.#selected.mute();
  }

  close(): void {
    this.stop();
    this.#selected.close();
  }

  #update(): void {
    const { metadata } = this.#cluster;
    const news = metadata.version !== this.#version;
    if (this.#stopped || (!news && !this.#changed)) return;
    this.#version = metadata.version;
    this.#changed = false;
    const held = this.#assignment.topics();
    const dropped: TopicPartition[] = [];
    const lost: TopicPartition[] = [];
    for (const [topic, partitions] of held) {
      if (!this.#selected.has(topic)) dropped.push(...all(topic, partitions));
      else if (news) lost.push(...this.#gone(topic, partitions));
    }
    const added = this.#selected.names().flatMap((topic) => this.#new(topic, held.get(topic)));
    this.#assignment.lose(lost);
    this.#assignment.drop(dropped);
    this.#assignment.add(added);
  }

  /** Partitions that a deleted topic, or a smaller one of the same name, has no more. */
  #gone(topic: string, held: ReadonlySet<number>): TopicPartition[] {
    if (this.#missing.isGone(topic)) return all(topic, held);
    const known = this.#cluster.metadata.topic(topic);
    return isThere(known) ? all(topic, held).filter(({ partition }) => partition >= known.partitions.length) : [];
  }

  #new(topic: string, held: ReadonlySet<number> | undefined): TopicPartition[] {
    const known = this.#cluster.metadata.topic(topic);
    if (!isThere(known)) return [];
    return known.partitions.flatMap(({ partition }) => (held?.has(partition) === true ? [] : [{ topic, partition }]));
  }
}

function all(topic: string, partitions: ReadonlySet<number>): TopicPartition[] {
  return [...partitions].map((partition) => ({ topic, partition }));
}
