import { type Observable, asyncScheduler, map, timer } from 'rxjs';
import { type TransactionOptions, produce, transaction } from '../../../operators/index.js';
import { TransactionError } from '../../../src/errors/client-errors.js';
import type { ConsumerRecord } from '../../../src/model/consumer-record.js';
import type { Transaction } from '../../../src/model/transaction.js';
import { type MarbleHelpers, runMarbles } from '../../../src/testing/index.js';
import { ScriptedTransactions } from './scripted-transactions.js';

export type In = ConsumerRecord<string, number>;
export type Tx = Transaction<string, number>;
export type Project = (window$: Observable<In>, tx: Tx) => Observable<unknown>;

/** Lower case letters are of partition 0, values from 0; upper case of partition 1, values from 10. */
const inits = Object.fromEntries(
  Array.from('abcdefghABCD', (key) => {
    const upper = key < 'a';
    const value = upper ? 10 + key.charCodeAt(0) - 65 : key.charCodeAt(0) - 97;
    return [key, { key, value, partition: upper ? 1 : 0 }] as const;
  }),
);

/** Writes each record and emits its value. */
export const copy: Project = (window$, tx) =>
  window$.pipe(
    produce(tx, ({ value }) => ({ topic: 'out', value })),
    map((out) => out.source.value),
  );

export function abortable(text: string): TransactionError {
  return new TransactionError(text, { abortable: true });
}

/** One subscription with what it told: `value@frame`, `|@frame`, `#@frame` with the error beside. */
export interface Run {
  readonly told: string[];
  error: unknown;
  unsubscribe: () => void;
}

export interface TransactionBench extends MarbleHelpers {
  readonly slots: ScriptedTransactions;
  readonly start: <S extends In>(source$: Observable<S>, project: Project, options?: TransactionOptions) => Run;
  readonly records$: (marbles: string) => Observable<In>;
  readonly at: (frame: number, work: () => void) => void;
}

/** Runs a script in virtual time; afterwards no transaction is open and none was misused. */
export function bench(
  test: (bench: TransactionBench) => void,
  { count = 1, timeoutMs = 10_000 }: { readonly count?: number; readonly timeoutMs?: number } = {},
): ScriptedTransactions {
  const slots = new ScriptedTransactions(asyncScheduler, count, timeoutMs);
  runMarbles((helpers) => {
    test({
      ...helpers,
      slots,
      records$: (marbles) => helpers.records<string, number>(marbles, inits),
      start: (source$, project, options) => {
        const told: string[] = [];
        const run: Run = { told, error: null, unsubscribe: () => undefined };
        const subscription = source$
          .pipe(transaction(slots.producer<string, number>(), project as never, options))
          .subscribe({
            next: (value: unknown) => told.push(`${String(value)}@${asyncScheduler.now()}`),
            error: (error: unknown) => {
              told.push(`#@${asyncScheduler.now()}`);
              run.error = error;
            },
            complete: () => told.push(`|@${asyncScheduler.now()}`),
          });
        run.unsubscribe = () => {
          subscription.unsubscribe();
        };
        return run;
      },
      at: (frame, work) => {
        timer(frame).subscribe(work);
      },
    });
    helpers.flush();
  });
  expect(slots.violations).toEqual([]);
  expect(slots.open).toEqual([]);
  return slots;
}
