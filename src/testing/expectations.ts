import { EMPTY, NEVER, type Observable, concatWith, filter, map } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';
import type { CommitReceipt } from '../model/commit.js';
import type { OffsetList } from '../model/topic-partition.js';
import type { ExpectedSettlements, ExpectedTransaction } from './expected.js';
import { CommitMark, LeaseMark, TransactionMark } from './mark.js';
import type { Recorder, Recorders } from './recorder.js';
import type { Settlement } from './settlement-ledger.js';
import type { WrittenTransaction } from './written-transaction.js';

const kinds = ['acked', 'released', 'fenced'] as const;
const titles: Readonly<Record<Settlement['kind'], string>> = {
  acked: 'acknowledged leases',
  released: 'released leases',
  fenced: 'fenced leases',
};

type Expect = Pick<RunHelpers, 'expectObservable'>;

/** `.value` of what a stream emits; its completion only where the marbles have one. */
export function expectValues<V>(
  { expectObservable }: Expect,
  source$: Observable<{ readonly value: V }>,
  marbles: string,
  values: Readonly<Record<string, V>> | undefined,
): void {
  const end = marbles.includes('|') ? EMPTY : NEVER;
  const values$ = source$.pipe(
    map((item) => item.value),
    concatWith(end),
  );
  expectObservable(values$).toBe(marbles, values);
}

export function expectSettled({ expectObservable }: Expect, recorder: Recorder, expected: ExpectedSettlements): void {
  for (const kind of kinds) {
    const marbles = expected[kind] ?? '-';
    const title = titles[kind];
    const settled$ = recorder.settlements.pipe(
      filter((settlement) => settlement.kind === kind),
      map(({ letter }) => new LeaseMark(title, letter)),
    );
    expectObservable(settled$).toBe(
      marbles,
      lettersOf(marbles, (letter) => new LeaseMark(title, letter)),
    );
  }
}

/** Of acknowledgements alone. */
export function expectAcked({ expectObservable }: Expect, recorder: Recorder, marbles: string): void {
  const title = titles.acked;
  const acked$ = recorder.settlements.pipe(
    filter(({ kind }) => kind === 'acked'),
    map(({ letter }) => new LeaseMark(title, letter)),
  );
  expectObservable(acked$).toBe(
    marbles,
    lettersOf(marbles, (letter) => new LeaseMark(title, letter)),
  );
}

/** Of a source of the kit its commits; of any other stream the receipts that it emits. */
export function expectCommitted(
  { expectObservable }: Expect,
  commits$: Observable<OffsetList>,
  marbles: string,
  offsets: Readonly<Record<string, OffsetList>> | undefined,
): void {
  const actual$ = commits$.pipe(map((commit) => new CommitMark(offsets === undefined ? null : commit)));
  expectObservable(actual$).toBe(
    marbles,
    lettersOf(marbles, (letter) => new CommitMark(offsets === undefined ? null : known(offsets, letter))),
  );
}

export function expectEnds<V>(
  { expectObservable }: Expect,
  ends$: Observable<WrittenTransaction<unknown, V>>,
  marbles: string,
  transactions: Readonly<Record<string, ExpectedTransaction<V>>>,
): void {
  const withOffsets = Object.values(transactions).some(({ offsets }) => offsets !== undefined);
  const actual$ = ends$.pipe(
    map(({ outcome, records, offsets }) => {
      const values = records.map(({ value }) => value);
      return new TransactionMark(outcome, values, withOffsets ? offsets : null);
    }),
  );
  const mark = (letter: string): TransactionMark => {
    const { committed, aborted, offsets = [] } = transactions[letter] ?? {};
    const outcome = aborted === undefined ? 'committed' : 'aborted';
    return new TransactionMark(outcome, committed ?? aborted ?? [], withOffsets ? offsets : null);
  };
  expectObservable(actual$).toBe(marbles, lettersOf(marbles, mark));
}

export function receiptsOf(source$: Observable<unknown>): Observable<OffsetList> {
  return source$.pipe(
    map((item) => {
      const { offsets } = (typeof item === 'object' && item !== null ? item : {}) as Partial<CommitReceipt>;
      if (Array.isArray(offsets)) return offsets as OffsetList;
      throw new UsageError(
        'expectCommits takes what records(), partitions() or group() returned, or a stream of CommitReceipts',
      );
    }),
  );
}

/** @throws UsageError for a stream that is not the helper's own, but one piped from it */
export function recorderOf(recorders: Recorders, source: object, name: string): Recorder {
  const recorder = recorders.of(source);
  if (recorder !== undefined) return recorder;
  throw new UsageError(
    `${name} takes the very stream that records() or partitions() returned, or a consumer of group(), not one piped from it`,
  );
}

function known(offsets: Readonly<Record<string, OffsetList>>, letter: string): OffsetList {
  return offsets[letter] ?? [];
}

/** A value for every character that could be a letter. */
function lettersOf<T>(marbles: string, value: (letter: string) => T): Record<string, T> {
  return Object.fromEntries([...new Set(marbles)].map((letter) => [letter, value(letter)]));
}
