import { type Observable, asyncScheduler, concat, delay, mergeMap, of, tap, throwError, timer } from 'rxjs';
import { type TransactionOptions, deadLetter, retryTopics, transaction } from '../../operators/index.js';
import type { Consumer } from '../../src/model/consumer.js';
import type { ProducerRecord } from '../../src/model/record-sink.js';
import { type GroupEvent, type GroupSetup, type MarbleHelpers, runMarbles } from '../../src/testing/index.js';
import { ScriptedTransactions } from './support/scripted-transactions.js';
import { type In, type Project, copy } from './support/transaction-bench.js';

const p0 = { topic: 'orders', partition: 0 };
const p1 = { topic: 'orders', partition: 1 };
const values = Object.fromEntries(Array.from('abcdefgh', (key, value) => [key, { key, value }]));
const others = Object.fromEntries(Array.from('ABCDEFGH', (key, n) => [key, { key, value: 10 + n }]));
const log0 = (records: string) => ({ ...p0, records, values });
const log1 = (records: string) => ({ ...p1, records, values: others });

interface Scene {
  readonly marbles: string;
  readonly events: Readonly<Record<string, GroupEvent>>;
  readonly setup: GroupSetup<string, number>;
  readonly project?: Project;
  readonly options?: TransactionOptions;
  readonly slots?: number;
  readonly timeoutMs?: number;
  readonly latencyMs?: number;
  readonly at?: Readonly<Record<number, (seen: Seen) => void>>;
  readonly more?: (consumer: Consumer<string, number>, helpers: MarbleHelpers) => void;
}
interface Seen {
  readonly consumer: Consumer<string, number>;
  readonly slots: ScriptedTransactions;
  /** What came out, and when. */
  readonly out: string[];
  /** Types of events, and when. */
  readonly told: string[];
  error: unknown;
}

/**
 * A consumer of the kit under `transaction`, over transactions of which the group knows nothing: what the group is told of
 * offsets, it was told plainly.
 */
function play(scene: Scene): Seen {
  const { timeoutMs, latencyMs = 1, slots: count = 1 } = scene;
  const slots = new ScriptedTransactions(asyncScheduler, count, timeoutMs);
  slots.latencyMs = latencyMs;
  let seen!: Seen;
  runMarbles((helpers) => {
    const consumer = helpers.group<string, number>(scene.marbles, scene.events, scene.setup);
    seen = { consumer, slots, out: [], told: [], error: null };
    const now = (): number => asyncScheduler.now();
    consumer.events$.subscribe(({ type }) => {
      if (type !== 'caughtUp') seen.told.push(`${type}@${now()}`);
    });
    consumer.records$
      .pipe(transaction(slots.producer<string, number>(), (scene.project ?? copy) as never, scene.options))
      .subscribe({
        next: (value: unknown) => seen.out.push(`${String(value)}@${now()}`),
        error: (error: unknown) => (seen.error = error),
      });
    for (const [frame, work] of Object.entries(scene.at ?? {})) {
      timer(Number(frame)).subscribe(() => {
        work(seen);
      });
    }
    scene.more?.(consumer, helpers);
    helpers.flush();
  });
  expect([slots.violations, slots.open]).toEqual([[], []]);
  return seen;
}

const commitsNothing: Scene['more'] = (consumer, { expectCommits }) => {
  expectCommits(consumer).toBe('');
};
const lasting =
  (ms: number): Project =>
  (window$, tx) =>
    copy(window$, tx).pipe(delay(ms));
const events = { a: { assign: [p0, p1] }, r: { revoke: [p0], deadlineMs: 1000 }, l: { lose: [p0] } };
const slow = { maxMs: 1000, maxRecords: 100 };

describe('transaction over a group: partitions that go', () => {
  it('[L7] closes and commits the window of a revoked partition before it is handed over', () => {
    const { slots, out, told } = play({
      marbles: 'a---------r',
      events,
      setup: { logs: [log0('-ab'), log1('-A')] },
      options: slow,
      more: commitsNothing,
    });
    expect(slots.offsets).toEqual([['0:2', '1:1']]);
    expect(out).toEqual(['0@12', '10@12', '1@12']);
    expect(told.map((line) => line.split('@')[0])).toEqual(['assigned', 'revoked', 'handedOff']);
    expect(Number(told[2]!.split('@')[1])).toBeGreaterThanOrEqual(slots.committed[0]!.endedAt);
  });

  it('[L7] aborts it when its work takes longer than 80 % of transactionTimeoutMs less maxMs', () => {
    const { slots, told, error } = play({
      marbles: 'a---------r',
      events: { ...events, r: { revoke: [p0], deadlineMs: 9000 } },
      setup: { logs: [log0('-ab')] },
      project: lasting(5000),
      options: { maxMs: 100 },
      timeoutMs: 2000,
      more: commitsNothing,
    });
    // revoked at 10, 1600 - 100 later
    expect([slots.committed, slots.aborted.map(({ endedAt }) => endedAt)]).toEqual([[], [1511]]);
    expect(told.map((line) => line.split('@')[0])).toEqual(['assigned', 'revoked', 'handedOff']);
    expect(Number(told[2]!.split('@')[1])).toBeLessThan(1520);
    expect(error).toBeNull();
  });

  it('[L7] aborts it at the deadline of the revocation, and commits nothing of it afterwards', () => {
    const { slots, error } = play({
      marbles: 'a---------r',
      events: { ...events, r: { revoke: [p0], deadlineMs: 400 } },
      setup: { logs: [log0('-ab')] },
      project: lasting(5000),
      options: { maxMs: 100 },
      more: commitsNothing,
    });
    expect(slots.committed).toEqual([]);
    expect(slots.aborted).toHaveLength(1);
    expect(slots.aborted[0]!.endedAt).toBeLessThanOrEqual(412);
    expect(error).toBeNull();
  });

  it('[L7] aborts the window of a lost partition alone, and goes on with the others', () => {
    const { slots, out, error } = play({
      marbles: 'a-------l',
      events,
      setup: { logs: [log0('-a'), log1('--A-- 100ms B')] },
      project: lasting(20),
      options: { maxMs: 100, maxRecords: 1 },
      slots: 2,
      more: commitsNothing,
    });
    expect(slots.aborted.map(({ begunAt, endedAt }) => [begunAt, endedAt])).toEqual([[1, 9]]);
    expect(slots.offsets).toEqual([['1:1'], ['1:2']]);
    expect(out.map((line) => line.split('@')[0])).toEqual(['10', '11']);
    expect(error).toBeNull();
  });

  it('aborts a window whose partition is lost between its offsets and its commit', () => {
    const { slots } = play({
      marbles: 'a 24ms l',
      events,
      setup: { logs: [log0('-a')] },
      options: { maxRecords: 1 },
      latencyMs: 10,
      at: {
        // written by now; the answer to the offsets comes at 30
        24: ({ slots: { all } }) => {
          expect(all.map(({ state, records, offsets }) => [state, records.length, offsets.length])).toEqual([
            ['open', 1, 0],
          ]);
        },
        32: ({ slots: { all } }) => {
          expect(all.map(({ state, offsets }) => [state, offsets.length])).toEqual([['aborting', 1]]);
        },
      },
      more: commitsNothing,
    });
    expect([slots.committed, slots.aborted.length]).toEqual([[], 1]);
  });

  it('does not commit a window whose partition is lost in the turn in which its offsets are answered', () => {
    const { slots } = play({
      marbles: 'a 29ms l',
      events,
      setup: { logs: [log0('-a')] },
      options: { maxRecords: 1 },
      latencyMs: 10,
      more: commitsNothing,
    });
    expect(slots.all.map(({ state, offsets, endedAt }) => [state, offsets.length, endedAt])).toEqual([
      ['aborted', 1, 40],
    ]);
  });

  it('counts what a commit that was issued came to, although the partition is lost meanwhile', () => {
    const { slots, out } = play({
      marbles: 'a 34ms l',
      events,
      setup: { logs: [log0('-a')] },
      options: { maxRecords: 1 },
      latencyMs: 10,
      at: {
        34: ({ slots: { all } }) => {
          expect(all.map(({ state }) => state)).toEqual(['committing']);
        },
      },
      more: commitsNothing,
    });
    expect([slots.offsets, out.map((line) => line.split('@')[0])]).toEqual([[['0:1']], ['0']]);
  });

  it('names the member as it is when the offsets are written', () => {
    const { slots } = play({
      marbles: 'a---n',
      events: { a: { assign: [p0] }, n: { assign: [p1] } },
      setup: { logs: [log0('-a')] },
      options: { maxMs: 10 },
    });
    // joined, assigned, assigned again
    expect(slots.committed.map(({ offsets }) => offsets[0]!.group.generation)).toEqual([3]);
  });
});

describe('transaction over a group: positions, credit and plain commits', () => {
  it('[L28] aborts on a seek inside the window, and commits only what was read from the new position', () => {
    const { slots, out } = play({
      marbles: 'a',
      events: { a: { assign: [p0] } },
      setup: { logs: [log0('-abcd')], commit: false },
      options: { maxMs: 50 },
      at: { 10: ({ consumer }) => consumer.seek(p0, 2).subscribe() },
      more: commitsNothing,
    });
    expect([slots.aborted.length, slots.offsets]).toEqual([1, [['0:4']]]);
    expect(out.map((line) => line.split('@')[0])).toEqual(['2', '3']);
  });

  it('closes when the window of unsettled records is used up, and why says what waits', () => {
    const why: (readonly string[])[] = [];
    const { slots } = play({
      marbles: 'a',
      events: { a: { assign: [p0] } },
      setup: { logs: [log0('-(abcde)')], window: { records: 2 } },
      project: lasting(10),
      options: slow,
      at: { 6: ({ consumer }) => why.push([...consumer.why(p0).paused].toSorted()) },
      more: commitsNothing,
    });
    expect(why).toEqual([['transaction', 'window']]);
    expect(slots.offsets.slice(0, 2)).toEqual([['0:2'], ['0:4']]);
    expect(slots.committed[1]!.endedAt).toBeLessThan(50);
  });

  it('[T2] commits nothing plainly by cadence, on revocation or at the end, while windows commit it all', () => {
    const { slots } = play({
      marbles: 'a 120ms r 50ms |',
      events,
      setup: { logs: [log0('-a-b 60ms c 40ms d'), log1('--A-B 100ms (CD)')], commit: { everyMs: 5 } },
      project: lasting(7),
      options: { maxMs: 20 },
      slots: 2,
      more: commitsNothing,
    });
    const last = new Map(slots.offsets.flat().map((entry) => entry.split(':') as [string, string]));
    expect([...last].toSorted()).toEqual([
      ['0', '4'],
      ['1', '4'],
    ]);
    expect((slots.values as number[]).toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 10, 11, 12, 13]);
  });
});

describe('transaction over a group: records that fail', () => {
  const failing =
    (bad: number, seen: number[] = []): Project =>
    (window$, tx) =>
      copy(window$, tx).pipe(
        tap((value) => seen.push(value as number)),
        mergeMap((value) => (value === bad ? throwError(() => new Error('poison')) : of(value))),
      );
  const topicsAndKeys = (slots: ScriptedTransactions): string[][] =>
    slots.committed.map(({ records }) =>
      records.map(({ topic, key, value }: ProducerRecord<unknown, unknown>) =>
        topic === 'out' ? String(value) : `${topic} ${new TextDecoder().decode(key as Uint8Array)}`,
      ),
    );

  it('finds the one that makes its window fail, and writes it to the dead letters with its offset', () => {
    const { slots, out, error } = play({
      marbles: 'a',
      events: { a: { assign: [p0] } },
      setup: { logs: [log0('-(abcdefgh)')] },
      project: failing(5),
      options: { maxMs: 20, onAbort: { attempts: 2, then: (tx) => deadLetter(tx.bytes, 'orders.dlq') } },
      more: commitsNothing,
    });
    expect(error).toBeNull();
    expect(topicsAndKeys(slots).flat()).toEqual(['0', '1', '2', '3', '4', 'orders.dlq f', '6', '7']);
    const dead = topicsAndKeys(slots).findIndex((keys) => keys.includes('orders.dlq f'));
    expect([topicsAndKeys(slots)[dead], slots.offsets[dead]]).toEqual([['orders.dlq f'], ['0:6']]);
    expect(slots.offsets.at(-1)).toEqual(['0:8']);
    expect(out.map((line) => line.split('@')[0])).toEqual(['0', '1', '2', '3', '4', '6', '7']);
    // twice at 8, once each at 4, 2 and twice alone, at the most
    expect(slots.aborted.length).toBeLessThanOrEqual(6);
  });

  it('leaves another partition of the failing window alone, once they are apart', () => {
    const { slots, error } = play({
      marbles: 'a',
      events,
      setup: { logs: [log0('-(abc)'), log1('-(ABC)- 999ms D')] },
      project: failing(1),
      options: { maxMs: 20, onAbort: { attempts: 1, then: (tx) => deadLetter(tx.bytes, 'orders.dlq') } },
      more: commitsNothing,
    });
    expect(error).toBeNull();
    const written = topicsAndKeys(slots).flat();
    expect(written.filter((name) => Number(name) < 10 || name.includes(' '))).toEqual(['0', 'orders.dlq b', '2']);
    expect(written.filter((name) => Number(name) >= 10)).toEqual(['10', '11', '12', '13']);
  });

  it('hands the one that fails to a retry topic in the transaction of its offset', () => {
    const { slots, error } = play({
      marbles: 'a',
      events: { a: { assign: [p0] } },
      setup: { logs: [log0('-(abc)')] },
      project: failing(1),
      options: {
        maxMs: 20,
        onAbort: {
          attempts: 1,
          then: (tx) => retryTopics(tx.bytes, { topic: 'orders', delaysMs: [5000], deadLetter: 'orders.dlq' }),
        },
      },
      more: commitsNothing,
    });
    expect(error).toBeNull();
    expect(topicsAndKeys(slots).flat()).toEqual(['0', 'orders.retry.1 b', '2']);
    const at = topicsAndKeys(slots).findIndex((keys) => keys.includes('orders.retry.1 b'));
    expect(slots.offsets[at]).toEqual(['0:2']);
  });

  it('never asks the policy for what a lost partition or a refused commit aborted', () => {
    const asked: unknown[] = [];
    const { slots } = play({
      marbles: 'a-------l',
      events,
      setup: { logs: [log0('-a'), log1('--A')] },
      project: (window$: Observable<In>, tx) => concat(copy(window$, tx), timer(20).pipe(mergeMap(() => []))),
      options: {
        maxMs: 5,
        onAbort: {
          attempts: 1,
          then: (tx) => {
            asked.push(tx);
            return deadLetter(tx.bytes, 'orders.dlq');
          },
        },
      },
      more: commitsNothing,
    });
    expect([asked, slots.aborted.length > 0, slots.offsets.flat()]).toEqual([[], true, ['1:1']]);
  });
});
