import { OffsetResetError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type OffsetList, type TopicPartition } from '../model/topic-partition.js';
import { type QueryPort } from './consumer-queries.js';
import { type Selection, selects } from './selection.js';
import { earliestTimestamp, latestTimestamp } from './start-positions.js';

/** What a bounded read asks for; offsets in lists are the next to read, and one behind the last. */
export interface RangeRequest {
  readonly from: 'beginning' | 'committed' | OffsetList;
  readonly to: 'end' | OffsetList;
}

/** One partition's part of it: offsets from `from` on and below `to`. */
export interface RangePart extends TopicPartition {
  readonly from: number;
  readonly to: number;
  /** Of the record before `from`, -1 while unknown. */
  readonly leaderEpoch: number;
}

/**
 * Finds out what a bounded read has to read: which partitions, from where, and up to which offset as the log stands at this
 * moment. A partition that only one list names has the log's own bound on the other side; so has one without committed offset.
 */
export class RangePlan {
  readonly #queries: QueryPort;
  readonly #request: RangeRequest;
  readonly #done: Done<readonly RangePart[]>;
  #cancel: Cancel = () => undefined;

  constructor(
    queries: QueryPort,
    selection: Selection | null,
    request: RangeRequest,
    done: Done<readonly RangePart[]>,
  ) {
    this.#queries = queries;
    this.#request = request;
    this.#done = done;
    const named = namedBy(request);
    if (named !== null) this.#bounds(named);
    else this.#selected(selection);
  }

  cancel(): void {
    this.#cancel();
  }

  #selected(selection: Selection | null): void {
    switch (selection?.kind) {
      case 'partitions':
        this.#bounds(selection.partitions);
        return;
      case 'topics':
        this.#partitionsOf([...new Set(selection.topics)], []);
        return;
      case 'pattern':
        this.#cancel = this.#queries.topics(
          this.#onward((topics) => {
            this.#partitionsOf(
              topics.filter((topic) => selects(selection, { topic, partition: 0 })),
              [],
            );
          }),
        );
        return;
      default:
        this.#cancel = this.#queries.soon(
          () => null,
          () => {
            this.#done(
              new UsageError('Nothing is selected that this client can name, give readRange lists of offsets'),
              null,
            );
          },
        );
    }
  }

  #partitionsOf(topics: readonly string[], found: readonly TopicPartition[]): void {
    const [topic, ...rest] = topics;
    if (topic === undefined) {
      this.#bounds(found);
      return;
    }
    this.#cancel = this.#queries.partitionsFor(
      topic,
      this.#onward((partitions) => {
        this.#partitionsOf(rest, [...found, ...partitions.map(({ partition }) => ({ topic, partition }))]);
      }),
    );
  }

  #bounds(partitions: readonly TopicPartition[]): void {
    const at = (timestamp: number): readonly (TopicPartition & { readonly timestamp: number })[] =>
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    // the end first: what is written or deleted meanwhile does not make a range that is wrong
    this.#cancel = this.#queries.offsets(
      at(latestTimestamp),
      this.#onward((ends) => {
        this.#cancel = this.#queries.offsets(
          at(earliestTimestamp),
          this.#onward((beginnings) => {
            this.#starts(beginnings, ends);
          }),
        );
      }),
    );
  }

  #starts(beginnings: OffsetList, ends: OffsetList): void {
    const { from } = this.#request;
    if (from === 'committed') {
      this.#cancel = this.#queries.committed(
        beginnings.map(({ topic, partition }) => ({ topic, partition })),
        this.#onward((committed) => {
          this.#answer(beginnings, ends, committed);
        }),
      );
    } else this.#answer(beginnings, ends, from === 'beginning' ? [] : from);
  }

  #answer(beginnings: OffsetList, ends: OffsetList, from: OffsetList): void {
    const to = this.#request.to === 'end' ? [] : this.#request.to;
    const parts = beginnings.map((beginning, index) => {
      const start = find(from, beginning);
      const end = ends[index]!.offset;
      const { topic, partition } = beginning;
      return {
        log: { from: beginning.offset, to: end },
        part: {
          topic,
          partition,
          from: start?.offset ?? beginning.offset,
          to: find(to, beginning)?.offset ?? end,
          leaderEpoch: start?.leaderEpoch ?? -1,
        },
      };
    });
    const wrong = parts.find(({ log, part }) => part.from < log.from || Math.max(part.from, part.to) > log.to);
    if (wrong === undefined) {
      this.#done(
        null,
        parts.map(({ part }) => part),
      );
      return;
    }
    const { log, part } = wrong;
    const { topic, partition } = part;
    const offset = part.from < log.from || part.from > log.to ? part.from : part.to;
    const message = `Offset ${offset} of ${topic}-${partition} is out of range, the log holds ${log.from} up to ${log.to}`;
    this.#done(new OffsetResetError(message, { topic, partition, offset }), null);
  }

  #onward<T>(next: (value: T) => void): Done<T> {
    return (error: KafkaError | null, value: T | null) => {
      if (error === null) next(value!);
      else this.#done(error, null);
    };
  }
}

/** The partitions that lists name, each once; null where there is no list. */
function namedBy({ from, to }: RangeRequest): readonly TopicPartition[] | null {
  if (typeof from === 'string' && typeof to === 'string') return null;
  const named: TopicPartition[] = [];
  for (const list of [from, to]) {
    if (typeof list === 'string') continue;
    for (const tp of list) if (find(named, tp) === undefined) named.push({ topic: tp.topic, partition: tp.partition });
  }
  return named;
}

function find<T extends TopicPartition>(list: readonly T[], { topic, partition }: TopicPartition): T | undefined {
  return list.find((entry) => entry.partition === partition && entry.topic === topic);
}
