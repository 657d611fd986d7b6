import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';
import {
  expectAcked,
  expectCommitted,
  expectEnds,
  expectSettled,
  expectValues,
  receiptsOf,
  recorderOf,
} from './expectations.js';
import type { TestHome } from './group-consumer.js';
import { groupOf, Groups, partitionsOf } from './group-run.js';
import { Recorder, Recorders } from './recorder.js';
import { recordsOf } from './records-script.js';
import type { MarbleHelpers } from './run-marbles.js';
import { scriptedSink } from './scripted-sink.js';
import { ScriptedTransactional } from './scripted-transactional.js';
import { BackgroundScheduler, testRuntime } from './test-runtime.js';

/** The helpers of one test, and what they know of each other. */
export class MarbleKit {
  readonly #base: RunHelpers;
  readonly #scheduler: TestScheduler;
  readonly #home: TestHome;
  readonly #groups: Groups = new Groups();
  readonly #recorders: Recorders = new Recorders();

  constructor(base: RunHelpers, scheduler: TestScheduler) {
    this.#base = base;
    this.#scheduler = scheduler;
    this.#home = {
      runtime: testRuntime(scheduler),
      background: testRuntime(new BackgroundScheduler(scheduler)),
    };
  }

  helpers(): MarbleHelpers {
    const recorders = this.#recorders;
    const base: RunHelpers = { ...this.#base, expectObservable: this.#expectObservable };
    return {
      ...base,
      records: (marbles, values) => {
        const recorder = new Recorder();
        const records$ = recordsOf(base, this.#scheduler, recorder, marbles, values);
        recorders.add(recorder, records$);
        return records$;
      },
      partitions: (marbles, values, settings = {}) => {
        const recorder = new Recorder();
        const partitions$ = partitionsOf(base, this.#home, this.#groups, recorder, marbles, values, settings);
        recorders.add(recorder, partitions$);
        return partitions$;
      },
      group: (marbles, events, setup = {}) => {
        const recorder = new Recorder();
        const consumer = groupOf(base, this.#home, this.#groups, recorder, marbles, events, setup);
        recorders.add(recorder, consumer, consumer.records$, consumer.partitions$, consumer.batches$);
        return consumer;
      },
      sink: (respond = '(a|)') => scriptedSink(base.cold(respond), this.#scheduler),
      transactional: <K, V>(script = {}) =>
        new ScriptedTransactional<K, V>(base, this.#home.runtime, this.#groups, script),
      parked: (source) => recorderOf(recorders, source, 'parked').parkings.asObservable(),
      expectValues: (source$) => ({
        toBe: (marbles, values) => {
          expectValues(base, source$, marbles, values);
        },
      }),
      expectAcks: (source) => {
        const recorder = recorderOf(recorders, source, 'expectAcks');
        return {
          toBe: (marbles) => {
            expectAcked(base, recorder, marbles);
          },
        };
      },
      expectSettlements: (source) => {
        const recorder = recorderOf(recorders, source, 'expectSettlements');
        return {
          toBe: (settlements) => {
            expectSettled(base, recorder, settlements);
          },
        };
      },
      expectCommits: (source) => {
        const commits$ = recorders.of(source)?.commits ?? receiptsOf('records$' in source ? source.records$ : source);
        return {
          toBe: (marbles, offsets) => {
            expectCommitted(base, commits$, marbles, offsets);
          },
        };
      },
      expectTransactions: (producer) => {
        if (!(producer instanceof ScriptedTransactional)) {
          throw new UsageError('expectTransactions takes what transactional() returned');
        }
        const { ends } = producer;
        return {
          toBe: (marbles, transactions) => {
            expectEnds(base, ends, marbles, transactions);
          },
        };
      },
    };
  }

  /** Time goes on as long as a marble is expected, whatever else is scheduled. */
  readonly #expectObservable: RunHelpers['expectObservable'] = (observable, subscriptionMarbles = null) => {
    const expectation = this.#base.expectObservable(observable, subscriptionMarbles);
    return {
      toBe: (marbles: string, ...rest) => {
        const last = TestScheduler.parseMarbles(marbles, undefined, undefined, undefined, true).at(-1);
        if (last !== undefined) this.#reach(last.frame);
        expectation.toBe(marbles, ...rest);
      },
      toEqual: (other) => {
        expectation.toEqual(other);
      },
    };
  };

  #reach(frame: number): void {
    this.#scheduler.schedule(() => undefined, Math.max(0, frame - this.#scheduler.now()));
  }
}
