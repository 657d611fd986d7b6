import { EMPTY, NEVER, map, of } from 'rxjs';
import { acknowledge, commitOffsets } from '../../operators/index.js';
import { type MarbleHelpers, runMarbles } from '../../src/testing/index.js';

const values = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 } };
const tp = { topic: 'topic', partition: 0 };

/** What a failing test says. */
function saidBy(test: (helpers: MarbleHelpers) => void): string {
  try {
    runMarbles(test);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing: the test passed';
}

describe('a failed expectation draws both sides in common columns', () => {
  it('expectValues', () => {
    const said = saidBy(({ records, expectValues }) => {
      expectValues(records('-a--b|', values)).toBe('-a-b-|', { a: 1, b: 3 });
    });
    expect(said).toBe(
      [
        'Marbles differ',
        'expected  -a-b-|',
        'actual    -a--c|',
        'with      a = 1',
        '          b = 3',
        '          c = 2',
      ].join('\n'),
    );
  });

  it('expectAcks, by the letters of the records', () => {
    const said = saidBy(({ records, expectValues, expectAcks }) => {
      const records$ = records('-a--b|', values);
      expectValues(records$.pipe(acknowledge())).toBe('-x--y|', { x: 1, y: 2 });
      expectAcks(records$).toBe('-a 20ms b');
    });
    expect(said).toBe(
      ['Marbles of acknowledged leases differ', 'expected  -a--- 17ms b', 'actual    -a--b'].join('\n'),
    );
  });

  it('expectSettlements, a kind that is left out included', () => {
    const settle = (released: string | undefined) =>
      saidBy(({ records, expectSettlements }) => {
        const records$ = records('-ab|', values);
        records$.subscribe(({ value, lease }) => (value === 1 ? lease.ack() : lease.release()));
        expectSettlements(records$).toBe({ acked: '-a', ...(released === undefined ? {} : { released }) });
      });
    expect(settle('--b')).toBe('nothing: the test passed');
    expect(settle('-b')).toBe(['Marbles of released leases differ', 'expected  -b', 'actual    --b'].join('\n'));
    expect(settle(undefined)).toBe(
      ['Marbles of released leases differ', 'expected  - (nothing)', 'actual    --b'].join('\n'),
    );
    const fenced = saidBy(({ group, expectSettlements }) => {
      const events = { a: { assign: [tp] }, l: { lose: [tp] } };
      const consumer = group<string, number>('a--l', events, { logs: [{ ...tp, records: '-a', values }] });
      consumer.records$.subscribe();
      expectSettlements(consumer).toBe({ acked: '-', released: '-' });
    });
    expect(fenced).toBe(['Marbles of fenced leases differ', 'expected  - (nothing)', 'actual    ---a'].join('\n'));
  });

  it('expectCommits, with the offsets', () => {
    const committing = (marbles: string, offset: number | null) =>
      saidBy(({ records, expectCommits }) => {
        const records$ = records('-a--b|', values);
        records$.pipe(commitOffsets({ everyMs: 2 })).subscribe();
        const offsets = offset === null ? undefined : { c: [{ ...tp, offset: 1 }], d: [{ ...tp, offset }] };
        expectCommits(records$).toBe(marbles, offsets);
      });
    expect(committing('---c-d', 2)).toBe('nothing: the test passed');
    expect(committing('---x-x', null)).toBe('nothing: the test passed');
    expect(committing('---c-d', 7)).toBe(
      [
        'Marbles of commits differ',
        'expected  ---a-b',
        'actual    ---a-c',
        'with      a = topic-0 at 1',
        '          b = topic-0 at 7',
        '          c = topic-0 at 2',
      ].join('\n'),
    );
    expect(committing('-', null)).toBe(
      ['Marbles of commits differ', 'expected  - (nothing)', 'actual    ---a-a', 'with      a = any offsets'].join(
        '\n',
      ),
    );
  });

  it('expectCommits of a stream of receipts', () => {
    const said = saidBy(({ records, expectCommits }) => {
      const receipts$ = records('-a|', values).pipe(commitOffsets());
      expectCommits(receipts$).toBe('--c', { c: [{ ...tp, offset: 1 }] });
    });
    expect(said).toBe('Marbles of commits differ\nexpected  --a\nactual    --(a|)\nwith      a = topic-0 at 1');
  });

  it('expectTransactions, with outcome, values and offsets', () => {
    const said = saidBy(({ transactional, expectTransactions, expectObservable }) => {
      const producer = transactional<string, number>({ commit: '5ms (a|)' });
      const done$ = producer.transaction((tx) => tx.send({ topic: 't', value: 1 }).pipe(map(() => 'sent')));
      expectObservable(done$).toBe('s----|', { s: 'sent' });
      expectTransactions(producer).toBe('-----c', { c: { aborted: [1] } });
    });
    expect(said).toBe(
      [
        'Marbles of transactions differ',
        'expected  -----a',
        'actual    -----b',
        'with      a = aborted [1]',
        '          b = committed [1]',
      ].join('\n'),
    );
  });

  it('expectSubscriptions', () => {
    const said = saidBy(({ cold, expectSubscriptions }) => {
      const source = cold('-a|');
      source.subscribe();
      expectSubscriptions(source.subscriptions).toBe('^ 20ms !');
    });
    expect(said).toBe(['Subscriptions differ', 'expected  ^-- 18ms !', 'actual    ^-!'].join('\n'));
  });

  it('one side under the other where a group makes common columns impossible', () => {
    const said = saidBy(({ cold, expectObservable }) => {
      expectObservable(cold('a---(bc|)')).toBe('a---(bc)-|');
    });
    expect(said).toContain('expected  a---(bc)-|\nactual    a---(bc|)');
  });
});

describe('what an expectation takes', () => {
  it('is the very stream of a helper', () => {
    runMarbles(({ expectAcks, expectSettlements, parked, expectTransactions }) => {
      const message = 'takes the very stream that records() or partitions() returned, or a consumer of group()';
      expect(() => expectAcks(EMPTY)).toThrow(`expectAcks ${message}`);
      expect(() => expectSettlements(NEVER)).toThrow(`expectSettlements ${message}`);
      expect(() => parked(NEVER)).toThrow(`parked ${message}`);
      expect(() => expectTransactions({} as never)).toThrow('expectTransactions takes what transactional() returned');
    });
  });

  it('or, of commits, a stream of receipts and nothing else', () => {
    const said = saidBy(({ expectCommits }) => {
      expectCommits(of(1)).toBe('c', { c: [] });
    });
    expect(said).toContain('or a stream of CommitReceipts');
  });
});
