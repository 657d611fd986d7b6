import { delay, of } from 'rxjs';
import { acknowledge } from '../../operators/acknowledge.js';
import { commitOffsets } from '../../operators/commit-offsets.js';
import { forEachPartition } from '../../operators/for-each-partition.js';
import { processEach } from '../../operators/process-each.js';
import { runMarbles } from '../../src/testing/index.js';

/** Milliseconds of CPU, so that what else runs on the machine does not count. */
function cpuMs(work: () => void): number {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

const tp = { topic: 'orders', partition: 0 };
const values = { b: { key: 'b', value: 1 }, c: { key: 'c', value: 2 } };

/** Revoked while a record is in work, assigned again, lost. */
function rebalance(): void {
  runMarbles(({ group, expectCommits, expectSettlements }) => {
    const consumer = group<string, number>(
      'a--r------a-l',
      { a: { assign: [tp] }, r: { revoke: [tp], deadlineMs: 1000 }, l: { lose: [tp] } },
      { logs: [{ ...tp, records: '-b--c', values }] },
    );
    consumer.partitions$
      .pipe(
        forEachPartition((records$) => records$.pipe(processEach(({ value }) => of(value).pipe(delay(5))))),
        commitOffsets(),
      )
      .subscribe();
    expectSettlements(consumer).toBe({ acked: '------b', fenced: '------------c' });
    expectCommits(consumer).toBe('------c', { c: [{ ...tp, offset: 1 }] });
  });
}

function pipeline(): void {
  runMarbles(({ records, expectAcks, expectValues }) => {
    const orders$ = records('b-c|', values);
    expectValues(
      orders$.pipe(
        processEach(({ value }) => of(value * 2).pipe(delay(5))),
        acknowledge(),
      ),
    ).toBe('-----b----(c|)', { b: 2, c: 4 });
    expectAcks(orders$).toBe('-----b----c');
  });
}

// first in this file: everything is compiled within it
it('a rebalance in mid-flight takes under 100 ms in its first run', () => {
  expect(cpuMs(rebalance)).toBeLessThan(100);
});

it('a file of a hundred tests takes under a second', () => {
  const file = (): void => {
    for (let n = 0; n < 50; n++) {
      pipeline();
      rebalance();
    }
  };
  expect(cpuMs(file)).toBeLessThan(1000);
});
