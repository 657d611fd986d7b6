import { inspect } from 'node:util';
import { type Observable, delay, mergeMap, of, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { processEach, transaction } from '../../operators/index.js';
import type { OffsetList } from '../../src/model/topic-partition.js';
import { groupConsumer } from '../../src/testing/group-consumer.js';
import { Groups } from '../../src/testing/group-run.js';
import { Recorder } from '../../src/testing/recorder.js';
import { ScriptedGroup } from '../../src/testing/scripted-group.js';
import { ScriptedTransactional } from '../../src/testing/scripted-transactional.js';
import { BackgroundScheduler, testRuntime } from '../../src/testing/test-runtime.js';
import { copy, type In, type Project } from './support/transaction-bench.js';

const topic = 'orders';
const partitions = [0, 1, 2] as const;
/** From this frame on nothing goes wrong any more. */
const calm = 900;
const end = 6000;

/** mulberry32 */
function chance(seed: number): { below: (n: number) => number; happens: (percent: number) => boolean } {
  let state = seed * 0x9e3779b1;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { below: (n) => Math.floor(next() * n), happens: (percent) => next() * 100 < percent };
}

interface Result {
  readonly wrong: string[];
  readonly committed: number;
  readonly aborted: number;
  readonly left: number;
  readonly seeks: number;
}

/**
 * One run: records with gaps in three partitions, windows of random size, work that takes time, finishes out of order and fails,
 * commits that are refused, partitions that are revoked, lost, assigned again, and seeks to what is stored. The model is what the
 * group has stored: a transaction that commits says which offset comes next, and holds exactly the records up to there.
 */
function play(seed: number): Result {
  const { below, happens } = chance(seed);
  const wrong: string[] = [];
  const scheduler = new TestScheduler(() => undefined);
  return scheduler.run((helpers) => {
    const home = { runtime: testRuntime(scheduler), background: testRuntime(new BackgroundScheduler(scheduler)) };
    const now = (): number => scheduler.now();
    const stored = new Map<number, number>(partitions.map((partition) => [partition, 0]));
    let ended: OffsetList | null = null;
    /** What is committed plainly is a gap behind what is stored, or a position that a seek chose: it is where it stood. */
    const plain = (offsets: OffsetList): void => {
      for (const { partition, offset } of offsets) {
        const from = stored.get(partition)!;
        const { entries } = group.log({ topic, partition });
        const over = entries.some((entry) => entry.offset >= from && entry.offset < offset);
        if (over || offset < from) wrong.push(`plain commit of ${partition}@${offset} over ${from} at ${now()}`);
        stored.set(partition, offset);
      }
    };
    const group = new ScriptedGroup('group', new Recorder().ledger, null, (offsets) => {
      if (ended === null) plain(offsets);
      ended = null;
    });
    const groups = new Groups();
    groups.add(group);
    const commits = Array.from({ length: 40 }, () => (happens(15) ? `${below(9)}ms #` : `${below(9)}ms (a|)`));
    const slots = 1 + below(3);
    const producer = new ScriptedTransactional<string, number>(helpers, home.runtime, groups, {
      respond: `${below(3)}ms (a|)`,
      commit: [...commits, '2ms (a|)'],
      abort: `${below(5)}ms (a|)`,
      slots,
      transactionTimeoutMs: 1000,
    });
    producer.ends.subscribe(({ outcome, offsets, records }) => {
      if (outcome !== 'committed') return;
      ended = offsets;
      const written = records.map(({ value }) => value);
      for (const { partition, offset } of offsets) {
        const from = stored.get(partition)!;
        const want = group
          .log({ topic, partition })
          .entries.filter((entry) => entry.offset >= from && entry.offset < offset)
          .map(({ init }) => init.value);
        const got = written.filter((value) => Math.floor(value / 1000) === partition);
        if (want.length === 0 || want.join() !== got.join())
          wrong.push(`${partition} from ${from} to ${offset} has ${got.join()}, not ${want.join()}`);
        stored.set(partition, offset);
      }
      const named = new Set(offsets.map(({ partition }) => partition));
      if (written.some((value) => !named.has(Math.floor(value / 1000)))) wrong.push('records without offsets');
    });

    const settings = { window: { records: 2 + below(12) }, commit: { everyMs: 5 + below(40) }, drainTimeoutMs: 3000 };
    const consumer = groupConsumer<string, number>(home, group, [topic], settings, below(12));
    const project: Project = (window$, tx) => {
      const fails = now() < calm && happens(15);
      const work$ = copy(window$, tx).pipe(
        mergeMap((value) => (fails && happens(40) ? throwError(() => new Error('work')) : of(value))),
      );
      return happens(40) ? work$.pipe(delay(below(60))) : work$;
    };
    const steps = happens(50)
      ? processEach(({ value }: In) => of(value).pipe(delay(below(25))), { order: 'none', emit: 'asCompleted' })
      : (records$: Observable<In>) => records$;
    const options = { maxRecords: 1 + below(8), maxMs: below(50) };
    let error: unknown = null;
    consumer.records$
      .pipe(steps as never, transaction(producer, project as never, options))
      .subscribe({ error: (failed: unknown) => (error = failed) });

    const held = new Set<number>();
    let seeks = 0;
    consumer.assignment$.subscribe((assignment) => {
      held.clear();
      for (const { partition } of assignment) held.add(partition);
    });
    for (const partition of partitions) {
      const tp = { topic, partition };
      const log = group.log(tp);
      let offset = 0;
      for (let n = 0, at = 0; n < 16; n++, at += below(60), offset += happens(20) ? 1 + below(4) : 1) {
        const init = { key: 'k', value: partition * 1000 + offset, offset };
        log.play(timer(at).pipe(mergeMap(() => ['r'])), { r: init });
      }
      // in turn: assigned, perhaps moved to what is stored, taken away
      for (let at = below(30), given = false; at < calm; at += 20 + below(250)) {
        const [how, deadlineMs, assign] = [below(3), 30 + below(400), !given];
        timer(at).subscribe(() => {
          if (assign) group.tell('a', { assign: [tp] });
          else if (how === 0) group.tell('l', { lose: [tp] });
          else group.tell('r', { revoke: [tp], deadlineMs });
        });
        given = !given;
        if (at + 20 >= calm || !given) continue;
        timer(at + below(20)).subscribe(() => {
          if (
            !happens(30) ||
            producer.transactions.some(({ outcome, offsets }) => outcome === 'open' && offsets.length > 0)
          )
            return;
          if (!held.has(partition)) return;
          seeks++;
          consumer.seek(tp, stored.get(partition)!);
        });
      }
    }
    timer(calm).subscribe(() => {
      const missing = partitions.filter((partition) => !group.assigned.some((tp) => tp.partition === partition));
      if (missing.length > 0) group.tell('e', { assign: missing.map((partition) => ({ topic, partition })) });
    });
    let left = 0;
    timer(end).subscribe(() => {
      for (const partition of partitions) {
        const tp = { topic, partition };
        if (stored.get(partition) !== group.log(tp).end)
          wrong.push(`${partition} stands at ${stored.get(partition)!} of ${group.log(tp).end}`);
        left += consumer.why(tp).openLeases;
      }
      left += producer.transactions.filter(({ outcome }) => outcome === 'open').length;
      void consumer.drain();
    });
    helpers.flush();
    if (error !== null) wrong.push(`ended with ${inspect(error)}`);
    const of_ = (outcome: string): number => producer.transactions.filter((tx) => tx.outcome === outcome).length;
    return { wrong, committed: of_('committed'), aborted: of_('aborted'), left, seeks };
  });
}

describe('transaction under random trouble', () => {
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('[T2, L7] has every record in one committed window, in order, with the commit value as its offset, and nothing committed plainly', () => {
    let committed = 0;
    let aborted = 0;
    let seeks = 0;
    const seeds = Number(process.env['TRANSACTION_SEEDS'] ?? 200);
    for (let seed = 1; seed <= seeds; seed++) {
      const result = play(seed);
      expect([seed, result.wrong, result.left]).toEqual([seed, [], 0]);
      committed += result.committed;
      aborted += result.aborted;
      seeks += result.seeks;
    }
    // the runs have met what they are about
    expect([committed > seeds * 10, aborted > seeds * 2, seeks > seeds / 4]).toEqual([true, true, true]);
  }, 120_000);
});
