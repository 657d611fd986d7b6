import { type Observable, delay, map, of } from 'rxjs';
import { acknowledge, forEachPartition, processEach } from '../../operators/index.js';
import type { ConsumerRecord } from '../../src/model/consumer-record.js';
import type { Consumer } from '../../src/model/consumer.js';
import { type MarbleHelpers, runMarbles } from '../../src/testing/index.js';

const p0 = { topic: 'orders', partition: 0 };
const p1 = { topic: 'orders', partition: 1 };
const at = (partition: number, offset: number): object => ({ topic: 'orders', partition, offset });
const numbered = (letters: string): Record<string, { key: string; value: string }> =>
  Object.fromEntries(Array.from(letters).map((letter) => [letter, { key: letter, value: letter }]));

type Group = MarbleHelpers['group'];
const consumerOf = (group: Group, marbles: string, events: object, setup: object): Consumer<string, string> =>
  group<string, string>(marbles, events as never, setup);

/** Work of so many milliseconds per record. */
const working =
  (ms: number) =>
  (records$: Observable<ConsumerRecord<string, string>>): Observable<{ value: string; lease: never }> =>
    records$.pipe(processEach((record) => of(record.value).pipe(delay(ms)))) as never;

describe('group', () => {
  it('[W5] assigns, delivers from the log, drains on a revocation and hands over after the commit', () => {
    runMarbles(({ group, expectObservable, expectValues, expectCommits, expectSettlements }) => {
      const consumer = consumerOf(
        group,
        'a-----r',
        { a: { assign: [p0, p1] }, r: { revoke: [p1], deadlineMs: 100 } },
        {
          logs: [
            { ...p0, records: '--x-----y', values: numbered('xy') },
            { ...p1, records: '---u--v', values: numbered('uv') },
          ],
        },
      );
      const done$ = consumer.partitions$.pipe(
        forEachPartition((records$) => records$.pipe(working(5))),
        acknowledge(),
      );
      // v comes in the frame of the revocation, is not delivered any more, and is the next owner's
      expectValues(done$).toBe('-------x u----y'.replace(' ', ''), { x: 'x', u: 'u', y: 'y' });
      expectSettlements(consumer).toBe({ acked: '-------xu----y' });
      expectCommits(consumer).toBe('--------b 4991ms c', { b: [at(1, 1)], c: [at(0, 2)] } as never);
      expectObservable(consumer.events$.pipe(map((event) => event.type))).toBe('(acc)---(rh)', {
        a: 'assigned',
        c: 'caughtUp',
        r: 'revoked',
        h: 'handedOff',
      });
    });
  });
});
