import { delay, map, mergeMap, of } from 'rxjs';
import { acknowledge, commitOffsets, forEachPartition, processEach } from '../../operators/index.js';
import { runMarbles } from '../../src/testing/index.js';

const numbered = (letters: string): Record<string, { key: string; value: string }> =>
  Object.fromEntries(Array.from(letters).map((letter) => [letter, { key: letter, value: letter }]));
const zero = (records: string) => ({ topic: 'orders', partition: 0, records, values: numbered('xyz') });
const one = (records: string) => ({ topic: 'orders', partition: 1, records, values: numbered('uvw') });

describe('partitions', () => {
  it('gives streams with records of their own, and completes when the last has ended', () => {
    runMarbles(({ partitions, expectObservable, expectAcks }) => {
      const partitions$ = partitions('a-b|', { a: zero('-x--y|'), b: one('u--v--|') });
      const seen$ = partitions$.pipe(
        mergeMap((partition$) =>
          partition$.pipe(
            acknowledge(),
            map(({ value, offset }) => `${value}${offset}@${partition$.key.partition}`),
          ),
        ),
      );
      expectObservable(seen$).toBe('-bc-de--|', { b: 'x0@0', c: 'u0@1', d: 'y1@0', e: 'v1@1' });
      expectAcks(partitions$).toBe('-xu-yv');
    });
  });

  it('gives each subscriber a script and an epoch of its own', () => {
    runMarbles(({ partitions, expectObservable }) => {
      const partitions$ = partitions('a', { a: zero('x') });
      const seen$ = partitions$.pipe(
        mergeMap((p$) => p$.pipe(map(({ value }) => `${value} ${p$.epoch} ${p$.position}`))),
      );
      expectObservable(seen$).toBe('a', { a: 'x 1 1' });
      expectObservable(seen$, '---^').toBe('---a', { a: 'x 1 1' });
    });
  });

  it('pauses, resumes and seeks, and tells the end by revoking$ and ended$', () => {
    const log: string[] = [];
    runMarbles(({ partitions, expectValues, cold }) => {
      const partitions$ = partitions('a', { a: zero('x---y----|') });
      const seen$ = partitions$.pipe(
        mergeMap((p$) => {
          p$.pause();
          cold('--r').subscribe(() => {
            log.push(`paused ${p$.paused} lag ${p$.lag}`);
            p$.resume();
          });
          cold('-----s')
            .pipe(mergeMap(() => p$.seek(1)))
            .subscribe((offset) => log.push(`sought ${offset}, end ${p$.highWatermark}`));
          p$.revoking$.subscribe(({ deadline }) => log.push(`revoking until ${deadline}`));
          p$.ended$.subscribe((why) => log.push(why));
          return p$.pipe(acknowledge());
        }),
      );
      expectValues(seen$).toBe('--x-yy', { x: 'x', y: 'y' });
    });
    expect(log).toEqual(['paused true lag 0', 'sought 1, end 2', 'revoking until 30009', 'revoked']);
  });

  it('commits behind what is acknowledged, under a cadence of the pipe, and at the end of a partition', () => {
    runMarbles(({ partitions, expectCommits, expectSettlements, expectObservable }) => {
      const partitions$ = partitions('a', { a: zero('x--y----z|') });
      const done$ = partitions$.pipe(
        forEachPartition((p$) => p$.pipe(processEach(({ value }) => of(value).pipe(delay(2))))),
        commitOffsets({ everyMs: 5 }),
        map(({ offsets }) => offsets[0]?.offset),
      );
      expectObservable(done$).toBe('-----b----c', { b: 2, c: 3 });
      const offsets = (offset: number) => [{ topic: 'orders', partition: 0, offset }];
      expectCommits(partitions$).toBe('-----b----c', { b: offsets(2), c: offsets(3) });
      expectSettlements(partitions$).toBe({ acked: '--x--y----z' });
    });
  });

  it('fails with the error of a script', () => {
    runMarbles(({ partitions, expectObservable }) => {
      expectObservable(partitions('a-#', { a: zero('x') }).pipe(map(({ partition }) => partition))).toBe('a-#', {
        a: 0,
      });
      const records$ = partitions('a', { a: zero('x-#') }).pipe(mergeMap((p$) => p$.pipe(map(({ value }) => value))));
      expectObservable(records$).toBe('x-#');
    });
  });
});
