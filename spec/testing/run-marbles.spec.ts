import { EMPTY, map } from 'rxjs';
import { acknowledge, commitOffsets, mapValue, processEach, produce } from '../../operators/index.js';
import { record, runMarbles } from '../../src/testing/index.js';

interface Order {
  readonly id: string;
  readonly qty: number;
}
const order = { key: 'k', value: { id: '1', qty: 1 } };

describe('runMarbles', () => {
  it('runs the logic of production with scripted records and a scripted sink', () => {
    runMarbles(({ records, sink, expectValues, expectAcks, cold }) => {
      const out = sink<string, { id: string; total: number }>('20ms (a|)');
      const orders$ = records('-a|', { a: order });
      const result$ = orders$.pipe(
        processEach((o) => cold('10ms (i|)', { i: { id: o.value.id, total: 1 } }), { order: 'key', concurrency: 8 }),
        produce(out, (p) => ({ topic: 'invoices', key: p.record.key, value: p.value })),
      );
      expectValues(result$.pipe(map((d) => d.source))).toBe('- 30ms a', { a: { id: '1', total: 1 } });
      expectAcks(orders$).toBe('-');
    });
  });

  it('returns what the test returns', () => {
    expect(runMarbles(() => 7)).toBe(7);
  });

  it('shows both sides of a failed expectation as marbles', () => {
    expect(() => {
      runMarbles(({ records, expectValues }) => {
        expectValues(records('-a 20ms b|', { a: { key: 1, value: 'x' }, b: { key: 2, value: 'y' } })).toBe('-a---c|', {
          a: 'x',
          c: 'z',
        });
      });
    }).toThrow(
      [
        'Marbles differ',
        'expected  -a---b|',
        'actual    -a----- 15ms c|',
        'with      a = "x"',
        '          b = "z"',
        '          c = "y"',
      ].join('\n'),
    );
  });

  it('fails when a value differs although the frames agree', () => {
    expect(() => {
      runMarbles(({ cold, expectObservable }) => {
        expectObservable(cold('a|', { a: { n: 1, deep: [1, 2] } })).toBe('a|', { a: { n: 1, deep: [1, 3] } });
      });
    }).toThrow('Marbles differ');
  });

  it('compares errors by name and message', () => {
    const failing =
      (text: string): (() => void) =>
      () => {
        runMarbles(({ cold, expectObservable }) => {
          expectObservable(cold('#', undefined, new TypeError('bad'))).toBe('#', undefined, new TypeError(text));
        });
      };
    expect(failing('bad')).not.toThrow();
    expect(failing('good')).toThrow('TypeError: bad');
  });
});

describe('records', () => {
  it('counts offsets up per partition and starts anew for each subscriber', () => {
    runMarbles(({ records, expectObservable }) => {
      const records$ = records('abca|', {
        a: { key: 'a', value: 1 },
        b: { key: 'b', value: 2, partition: 1 },
        c: { key: 'c', value: 3, offset: 10 },
      });
      const offsets$ = records$.pipe(map((r) => `${String(r.partition)}@${String(r.offset)}`));
      const values = { a: '0@0', b: '1@0', c: '0@10', d: '0@11' };
      expectObservable(offsets$).toBe('abcd|', values);
      expectObservable(offsets$).toBe('abcd|', values);
    });
  });

  it('fails the stream for a letter without a value', () => {
    runMarbles(({ records, expectObservable }) => {
      expectObservable(records('-z|', {}).pipe(map(() => 1))).toBe(
        '-#',
        undefined,
        Object.assign(new Error('records: there is no value for the letter z'), { name: 'UsageError' }),
      );
    });
  });

  it('compares with records made by hand', () => {
    runMarbles(({ records, expectObservable }) => {
      expectObservable(records('a|', { a: order })).toBe('a|', { a: record(order) });
    });
  });
});

describe('expectValues', () => {
  it('compares the completion where the marbles have one', () => {
    const expecting = (marbles: string) => (): void => {
      runMarbles(({ records, expectValues }) => {
        expectValues(records('-a-|', { a: { key: 1, value: 'a' } })).toBe(marbles);
      });
    };
    expect(expecting('-a')).not.toThrow();
    expect(expecting('-a-|')).not.toThrow();
    expect(expecting('-a--|')).toThrow('Marbles differ');
    expect(expecting('-a-#')).toThrow('Marbles differ');
  });
});

describe('expectAcks', () => {
  it('tells when leases were acknowledged, by letter', () => {
    runMarbles(({ records, expectAcks, expectValues }) => {
      const orders$ = records('-a-b|', { a: order, b: { key: 'k', value: { id: '2', qty: 2 } } });
      expectValues(
        orders$.pipe(
          mapValue((r) => r.value.qty),
          acknowledge(),
        ),
      ).toBe('-x-y|', { x: 1, y: 2 });
      expectAcks(orders$).toBe('-a-b');
    });
  });

  it('sees an acknowledgement in frame 0', () => {
    runMarbles(({ records, expectAcks, expectValues }) => {
      const orders$ = records('(ab|)', { a: order, b: order });
      expectValues(
        orders$.pipe(
          mapValue(() => 0),
          acknowledge(),
        ),
      ).toBe('(xx|)', { x: 0 });
      expectAcks(orders$).toBe('(ab)');
    });
  });

  it('fails when an acknowledgement is missing', () => {
    expect(() => {
      runMarbles(({ records, expectAcks, expectValues }) => {
        const orders$ = records('a|', { a: order });
        expectValues(orders$.pipe(mapValue(() => 0))).toBe('x|', { x: 0 });
        expectAcks(orders$).toBe('a');
      });
    }).toThrow('- (nothing)');
  });

  it('takes only a stream of records()', () => {
    expect(() => {
      runMarbles(({ expectAcks }) => {
        expectAcks(EMPTY);
      });
    }).toThrow('expectAcks takes the very stream');
  });
});

describe('sink', () => {
  it('answers each record after its own delay and keeps what was written', () => {
    runMarbles(({ records, sink, expectObservable, flush }) => {
      const out = sink<string, Order>('5ms (a|)');
      const written$ = records('ab|', { a: order, b: order }).pipe(
        produce(out, (r) => ({ topic: 't', key: r.key, value: r.value })),
        map((d) => [d.topic, d.partition, d.offset, d.timestamp, d.serializedKeySize]),
      );
      expectObservable(written$).toBe('5ms a(b|)', { a: ['t', 0, 0, 0, 1], b: ['t', 0, 1, 1, 1] });
      flush();
      expect(out.written).toEqual([
        { topic: 't', key: 'k', value: order.value },
        { topic: 't', key: 'k', value: order.value },
      ]);
    });
  });

  it('fails records by a scripted error', () => {
    runMarbles(({ records, sink, expectObservable }) => {
      const out = sink<string, Order>('5ms #');
      expectObservable(records('a', { a: order }).pipe(produce(out, (r) => ({ topic: 't', value: r.value })))).toBe(
        '5ms #',
      );
    });
  });
});

describe('record', () => {
  it('has comparable fields, bytes, headers and an open lease', () => {
    const made = record({ ...order, headers: { h: 'x', none: null } });
    expect(made).toMatchObject({ topic: 'topic', partition: 0, offset: 0, timestamp: 0, key: 'k', value: order.value });
    expect([made.headers.text('h'), made.headers.text('none'), made.headers.text('other')]).toEqual([
      'x',
      null,
      undefined,
    ]);
    expect(made.keyBytes).toEqual(new Uint8Array([107]));
    expect(made.serializedValueSize).toBe(JSON.stringify(order.value).length);
    expect([made.lease.state, made.lease.ack(), made.lease.ack(), made.lease.state]).toEqual([
      'open',
      'accepted',
      'duplicate',
      'acked',
    ]);
    expect(made.detach()).toEqual(made);
    expect(record({ key: 'k', value: 1 })).not.toEqual(record({ key: 'k', value: 2 }));
  });

  it('commits what was acknowledged through commitOffsets', () => {
    runMarbles(({ records, expectObservable }) => {
      const receipts$ = records('ab-----c-|', { a: order, b: order, c: order }).pipe(
        commitOffsets({ everyMs: 4 }),
        map((receipt) => receipt.offsets[0]?.offset),
      );
      expectObservable(receipts$).toBe('----x----(y|)', { x: 2, y: 3 });
    });
  });
});
