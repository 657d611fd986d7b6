import { Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';
import type { Consumer, PartitionStream } from '../model/consumer.js';
import type { TopicPartition } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { groupConsumer, type TestHome } from './group-consumer.js';
import type { GroupEvent, GroupSetup, PartitionScript, ScriptedConsumerSettings } from './group-script.js';
import type { Recorder } from './recorder.js';
import { ScriptedGroup } from './scripted-group.js';
import { nameOf } from './scripted-log.js';

type Marbles = Pick<RunHelpers, 'cold' | 'hot'>;

/** Groups of one test, by their id: a transaction that commits offsets finds its group here. */
export class Groups {
  readonly #known: ScriptedGroup[] = [];

  add(group: ScriptedGroup): void {
    this.#known.push(group);
  }
  get(groupId: string): ScriptedGroup | undefined {
    return this.#known.findLast((group) => group.groupId === groupId);
  }
}

/** A consumer whose group is told by the marbles, which run from the beginning of the test, as `hot` does. */
export function groupOf<K, V>(
  helpers: Marbles,
  home: TestHome,
  groups: Groups,
  recorder: Recorder,
  marbles: string,
  events: Readonly<Record<string, GroupEvent>>,
  setup: GroupSetup<K, V>,
): Consumer<K, V> {
  const { logs = [], committed, commitMs = 0, ...settings } = setup;
  const group = open(groups, recorder, settings, committed ?? null);
  for (const { records, values, ...tp } of logs) {
    check('group', records, values, nameOf(tp));
    group.log(tp).play(helpers.hot(records), values);
  }
  check('group', marbles, events, 'the group');
  const named = [...logs, ...Object.values(events).flatMap(partitionsIn)];
  for (const tp of named) group.log(tp);
  const consumer = groupConsumer<K, V>(home, group, topicsOf(named), settings, commitMs);
  helpers.hot(marbles).subscribe({
    next: (letter) => {
      group.tell(letter, events[letter]!);
    },
    error: (error: unknown) => {
      group.fail(error);
    },
    complete: () => {
      void consumer.drain();
    },
  });
  return consumer;
}

/**
 * A cold stream of partitions: each subscription is a consumer of its own, which a script of its own tells. `|` of a partition's
 * records gives the partition up; `|` of the outer marbles completes the stream when all of its partitions have ended.
 */
export function partitionsOf<K, V>(
  helpers: Marbles,
  home: TestHome,
  groups: Groups,
  recorder: Recorder,
  marbles: string,
  values: Readonly<Record<string, PartitionScript<K, V>>>,
  settings: ScriptedConsumerSettings,
): Observable<PartitionStream<K, V>> {
  check('partitions', marbles, values, 'the stream');
  for (const script of Object.values(values)) check('partitions', script.records, script.values, nameOf(script));
  const lines = new Map(Object.entries(values).map(([letter, { records }]) => [letter, helpers.cold(records)]));
  const script$ = helpers.cold(marbles);
  const topics = topicsOf(Object.values(values));
  return new Observable((subscriber) => {
    const group = open(groups, recorder, settings, null);
    const consumer = groupConsumer<K, V>(home, group, topics, settings, 0);
    let running = 0;
    let complete = false;
    const endIfOver = (): void => {
      if (complete && running === 0) void consumer.drain();
    };
    subscriber.add(
      consumer.events$.subscribe((event) => {
        if (event.type !== 'revoked') return;
        running -= event.partitions.length;
        // in a turn of its own: the drain that tells this has its last step before it
        hop(home.runtime, endIfOver);
      }),
    );
    subscriber.add(consumer.partitions$.subscribe(subscriber));
    subscriber.add(
      script$.subscribe({
        next: (letter) => {
          const { topic, partition, values: records } = values[letter]!;
          const tp = { topic, partition };
          running++;
          group.tell(letter, { assign: [tp] });
          const log = group.log(tp);
          subscriber.add(
            log.play(lines.get(letter)!, records, () => {
              group.tell(letter, { revoke: [tp] });
            }),
          );
        },
        error: (error: unknown) => {
          group.fail(error);
        },
        complete: () => {
          complete = true;
          endIfOver();
        },
      }),
    );
  });
}

function open(
  groups: Groups,
  recorder: Recorder,
  { groupId = 'group' }: ScriptedConsumerSettings,
  committed: GroupSetup<unknown, unknown>['committed'] | null,
): ScriptedGroup {
  const group = new ScriptedGroup(groupId, recorder.ledger, committed ?? null, (offsets) => {
    recorder.committed(offsets);
  });
  groups.add(group);
  return group;
}

function partitionsIn({ assign = [], revoke = [], lose = [] }: GroupEvent): readonly TopicPartition[] {
  return [...assign, ...revoke, ...lose];
}

function topicsOf(partitions: readonly TopicPartition[]): readonly string[] {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  return topics.length === 0 ? ['topic'] : topics;
}

/** @throws UsageError for a letter without a value, before anything runs */
function check(helper: string, marbles: string, values: Readonly<Record<string, unknown>>, of: string): void {
  const letters = marbles.replace(/(^|\s)\d+(\.\d+)?(ms|s|m)(?=\s|$)/gu, ' ').replace(/[-\s|#^!()]/gu, '');
  for (const letter of letters) {
    if (values[letter] === undefined) {
      throw new UsageError(`${helper}: there is no value for the letter ${letter} of ${of}`);
    }
  }
}
