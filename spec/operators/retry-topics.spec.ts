import { EMPTY, NEVER, Subject, VirtualTimeScheduler, throwError } from 'rxjs';
import { failureHeaders, processEach, retryTopics } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { type ConsumerRecord } from '../../src/model/consumer-record.js';
import { type ProducerRecord } from '../../src/model/record-sink.js';
import { type Bytes } from '../../src/model/topic-partition.js';
import { record, runMarbles } from '../../src/testing/index.js';
import { ParkingOwner, SpecLease } from './support/leases.js';

type BytesRecord = ProducerRecord<Bytes | null, Bytes | null>;
const options = { topic: 'orders', delaysMs: [1000, 5000], deadLetter: 'orders.dlq' };
const headersOf = (written: BytesRecord): Map<string, string> => new Map(written.headers as Iterable<[string, string]>);
const fails = throwError(() => new Error('broken'));

describe('retryTopics', () => {
  it('names its topics', () => {
    runMarbles(({ sink }) => {
      expect(retryTopics(sink(), options).topics).toEqual(['orders.retry.1', 'orders.retry.2']);
    });
  });

  it('writes to the first, the next and then the dead letter topic, with due time, attempts and first provenance', () => {
    runMarbles(({ sink, records, flush, expectAcks, expectObservable }) => {
      const out = sink<Bytes | null, Bytes | null>('2ms (a|)');
      const policy = retryTopics(out, options);
      const again = {
        [failureHeaders.originalTopic]: 'orders',
        [failureHeaders.attempts]: '4',
        [failureHeaders.retryAttempt]: '1',
      };
      const source$ = records('5ms a 9ms b 9ms c|', {
        a: { key: 'k', value: 'v', topic: 'orders', offset: 7 },
        b: { key: 'k', value: 'v', topic: 'orders.retry.1', headers: again },
        c: { key: 'k', value: 'v', topic: 'orders.retry.2', headers: again },
      });
      expectObservable(source$.pipe(processEach(() => fails, { onFailure: policy }))).toBe('27ms |');
      expectAcks(source$).toBe('7ms a 9ms b 9ms c');
      flush();
      expect(out.written.map(({ topic }) => topic)).toEqual(['orders.retry.1', 'orders.retry.2', 'orders.dlq']);
      const [first, second, dead] = out.written.map(headersOf);
      const read = (headers: Map<string, string>): unknown[] =>
        [
          failureHeaders.retryAttempt,
          failureHeaders.retryDue,
          failureHeaders.attempts,
          failureHeaders.originalTopic,
        ].map((name) => headers.get(name));
      expect(read(first!)).toEqual(['1', '1005', '1', 'orders']);
      expect(first!.get(failureHeaders.originalOffset)).toBe('7');
      expect(read(second!)).toEqual(['2', '5015', '5', 'orders']);
      expect(read(dead!)).toEqual([undefined, undefined, '5', 'orders']);
    });
  });

  it('starts anew with a record that was sent back to the original topic', () => {
    runMarbles(({ sink, records, flush, expectObservable }) => {
      const out = sink<Bytes | null, Bytes | null>();
      const headers = { [failureHeaders.originalTopic]: 'orders', [failureHeaders.attempts]: '9' };
      const source$ = records('(a|)', { a: { key: 'k', value: 'v', topic: 'orders', headers } });
      expectObservable(source$.pipe(processEach(() => fails, { onFailure: retryTopics(out, options) }))).toBe('|');
      flush();
      expect(out.written[0]!.topic).toBe('orders.retry.1');
      expect(headersOf(out.written[0]!).get(failureHeaders.attempts)).toBe('1');
    });
  });

  it('fails the stream when the sink does', () => {
    runMarbles(({ sink, records, expectAcks, expectObservable }) => {
      const source$ = records('a|', { a: { key: 'k', value: 'v', topic: 'orders' } });
      expectObservable(source$.pipe(processEach(() => fails, { onFailure: retryTopics(sink('3ms #'), options) }))).toBe(
        '3ms #',
      );
      expectAcks(source$).toBe('-');
    });
  });

  it.each<[string, unknown]>([
    ['options', null],
    ['topic', { ...options, topic: '' }],
    ['deadLetter', { ...options, deadLetter: undefined }],
    ['delaysMs', { ...options, delaysMs: [] }],
    ['delaysMs', { ...options, delaysMs: [0] }],
    ['delaysMs', { ...options, delaysMs: 5 }],
    ['delays', { ...options, delays: [1] }],
  ])('rejects bad %s at the call', (option, bad) => {
    runMarbles(({ sink }) => {
      const call = (): unknown => retryTopics(sink(), bad as never);
      expect(call).toThrow(InvalidOptionError);
      expect(call).toThrow(expect.objectContaining({ option }) as Error);
    });
    expect(() => retryTopics({} as never, options)).toThrow(InvalidOptionError);
  });
});

describe('whenDue', () => {
  const due = (at: number) => ({ [failureHeaders.retryDue]: String(at) });
  const inits = {
    n: { key: 'k', value: 0, topic: 'orders' },
    a: { key: 'k', value: 1, topic: 'orders.retry.1', headers: due(10) },
    b: { key: 'k', value: 2, topic: 'orders.retry.1', headers: due(12) },
    c: { key: 'k', value: 3, topic: 'orders.retry.1', partition: 1, headers: due(5) },
    x: { key: 'k', value: 4, topic: 'orders.retry.1', partition: 2, headers: due(9_000_000) },
  };
  const values = { n: 0, a: 1, b: 2, c: 3, x: 4 };

  it('holds what is not due, in order, and lets everything else pass', () => {
    runMarbles(({ sink, records, expectValues }) => {
      const { whenDue } = retryTopics(sink(), options);
      expectValues(records('anbc-|', inits).pipe(whenDue())).toBe('-n---c----a-(b|)', values);
    });
  });

  it('never waits longer than the delay of the topic', () => {
    runMarbles(({ sink, records, expectValues }) => {
      expectValues(records('x|', inits).pipe(retryTopics(sink(), options).whenDue())).toBe('1s (x|)', values);
    });
  });

  it('counts from the timestamp of a record without due time', () => {
    runMarbles(({ sink, records, expectValues }) => {
      const foreign = { key: 'k', value: 1, topic: 'orders.retry.1', timestamp: 5 };
      const made$ = records('a|', { a: foreign });
      expectValues(made$.pipe(retryTopics(sink(), options).whenDue())).toBe('1s (a|)', values);
    });
  });

  it('is silent, completes and fails with its source, and serves two subscribers apart', () => {
    runMarbles(({ sink, records, expectObservable, expectValues }) => {
      const { whenDue } = retryTopics(sink(), options);
      expectObservable(NEVER.pipe(whenDue())).toBe('-');
      expectObservable(EMPTY.pipe(whenDue())).toBe('|');
      expectValues(records('n-#', inits).pipe(whenDue())).toBe('n-#', values);
      const twice$ = records('a|', inits).pipe(whenDue());
      expectValues(twice$).toBe('10ms (a|)', values);
      expectValues(twice$).toBe('10ms (a|)', values);
    });
  });

  /** Two partitions at 0 on a virtual clock. */
  const held = () => {
    const scheduler = new VirtualTimeScheduler();
    const owners = [0, 1].map((partition) => new ParkingOwner(partition, scheduler));
    for (const owner of owners) Object.assign(owner.runtime, { wallClock: () => scheduler.now() });
    const source$ = new Subject<ConsumerRecord<string, number>>();
    const out: number[] = [];
    const ends: string[] = [];
    const sink = { write: () => true, onReady: () => () => undefined };
    const subscription = source$.pipe(retryTopics(sink, options).whenDue()).subscribe({
      next: ({ value }) => out.push(value),
      complete: () => ends.push('complete'),
    });
    const push = (value: number, partition = 0): SpecLease => {
      const lease = new SpecLease(owners[partition]!);
      const made = record({ key: 'k', value, topic: 'orders.retry.1', partition, headers: due(value) });
      source$.next(Object.defineProperty(made, 'lease', { value: lease }));
      return lease;
    };
    return { scheduler, owners, source$, out, ends, push, subscription };
  };

  it('pauses the partition meanwhile, with one timer for all', () => {
    const { scheduler, owners, push, out } = held();
    push(10);
    push(20);
    push(15, 1);
    expect(owners.map(({ holds }) => holds)).toEqual([['notDue'], ['notDue']]);
    expect(scheduler.actions.length).toBe(1);
    scheduler.flush();
    expect(out).toEqual([10, 15, 20]);
    expect(owners.map(({ holds, listeners }) => [holds, listeners])).toEqual([
      [[], 0],
      [[], 0],
    ]);
  });

  it.each(['revoking', 'draining', 'lost'] as const)('releases what waits when the partition is %s', (why) => {
    const { scheduler, owners, push, out, ends, source$ } = held();
    const leases = [push(10), push(20), push(15, 1)];
    source$.complete();
    owners[0]!.press(why);
    expect(leases.map(({ state, taken }) => [state, taken])).toEqual([
      ['released', 1],
      ['released', 1],
      ['open', 1],
    ]);
    expect([owners[0]!.holds, ends]).toEqual([[], []]);
    scheduler.flush();
    expect([out, ends]).toEqual([[15], ['complete']]);
  });

  it('lets the partition go when what waits was sought past', () => {
    const { owners, push, scheduler, out } = held();
    const lease = push(10);
    lease.fence();
    expect(owners[0]!.holds).toEqual([]);
    push(12);
    scheduler.flush();
    expect(out).toEqual([12]);
  });

  it('releases everything when downstream leaves', () => {
    const { owners, push, subscription, scheduler, out } = held();
    const leases = [push(10), push(20), push(15, 1)];
    subscription.unsubscribe();
    scheduler.flush();
    expect([leases.map(({ state }) => state), out]).toEqual([['released', 'released', 'released'], []]);
    expect(owners.map(({ holds, listeners }) => [holds, listeners])).toEqual([
      [[], 0],
      [[], 0],
    ]);
  });
});
