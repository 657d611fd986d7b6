import {
  type Observable,
  concatMap,
  defer,
  delay,
  filter,
  map,
  mergeMap,
  of,
  repeat,
  skip,
  take,
  tap,
  timer,
} from 'rxjs';
import { acknowledge, commitOffsets, forEachPartition, processEach } from '../../operators/index.js';
import type { ConsumerRecord } from '../../src/model/consumer-record.js';
import type { Consumer } from '../../src/model/consumer.js';
import type { Leased } from '../../src/model/lease.js';
import { type GroupEvent, type GroupSetup, type MarbleHelpers, runMarbles } from '../../src/testing/index.js';

const p0 = { topic: 'orders', partition: 0 };
const p1 = { topic: 'orders', partition: 1 };
const at = (partition: number, offset: number) => ({ topic: 'orders', partition, offset });
const numbered = (letters: string): Record<string, { key: string; value: string }> =>
  Object.fromEntries(Array.from(letters).map((letter) => [letter, { key: letter, value: letter }]));
const log0 = (records: string) => ({ ...p0, records, values: numbered('abcdefgxyz') });
const log1 = (records: string) => ({ ...p1, records, values: numbered('tuvw') });

/** Work of so many milliseconds per record. */
const working =
  (ms: number) =>
  (records$: Observable<ConsumerRecord<string, string>>): Observable<Leased & { readonly value: string }> =>
    records$.pipe(processEach((record) => of(record.value).pipe(delay(ms))));

const consumerOf = (
  group: MarbleHelpers['group'],
  marbles: string,
  events: Record<string, GroupEvent>,
  setup: GroupSetup<string, string>,
): Consumer<string, string> => group<string, string>(marbles, events, setup);

const typesOf = (consumer: Consumer<string, string>): Observable<string> =>
  consumer.events$.pipe(
    map((event) => event.type),
    filter((type) => type !== 'caughtUp'),
  );

describe('group', () => {
  it('[W5] assigns, delivers from the log, drains on a revocation and hands over after the commit', () => {
    runMarbles(({ group, expectObservable, expectValues, expectCommits, expectSettlements }) => {
      const events = { a: { assign: [p0, p1] }, r: { revoke: [p1], deadlineMs: 100 } };
      const logs = [log0('--x-----y'), log1('---u--v')];
      const consumer = consumerOf(group, 'a-----r', events, { logs });
      const done$ = consumer.partitions$.pipe(
        forEachPartition((records$) => records$.pipe(working(5))),
        acknowledge(),
      );
      // v comes in the frame of the revocation, is not delivered any more, and is the next owner's
      expectValues(done$).toBe('-------xu----y', { x: 'x', u: 'u', y: 'y' });
      expectSettlements(consumer).toBe({ acked: '-------xu----y' });
      expectCommits(consumer).toBe('--------b 4991ms c', { b: [at(1, 1)], c: [at(0, 2)] });
      expectObservable(typesOf(consumer)).toBe('a-------(rh)', {
        a: 'assigned',
        r: 'revoked',
        h: 'handedOff',
      });
    });
  });

  it('[W5] ends a drain at its deadline: what is open then is fenced, and what was done before is committed', () => {
    runMarbles(({ group, expectObservable, expectValues, expectCommits, expectSettlements }) => {
      const events = { a: { assign: [p0] }, r: { revoke: [p0], deadlineMs: 40 } };
      const consumer = consumerOf(group, 'a----r', events, { logs: [log0('-x-y')] });
      const slow$ = consumer.records$.pipe(
        processEach((record) => of(record.value).pipe(delay(record.value === 'x' ? 9 : 900))),
        acknowledge(),
      );
      expectValues(slow$).toBe('10ms x 899ms y', { x: 'x', y: 'y' });
      // of the 40 ms a quarter is kept for the hook and the commit
      expectSettlements(consumer).toBe({ acked: '10ms x', fenced: '35ms y' });
      expectCommits(consumer).toBe('35ms c', { c: [at(0, 1)] });
      const handedOff$ = consumer.events$.pipe(filter((event) => event.type === 'handedOff'));
      expectObservable(handedOff$).toBe('35ms h', {
        h: { type: 'handedOff', partitions: [p0], drained: 1, abandoned: [at(0, 1)] },
      });
    });
  });

  it('[W5] fences at once what is lost, and commits nothing of it', () => {
    runMarbles(({ flush, group, expectObservable, expectCommits, expectSettlements }) => {
      const events = { a: { assign: [p0, p1] }, l: { lose: [p0] } };
      const consumer = consumerOf(group, 'a---l', events, { logs: [log0('-x'), log1('-t')] });
      const aborted: string[] = [];
      const done$ = consumer.records$.pipe(
        processEach((record, { signal }) => {
          signal.addEventListener('abort', () => aborted.push(record.value));
          return of(record.value).pipe(delay(10));
        }),
        commitOffsets({ everyMs: 5 }),
        map(({ offsets, outcome }) => [outcome, offsets.map(({ partition, offset }) => [partition, offset])]),
      );
      expectObservable(done$).toBe('- 10ms c', { c: ['committed', [[1, 1]]] });
      expectSettlements(consumer).toBe({ acked: '- 10ms t', fenced: '----x' });
      expectCommits(consumer).toBe('- 10ms c', { c: [at(1, 1)] });
      expectObservable(typesOf(consumer)).toBe('a---l', { a: 'assigned', l: 'lost' });
      flush();
      expect(aborted).toEqual(['x']);
    });
  });

  it('[W5] brings a partition that is assigned again while it drains back afterwards, under a new epoch', () => {
    runMarbles(({ group, expectObservable, expectCommits }) => {
      const events = { a: { assign: [p0] }, r: { revoke: [p0] } };
      const consumer = consumerOf(group, 'a--r-a', events, { logs: [log0('-x----y')] });
      const seen$ = consumer.partitions$.pipe(
        mergeMap((partition$) =>
          partition$.pipe(
            working(10),
            acknowledge(),
            map(({ value }) => `${value}${partition$.epoch}`),
          ),
        ),
      );
      expectObservable(seen$).toBe('11ms x 9ms y', { x: 'x1', y: 'y2' });
      expectCommits(consumer).toBe('11ms c 4999ms d', { c: [at(0, 1)], d: [at(0, 2)] });
      expectObservable(typesOf(consumer)).toBe('a 10ms (rha)', { a: 'assigned', r: 'revoked', h: 'handedOff' });
    });
  });

  it('[W5] gives a member that joins later, or again, what is assigned by then, from what was committed', () => {
    runMarbles(({ group, expectObservable, expectCommits }) => {
      const consumer = consumerOf(group, 'a', { a: { assign: [p0] } }, { logs: [log0('xyz')] });
      const one$ = consumer.records$.pipe(
        take(1),
        acknowledge(),
        map(({ value }) => value),
      );
      const twice$ = one$.pipe(repeat({ count: 2, delay: () => timer(5) }));
      expectObservable(twice$, '--^').toBe('--x----(y|)');
      expectCommits(consumer).toBe('--c----d', { c: [at(0, 1)], d: [at(0, 2)] });
      expectObservable(consumer.assignment$).toBe('a-(ba)-(ba)', { a: [], b: [p0] });
    });
  });

  it('[W5] keeps the window: a partition whose leases are open pauses, and says why', () => {
    runMarbles(({ group, expectObservable, expectSettlements, cold }) => {
      const setup = { logs: [log0('xyz')], window: { records: 2 } };
      const consumer = consumerOf(group, 'a', { a: { assign: [p0] } }, setup);
      const delivered: string[] = [];
      const done$ = consumer.records$.pipe(
        tap(({ value }) => delivered.push(value)),
        concatMap((record) => of(record).pipe(delay(5))),
        acknowledge(),
        map(({ value }) => `${value} of ${delivered.join('')}`),
      );
      expectObservable(done$).toBe('-----x----y----z', { x: 'x of xy', y: 'y of xyz', z: 'z of xyz' });
      expectSettlements(consumer).toBe({ acked: '-----x----y----z' });
      const why$ = cold('--w').pipe(map(() => consumer.why(p0)));
      const paused = { paused: ['window'], oldestLeaseAgeMs: 2, openLeases: 2, oldestOffset: 0, broker: null };
      expectObservable(why$).toBe('--w', { w: paused });
    });
  });

  it('[W5] rewinds after a release and delivers again, in order, with the back-off of the client', () => {
    runMarbles(({ group, expectObservable, expectSettlements, expectCommits }) => {
      const consumer = consumerOf(group, 'a', { a: { assign: [p0] } }, { logs: [log0('-xy')] });
      let tries = 0;
      const done$ = consumer.records$.pipe(
        tap((record) => {
          if (record.value === 'x' && tries++ === 0) record.lease.release();
          else record.lease.ack();
        }),
        map(({ value }) => value),
      );
      expectObservable(done$).toBe('-x 99ms (xy)');
      expectSettlements(consumer).toBe({ acked: '- 100ms (xy)', released: '-x' });
      expectCommits(consumer).toBe('5s c', { c: [at(0, 2)] });
    });
  });

  it('drains at | and completes, fails at # with that error, and fails where a log says #', () => {
    runMarbles(({ group, expectObservable, expectCommits }) => {
      const events = { a: { assign: [p0] } };
      const drained = consumerOf(group, 'a--|', events, { logs: [log0('-x')] });
      const values = (consumer: Consumer<string, string>): Observable<string> =>
        consumer.records$.pipe(
          working(5),
          acknowledge(),
          map(({ value }) => value),
        );
      expectObservable(values(drained)).toBe('------(x|)');
      expectObservable(drained.state$.pipe(skip(3))).toBe('---d--i', { d: 'draining', i: 'idle' });
      expectCommits(drained).toBe('------c', { c: [at(0, 1)] });
      expectObservable(values(consumerOf(group, 'a--#', events, { logs: [log0('-x')] }))).toBe('---#');
      expectObservable(values(consumerOf(group, 'a', events, { logs: [log0('-x-#')] }))).toBe('---#');
    });
  });

  it('answers seek, position, committed, offsets, batches and bounded reads from the script', () => {
    runMarbles(({ group, expectObservable, cold }) => {
      const setup = { logs: [log0('(xyz)')], committed: [at(0, 1)], commit: false as const };
      const consumer = consumerOf(group, 'a', { a: { assign: [p0] } }, setup);
      const batches$ = consumer.batches$.pipe(
        acknowledge(),
        map(({ items }) => items.map(({ value }) => value).join('')),
      );
      expectObservable(batches$).toBe('b---c', { b: 'yz', c: 'xyz' });
      cold('----s')
        .pipe(mergeMap(() => consumer.seek(p0, 'beginning')))
        .subscribe();
      const later = <T>(ask: () => Observable<T>): Observable<T> => cold('--q').pipe(mergeMap(() => defer(ask)));
      expectObservable(later(() => consumer.position(p0))).toBe('--a', { a: 3 });
      expectObservable(later(() => consumer.committed([p0, p1]))).toBe('--a', { a: [at(0, 1)] });
      expectObservable(later(() => consumer.endOffsets([p0])).pipe(map(([end]) => end?.offset))).toBe('--a', { a: 3 });
      expectObservable(later(() => consumer.readRange()).pipe(map(({ value }) => value))).toBe('--(xyz)');
      expectObservable(later(() => consumer.listTopics())).toBe('--a', { a: ['orders'] });
    });
  });

  it('runs the hooks within the drain, and commits after them', () => {
    runMarbles(({ group, expectCommits, expectObservable }) => {
      const events = { a: { assign: [p0] }, r: { revoke: [p0], deadlineMs: 400 } };
      const setup = { logs: [log0('-x')], onRevoked: () => timer(20) };
      const consumer = consumerOf(group, 'a--r', events, setup);
      expectObservable(consumer.records$.pipe(acknowledge()).pipe(map(({ value }) => value))).toBe('-x');
      expectCommits(consumer).toBe('23ms c', { c: [at(0, 1)] });
    });
  });

  it('says that a partition is stalled while a marble is still expected, and ends by itself otherwise', () => {
    runMarbles(({ group, expectObservable }) => {
      const setup = { logs: [log0('x')], stallWarningMs: 2000 };
      const consumer = consumerOf(group, 'a', { a: { assign: [p0] } }, setup);
      expectObservable(consumer.records$.pipe(map(({ lease }) => lease.state))).toBe('o', { o: 'open' });
      expectObservable(typesOf(consumer)).toBe('a 1999ms s', { a: 'assigned', s: 'stalled' });
    });
  });

  it('refuses a script that contradicts itself, and a letter without meaning', () => {
    const run = (
      marbles: string,
      events: Record<string, GroupEvent>,
      logs: GroupSetup<string, string>['logs'] = [],
    ) => {
      runMarbles(({ group }) => {
        group(marbles, events, { logs });
      });
    };
    expect(() => {
      run('ab', { a: { assign: [p0] }, b: { assign: [p0] } });
    }).toThrow('group: b assigns orders-0, which is assigned already');
    expect(() => {
      run('a', { a: { lose: [p1] } });
    }).toThrow('group: a takes orders-1 away, which is not assigned then');
    expect(() => {
      run('a-b', { a: {} });
    }).toThrow('group: there is no value for the letter b of the group');
    expect(() => {
      run('-', {}, [{ ...p0, records: '- 10ms z', values: {} }]);
    }).toThrow('group: there is no value for the letter z of orders-0');
  });
});
