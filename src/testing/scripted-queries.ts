import { Observable } from 'rxjs';
import type { ConsumerCore } from '../consumer/consumer-core.js';
import type { QueryPort } from '../consumer/consumer-queries.js';
import type { FoundOffset, OffsetLookup } from '../consumer/offset-lookup.js';
import { RangePlan } from '../consumer/range-plan.js';
import { earliestTimestamp, latestTimestamp } from '../consumer/start-positions.js';
import type { ConsumerRecord } from '../model/consumer-record.js';
import type { ReadRange } from '../model/consumer.js';
import type { Cancel, Done } from '../model/done.js';
import type { Runtime } from '../model/runtime.js';
import type { OffsetList, PartitionInfo, TopicPartition } from '../model/topic-partition.js';
import { checkRange } from '../observables/range-request.js';
import { hop } from '../runtime/timer.js';
import type { ScriptedGroup } from './scripted-group.js';
import type { ScriptedLog } from './scripted-log.js';
import { record } from './test-record.js';

type Target = TopicPartition & { readonly timestamp: number };

/** What a consumer can be asked, answered by the scripted logs one hop later. */
export class ScriptedQueries implements QueryPort {
  readonly #runtime: Runtime;
  readonly #group: ScriptedGroup;

  constructor(runtime: Runtime, group: ScriptedGroup) {
    this.#runtime = runtime;
    this.#group = group;
  }

  soon<T>(value: () => T, done: Done<T>): Cancel {
    return hop(this.#runtime, () => {
      done(null, value());
    });
  }

  committed(partitions: readonly TopicPartition[], done: Done<OffsetList>): Cancel {
    return this.soon(() => this.#group.committed(partitions), done);
  }

  offsets(targets: readonly Target[], done: Done<OffsetList>): Cancel {
    return this.soon(() => this.#found(targets), done);
  }

  partitionsFor(topic: string, done: Done<readonly PartitionInfo[]>): Cancel {
    const known = this.#group.logs.filter((log) => log.topic === topic).map(({ partition }) => partition);
    return this.soon(
      () =>
        known
          .sort((left, right) => left - right)
          .map((partition) => ({ topic, partition, leader: 0, replicas: [0], inSyncReplicas: [0] })),
      done,
    );
  }

  topics(done: Done<readonly string[]>): Cancel {
    return this.soon(() => [...new Set(this.#group.logs.map(({ topic }) => topic))].sort(), done);
  }

  close(): void {
    // nothing is open
  }

  /** Where start positions and seeks look offsets up. */
  get lookup(): Pick<OffsetLookup, 'list'> {
    return {
      list: (targets, done) => this.soon(() => this.#found(targets), done),
    };
  }

  #found(targets: readonly Target[]): FoundOffset[] {
    return targets.map(({ topic, partition, timestamp }) => {
      const offset = offsetAt(this.#group.log({ topic, partition }), timestamp);
      return { topic, partition, offset, timestamp: -1, leaderEpoch: -1 };
    });
  }

  /** A bounded read of what the logs hold at that moment. */
  range<K, V>(core: ConsumerCore, range: ReadRange | undefined): Observable<ConsumerRecord<K, V>> {
    const request = checkRange(range);
    return new Observable((subscriber) => {
      const plan = new RangePlan(this, core.selection, request, (error, parts) => {
        if (parts === null) {
          subscriber.error(error);
          return;
        }
        for (const { from, to, ...tp } of parts) {
          for (const { offset, init } of this.#group.log(tp).entries) {
            if (offset >= from && offset < to) subscriber.next(record({ ...init, offset }) as ConsumerRecord<K, V>);
          }
        }
        subscriber.complete();
      });
      return () => {
        plan.cancel();
      };
    });
  }
}

/** As ListOffsets answers: -1 where nothing is that young. */
function offsetAt(log: ScriptedLog, timestamp: number): number {
  if (timestamp === earliestTimestamp) return 0;
  if (timestamp === latestTimestamp) return log.end;
  return log.entries.find(({ init }) => (init.timestamp ?? 0) >= timestamp)?.offset ?? -1;
}
