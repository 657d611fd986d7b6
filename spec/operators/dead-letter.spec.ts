import { NEVER, Subject, of, throwError } from 'rxjs';
import {
  type ProcessEachOptions,
  commitOffsets,
  deadLetter,
  failureHeaders,
  processEach,
} from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { type ConsumerRecord } from '../../src/model/consumer-record.js';
import { type ProducerRecord, type RecordSink } from '../../src/model/record-sink.js';
import { type Bytes } from '../../src/model/topic-partition.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { metadata } from './support/sinks.js';

type BytesRecord = ProducerRecord<Bytes | null, Bytes | null>;
const text = (bytes: Bytes | null | undefined): string | null => (bytes ? new TextDecoder().decode(bytes) : null);
const broken = new TypeError('no price');
const inits = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 } };
const failing = <S>(onFailure: ProcessEachOptions<S>['onFailure'], retry = 0) =>
  processEach<S, number>(() => throwError(() => broken), { onFailure, retry: { attempts: retry, initialMs: 1 } });

/** A sink answered by hand that has room for one record. */
class OneSink implements RecordSink<Bytes | null, Bytes | null> {
  readonly written: BytesRecord[] = [];
  readonly answers: ((error?: unknown) => void)[] = [];
  listener: () => void = () => undefined;
  full = false;
  readonly write = (
    written: BytesRecord,
    done: (error: unknown, at: ReturnType<typeof metadata> | null) => void,
  ): boolean => {
    if (this.full) throw new Error('written to a full sink');
    this.written.push(written);
    this.full = true;
    this.answers.push((error) => {
      this.full = false;
      done(error ?? null, error === undefined ? metadata(0) : null);
      this.listener();
    });
    return false;
  };
  readonly onReady = (listener: () => void): (() => void) => {
    this.listener = listener;
    return () => undefined;
  };
}

describe('deadLetter', () => {
  it('writes original bytes, kept headers and provenance [D#R5]', () => {
    const sink = new OneSink();
    const made = record({
      key: 'k',
      value: 'v',
      topic: 'orders',
      partition: 3,
      offset: 17,
      timestamp: 99,
      headers: [
        ['trace', '1'],
        ['trace', '2'],
        ['none', null],
      ],
    });
    of(made)
      .pipe(failing(deadLetter(sink, 'dlq')))
      .subscribe();
    const written = sink.written[0]!;
    expect([written.topic, text(written.key), text(written.value), written.partition, written.timestamp]).toEqual([
      'dlq',
      'k',
      'v',
      undefined,
      undefined,
    ]);
    const pairs = [...(written.headers as Iterable<readonly [string, string | Bytes | null]>)];
    expect(pairs.map(([name, value]) => [name, value instanceof Uint8Array ? text(value) : value])).toEqual([
      ['trace', '1'],
      ['trace', '2'],
      ['none', null],
      [failureHeaders.originalTopic, 'orders'],
      [failureHeaders.originalPartition, '3'],
      [failureHeaders.originalOffset, '17'],
      [failureHeaders.originalTimestamp, '99'],
      [failureHeaders.errorName, 'TypeError'],
      [failureHeaders.errorMessage, 'no price'],
      [failureHeaders.attempts, '1'],
    ]);
  });

  it('keeps the first provenance of a record that was a dead letter before', () => {
    const sink = new OneSink();
    const headers = { [failureHeaders.originalTopic]: 'first', [failureHeaders.errorName]: 'Old' };
    of(record({ key: 'k', value: 'v', topic: 'dlq', headers }))
      .pipe(failing(deadLetter(sink, 'dlq.2')))
      .subscribe();
    const pairs = new Map(sink.written[0]!.headers as Iterable<[string, string]>);
    expect([pairs.get(failureHeaders.originalTopic), pairs.get(failureHeaders.errorName)]).toEqual([
      'first',
      'TypeError',
    ]);
  });

  it('acknowledges only after the sink did, and goes on in order', () => {
    runMarbles(({ records, sink, expectAcks, expectObservable }) => {
      const out = sink<Bytes | null, Bytes | null>('5ms (a|)');
      const source$ = records('ab|', inits);
      expectObservable(source$.pipe(failing(deadLetter(out, 'dlq')))).toBe('10ms |');
      expectAcks(source$).toBe('5ms a 4ms b');
    });
  });

  it('fails the stream with the error of the sink and loses nothing', () => {
    const own = new Error('sink');
    const sink = new OneSink();
    const errors: unknown[] = [];
    const made = record({ key: 'k', value: 'v' });
    of(made)
      .pipe(failing(deadLetter(sink, 'dlq')))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(made.lease.state).toBe('open');
    sink.answers[0]!(own);
    expect([errors, made.lease.state]).toEqual([[own], 'released']);
  });

  it('fails the stream when the sink throws', () => {
    const sink = new OneSink();
    sink.full = true;
    const errors: unknown[] = [];
    of(record({ key: 'k', value: 'v' }))
      .pipe(failing(deadLetter(sink, 'dlq')))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([new Error('written to a full sink')]);
  });

  it('writes every record of a batch, one at a time into a full sink, before it acknowledges', () => {
    const sink = new OneSink();
    const items = [1, 2, 3].map((value) => record({ key: 'k', value, offset: value }));
    const { lease } = record({ key: 'k', value: 0 });
    of({ lease, items })
      .pipe(failing(deadLetter(sink, 'dlq')))
      .subscribe();
    for (let n = 0; n < 3; n += 1) {
      expect([sink.written.length, lease.state]).toEqual([n + 1, 'open']);
      sink.answers[n]!();
    }
    expect(sink.written.map(({ value }) => text(value))).toEqual(['1', '2', '3']);
    expect(lease.state).toBe('acked');
  });

  it('writes nothing any more for a stream that was left while it waited for room', () => {
    const sink = new OneSink();
    const items = [1, 2].map((value) => record({ key: 'k', value }));
    const { lease } = record({ key: 'k', value: 0 });
    const subscription = of({ lease, items })
      .pipe(failing(deadLetter(sink, 'dlq')))
      .subscribe();
    subscription.unsubscribe();
    sink.answers[0]!();
    expect([sink.written.length, lease.state]).toEqual([1, 'released']);
  });

  it('counts attempts, chooses the topic by the failure, cuts long messages', () => {
    const sink = new OneSink();
    const long = new Error('x'.repeat(5000));
    runMarbles(({ flush, records, expectObservable }) => {
      const policy = deadLetter(sink, ({ record: failed, attempts }) => `${failed.topic}.${attempts}`);
      const tries = processEach<ConsumerRecord<string, number>, number>(() => throwError(() => long), {
        onFailure: policy,
        retry: { attempts: 2, initialMs: 1 },
      });
      expectObservable(records('a', inits).pipe(tries)).toBe('-');
      flush();
    });
    const headers = new Map(sink.written[0]!.headers as Iterable<[string, string]>);
    expect(sink.written[0]!.topic).toBe('topic.3');
    expect([headers.get(failureHeaders.attempts), headers.get(failureHeaders.errorMessage)?.length]).toEqual([
      '3',
      1024,
    ]);
  });

  it('commits behind a dead letter only when it is written', () => {
    const sink = new OneSink();
    const source$ = new Subject<ConsumerRecord<string, number>>();
    const made = record({ key: 'k', value: 1 });
    source$.pipe(failing(deadLetter(sink, 'dlq')), commitOffsets({ everyMs: 1 })).subscribe();
    source$.next(made);
    source$.complete();
    expect(made.lease.state).toBe('open');
    sink.answers[0]!();
    expect(made.lease.state).toBe('acked');
  });

  it.each<[string, unknown[]]>([
    ['sink', [null, 'dlq']],
    ['sink', [{ write: 1 }, 'dlq']],
    ['topic', [new OneSink(), '']],
    ['topic', [new OneSink(), undefined]],
  ])('rejects a bad %s at the call', (option, args) => {
    const call = (): unknown => (deadLetter as (...all: unknown[]) => unknown)(...args);
    expect(call).toThrow(InvalidOptionError);
    expect(call).toThrow(expect.objectContaining({ option }) as Error);
  });

  it('is silent on a source that is', () => {
    runMarbles(({ expectObservable }) => {
      expectObservable(NEVER.pipe(failing(deadLetter(new OneSink(), 'dlq')))).toBe('-');
    });
  });
});
