import { takeLease } from '../../src/model/lease.js';
import { type PartitionCursor } from '../../src/consumer/partition-cursor.js';
import { batchBytes, batchBytesLater } from './support/batches.js';
import { type FakeLog } from './support/fake-brokers.js';
import { acking, FlowBench, Sink } from './support/flow-bench.js';

type Options = ConstructorParameters<typeof FlowBench>[0];

function setUp(
  options: Options,
  fill: (log: FakeLog) => void,
): { bench: FlowBench; cursor: PartitionCursor; log: FakeLog } {
  const bench = new FlowBench(options);
  const [log] = bench.brokers.topic('t', [1]) as [FakeLog];
  fill(log);
  return { bench, cursor: bench.open('t', 0), log };
}

describe('PartitionCursor positions', () => {
  it('[B128, KJ#562, L13] moves by the batch header, over compacted, empty and control batches', () => {
    const { bench, cursor, log } = setUp({}, (log) => {
      log.append(batchBytes({ base: 0, records: ['a', 'b'], next: 10 }));
      log.append(batchBytes({ base: 10, records: [], next: 15 }));
      log.append(batchBytes({ base: 15, records: ['c'] }));
      log.append(batchBytes({ base: 16, records: [], control: 'commit', producerId: 1 }));
    });
    const sink = acking();
    cursor.attachRecords(sink);
    bench.advance(20);
    expect(sink.offsets).toEqual([0, 1, 15]);
    expect([cursor.position, cursor.commitValue?.offset, log.end]).toEqual([17, 17, 17]);
    expect(bench.told.at(-1)).toBe('settled t-0 17');
  });

  it('tells a position that only moved over hidden batches', () => {
    const { bench, cursor } = setUp({}, (log) => {
      log.append(batchBytes({ base: 0, records: [], control: 'abort', producerId: 1 }));
    });
    cursor.attachRecords(acking());
    bench.advance(20);
    expect([bench.told, cursor.position]).toEqual([['settled t-0 1'], 1]);
  });

  it('hides aborted transactions when reading committed', () => {
    const fill = (log: FakeLog): void => {
      log.append(batchBytes({ base: 0, records: ['gone', 'gone'], producerId: 4, transactional: true }));
      log.append(batchBytes({ base: 2, records: [], control: 'abort', producerId: 4 }));
      log.append(batchBytes({ base: 3, records: ['kept'], producerId: 4, transactional: true }));
      log.aborted = [{ producerId: 4, firstOffset: 0 }];
    };
    const values = [0, 1].map((isolationLevel) => {
      const { bench, cursor } = setUp({ isolationLevel: isolationLevel as 0 | 1 }, fill);
      const sink = acking();
      cursor.attachRecords(sink);
      bench.advance(20);
      return sink.values;
    });
    expect(values).toEqual([['gone', 'gone', 'kept'], ['kept']]);
  });

  it('skips records below the position inside a batch', () => {
    const { bench, cursor } = setUp({}, (log) => {
      log.fill(10);
    });
    const sink = acking();
    cursor.moveTo(6, -1);
    cursor.attachRecords(sink);
    bench.advance(20);
    expect([sink.offsets, sink.values]).toEqual([
      [6, 7, 8, 9],
      ['6', '7', '8', '9'],
    ]);
  });

  it('[C28] delivers what lies before a damaged batch, tells the damage once, and keeps the position', () => {
    const { bench, cursor, log } = setUp({}, (log) => {
      log.fill(3);
      const bytes = batchBytes({ base: 3, records: ['damaged'] });
      bytes[bytes.length - 2]! ^= 1;
      log.append(bytes);
      log.fill(1);
    });
    const sink = acking();
    cursor.attachRecords(sink);
    bench.advance(3000);
    expect([sink.offsets, cursor.position, cursor.commitValue?.offset]).toEqual([[0, 1, 2], 3, 3]);
    expect(bench.trouble).toEqual(['failed t-0 at 0 ERR_KAFKA_CRC_MISMATCH']);
    const fetches = bench.brokers.fetches.length;
    bench.advance(3000);
    expect(bench.brokers.fetches.length).toBe(fetches);
    // past the damage by hand
    cursor.moveTo(4, -1);
    bench.advance(20);
    expect([sink.offsets.at(-1), log.end]).toEqual([4, 5]);
  });

  it('tells records that do not decode once, with the position at their batch', () => {
    const { bench, cursor } = setUp({ checkCrcs: false }, (log) => {
      log.fill(2);
      const bytes = batchBytes({ base: 2, records: ['one', 'two'], compression: 'gzip' });
      bytes.fill(0xee, 70);
      log.append(bytes);
    });
    const sink = acking();
    cursor.attachRecords(sink);
    bench.advance(3000);
    expect([sink.offsets, cursor.position]).toEqual([[0, 1], 2]);
    expect(bench.trouble).toEqual(['failed t-0 at 2 ERR_KAFKA_PROTOCOL_DECODE']);
    expect(bench.fetcher.budget.held).toBe(0);
  });

  it('keeps the order across batches whose codec answers later', async () => {
    const codecs = ['zstd', 'none', 'gzip', 'zstd', 'snappy', 'lz4', 'zstd', 'none'] as const;
    const batches: Uint8Array[] = [];
    for (const [i, compression] of codecs.entries()) {
      const records = [0, 1, 2].map((n) => `${compression} ${3 * i + n}`);
      batches.push(await batchBytesLater({ base: 3 * i, records, compression }));
    }
    const { bench, cursor } = setUp({}, (log) => {
      for (const batch of batches) log.append(batch);
    });
    const sink = acking();
    cursor.attachRecords(sink);
    for (let turn = 0; turn < 200 && sink.records.length < 24; turn++) {
      bench.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sink.values).toEqual(codecs.flatMap((codec, i) => [0, 1, 2].map((n) => `${codec} ${3 * i + n}`)));
    bench.advance(20);
    expect([bench.trouble, bench.fetcher.budget.held]).toEqual([[], 0]);
  });
});

describe('PartitionCursor back-pressure', () => {
  it('stops at the window, resumes when credit returns, and says each time that it is full', () => {
    const { bench, cursor } = setUp({ windowRecords: 4 }, (log) => {
      log.fill(10);
    });
    const pressed: string[] = [];
    cursor.onPressure((why) => pressed.push(why));
    const sink = new Sink();
    cursor.attachRecords(sink);
    bench.advance(20);
    expect([sink.offsets, cursor.windowFull, cursor.openLeases]).toEqual([[0, 1, 2, 3], true, 4]);
    sink.records[1]!.lease.ack();
    expect(sink.records.length).toBe(4);
    bench.advance(5);
    expect([sink.offsets.at(-1), cursor.commitValue?.offset]).toEqual([4, 0]);
    for (const record of sink.records) record.lease.ack();
    bench.advance(5);
    expect(sink.offsets.length).toBe(9);
    expect(pressed).toEqual(['windowFull', 'windowFull', 'windowFull']);
  });

  it('[E6, E7] delivers in a hop and never in the stack of an acknowledgement', () => {
    const { bench, cursor } = setUp({ windowRecords: 1 }, (log) => {
      log.fill(5000);
    });
    let depth = 0;
    let deepest = 0;
    const sink = new Sink((record) => {
      deepest = Math.max(deepest, ++depth);
      record.lease.ack();
      depth--;
    });
    cursor.attachRecords(sink);
    bench.advance(50);
    expect([sink.records.length, deepest]).toEqual([5000, 1]);
  });

  it('[L9, L11] keeps each reason of a pause until it is taken back by the one who gave it', () => {
    const { bench, cursor } = setUp({}, (log) => {
      log.fill(3);
    });
    const sink = acking();
    cursor.pause('user');
    const ends = [cursor.hold('tx'), cursor.hold('tx')];
    cursor.attachRecords(sink);
    bench.advance(20);
    expect([...cursor.pauseReasons].sort()).toEqual(['tx', 'user']);
    cursor.resume('user');
    ends[0]!();
    ends[0]!();
    bench.advance(20);
    expect([sink.records.length, [...cursor.pauseReasons], cursor.deliverable]).toEqual([0, ['tx'], false]);
    ends[1]!();
    bench.advance(20);
    expect([sink.records.length, cursor.pauseReasons.size]).toEqual([3, 0]);
  });

  it('[D#R3, L21] keeps what is buffered over a pause', () => {
    const { bench, cursor } = setUp({}, (log) => {
      log.fill(3);
    });
    const sink = acking();
    cursor.pause('window');
    cursor.attachRecords(sink);
    bench.advance(20);
    const fetched = bench.brokers.fetches.filter(({ request }) => request.topics.length > 0).length;
    cursor.resume('window');
    bench.advance(2);
    expect(sink.offsets).toEqual([0, 1, 2]);
    expect(bench.brokers.fetches.filter(({ request }) => request.topics.length > 0).length).toBe(fetched);
  });
});

describe('PartitionCursor epochs', () => {
  const ten = (log: FakeLog): void => {
    log.fill(10);
  };

  it('[L28] fences open leases at moveTo, drops what is buffered, and commits the new position', () => {
    const { bench, cursor } = setUp({ windowRecords: 4 }, ten);
    const sink = new Sink();
    cursor.attachRecords(sink);
    bench.advance(20);
    const old = [...sink.records];
    const signal = old[0]!.lease.signal;
    cursor.moveTo(2, 0);
    expect([cursor.deliveryEpoch, cursor.commitValue, cursor.openLeases]).toEqual([
      1,
      { offset: 2, leaderEpoch: 0 },
      0,
    ]);
    expect([signal.aborted, ...old.map((record) => record.lease.ack())]).toEqual([
      true,
      ...Array<string>(4).fill('fenced'),
    ]);
    // the long poll that is on its way has to end first
    bench.advance(600);
    expect(sink.offsets.slice(4)).toEqual([2, 3, 4, 5]);
    // late settles of the old epoch moved nothing
    expect(cursor.commitValue?.offset).toBe(2);
  });

  it('goes back to a released record after its other leases settled, later each time', () => {
    const { bench, cursor } = setUp({ windowRecords: 5, fetchMaxWaitMs: 1 }, ten);
    const rewinds: number[] = [];
    bench.listener.positionInvalid = (it, why) => {
      rewinds.push(bench.brokers.runtime.now());
      expect(why).toBe('released');
      it.rewind();
    };
    const sink = new Sink((record) => {
      if (record.offset === 1 && rewinds.length < 3) record.lease.release();
      else if (record.offset !== 0 || rewinds.length > 0) record.lease.ack();
    });
    cursor.attachRecords(sink);
    bench.advance(1000);
    // record 0 is open: no rewind, no delivery behind the released one, no commit
    expect([rewinds, sink.offsets, cursor.commitValue?.offset]).toEqual([[], [0, 1], 0]);
    sink.records[0]!.lease.ack();
    const from = bench.brokers.runtime.now();
    bench.advance(3000);
    expect(sink.offsets).toEqual([0, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const waits = rewinds.map((at, i) => at - (i === 0 ? from : rewinds[i - 1]!));
    for (const [i, nominal] of [100, 200, 400].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(nominal * 0.8);
      expect(waits[i]).toBeLessThanOrEqual(nominal * 1.2 + 10);
    }
    expect(cursor.commitValue?.offset).toBe(10);
  });

  it('[L5] keeps leases open over stopDelivery, delivers nothing more, and commits as they settle', () => {
    const { bench, cursor } = setUp({ windowRecords: 4 }, ten);
    const sink = new Sink();
    cursor.attachRecords(sink);
    bench.advance(20);
    cursor.stopDelivery();
    const fetches = bench.brokers.fetches.length;
    expect(sink.records.map((record) => record.lease.ack())).toEqual(Array(4).fill('accepted'));
    bench.advance(2000);
    expect([sink.offsets, cursor.commitValue?.offset, cursor.openLeases]).toEqual([[0, 1, 2, 3], 4, 0]);
    expect([bench.fetcher.budget.held, bench.brokers.fetches.length]).toEqual([0, fetches]);
  });

  it('does not move over hidden batches that arrive during a drain: what was dropped before them was not delivered', () => {
    const { bench, cursor, log } = setUp({ windowRecords: 1 }, ten);
    const sink = new Sink();
    cursor.attachRecords(sink);
    bench.advance(20);
    expect(bench.brokers.fetches.at(-1)?.request.topics[0]?.partitions[0]?.fetchOffset).toBe(10);
    cursor.stopDelivery();
    log.append(batchBytes({ base: 10, records: [], control: 'abort', producerId: 1 }));
    bench.advance(2000);
    sink.records[0]!.lease.ack();
    bench.hops();
    expect([sink.offsets, cursor.commitValue?.offset]).toEqual([[0], 1]);
    expect(bench.fetcher.budget.held).toBe(0);
  });

  it('fences what nobody took when the subscriber leaves, and lets the taken ones settle', () => {
    const { bench, cursor } = setUp({ windowRecords: 4 }, ten);
    const sink = new Sink((record) => {
      if (record.offset % 2 === 0) record.lease[takeLease]?.();
    });
    cursor.attachRecords(sink);
    bench.advance(20);
    cursor.detach();
    cursor.fenceUntaken();
    expect(sink.records.map((record) => record.lease.state)).toEqual(['open', 'fenced', 'open', 'fenced']);
    expect([cursor.openLeases, cursor.tracker.taken]).toEqual([2, 2]);
    for (const record of sink.records) record.lease.ack();
    bench.advance(20);
    expect([cursor.commitValue?.offset, cursor.openLeases]).toEqual([1, 0]);
  });

  it('frees the frames of fenced records', () => {
    const { bench, cursor } = setUp({}, ten);
    cursor.attachRecords(new Sink());
    bench.advance(20);
    expect(bench.fetcher.budget.held).toBeGreaterThan(0);
    cursor.detach();
    cursor.fenceUntaken();
    expect(bench.fetcher.budget.held).toBe(0);
  });

  it('survives a receiver that moves, closes, pauses, detaches or attaches in next', () => {
    const acts: ((cursor: PartitionCursor, other: Sink) => void)[] = [
      (cursor) => {
        cursor.moveTo(8, -1);
      },
      (cursor) => {
        cursor.close();
      },
      (cursor) => {
        cursor.pause('x');
      },
      (cursor) => {
        cursor.detach();
      },
      (cursor, other) => {
        cursor.attachRecords(other);
      },
      (cursor) => {
        cursor.stopDelivery();
      },
    ];
    const seen = acts.map((act) => {
      const { bench, cursor } = setUp({}, ten);
      const other = acking();
      const sink = new Sink((record) => {
        record.lease.ack();
        if (record.offset === 3) act(cursor, other);
      });
      cursor.attachRecords(sink);
      bench.advance(600);
      return [...sink.offsets, '|', ...other.offsets].join(' ');
    });
    expect(seen).toEqual([
      '0 1 2 3 8 9 |',
      '0 1 2 3 |',
      '0 1 2 3 |',
      '0 1 2 3 |',
      '0 1 2 3 | 4 5 6 7 8 9',
      '0 1 2 3 |',
    ]);
  });
});

describe("acknowledge: 'onNext'", () => {
  it('is done when next returned, unless the lease was taken', () => {
    const { bench, cursor } = setUp({ acknowledge: 'onNext' }, (log) => {
      log.fill(4);
    });
    const sink = new Sink((record) => {
      if (record.offset === 2) record.lease[takeLease]?.();
    });
    cursor.attachRecords(sink);
    bench.advance(20);
    expect(sink.records.map((record) => record.lease.state)).toEqual(['acked', 'acked', 'open', 'acked']);
    expect(cursor.commitValue?.offset).toBe(2);
  });

  it('counts the record during whose next the subscriber left, and not one whose next threw', () => {
    const { bench, cursor } = setUp({ acknowledge: 'onNext' }, (log) => {
      log.fill(4);
    });
    const failures: unknown[] = [];
    bench.listener.receiverFailed = (_cursor, error) => failures.push(error);
    const sink = new Sink((record) => {
      if (record.offset === 0) throw new Error('in next');
      if (record.offset !== 2) return;
      cursor.detach();
      cursor.fenceUntaken();
    });
    cursor.attachRecords(sink);
    bench.advance(20);
    expect(sink.records.map((record) => record.lease.state)).toEqual(['fenced', 'acked', 'acked']);
    expect(failures).toEqual([new Error('in next')]);
  });

  it('settles batches, without the items that were taken', () => {
    const { bench, cursor } = setUp({ acknowledge: 'onNext', maxPollRecords: 3 }, (log) => {
      log.fill(4);
    });
    const sink = new Sink();
    sink.onBatch = ({ items }) => {
      const second = items[1];
      if (second !== undefined) second.lease[takeLease]?.();
    };
    cursor.attachBatches(sink);
    bench.advance(20);
    expect(sink.records.map((record) => record.state)).toEqual(['acked', 'open', 'acked', 'acked']);
  });
});

describe('PartitionCursor batches', () => {
  it('delivers up to maxPollRecords under one lease, over several record batches', () => {
    const { bench, cursor } = setUp({ maxPollRecords: 7 }, (log) => {
      for (let i = 0; i < 5; i++) log.fill(4);
    });
    const sink = new Sink();
    cursor.attachBatches(sink);
    bench.advance(20);
    expect(sink.batches.map(({ items }) => items.length)).toEqual([7, 7, 6]);
    expect(sink.batches.map(({ lease }) => lease.ack())).toEqual(['accepted', 'accepted', 'accepted']);
    bench.advance(5);
    expect([cursor.commitValue?.offset, cursor.openLeases, bench.fetcher.budget.held]).toEqual([20, 0, 0]);
    expect(sink.batches[0]!.lease.ack()).toBe('duplicate');
    expect(sink.records[3]!.lease.state).toBe('acked');
  });

  it('lets single items settle, and the batch settle the rest', () => {
    const { bench, cursor } = setUp({}, (log) => {
      log.fill(4);
      log.fill(4);
    });
    const sink = new Sink();
    cursor.attachBatches(sink);
    bench.advance(20);
    const batch = sink.batches[0]!;
    sink.records[5]!.lease.ack();
    expect([batch.lease.state, cursor.openLeases]).toEqual(['open', 7]);
    expect([batch.lease.ack(), batch.lease.state, sink.records[5]!.lease.ack()]).toEqual([
      'accepted',
      'acked',
      'duplicate',
    ]);
    bench.advance(5);
    expect([cursor.commitValue?.offset, bench.fetcher.budget.held]).toEqual([8, 0]);
  });

  it('is fenced as a whole', () => {
    const { bench, cursor } = setUp({}, (log) => {
      log.fill(4);
    });
    const sink = new Sink();
    cursor.attachBatches(sink);
    bench.advance(20);
    const { lease } = sink.batches[0]!;
    const { signal } = lease;
    cursor.moveTo(0, -1);
    expect([signal.aborted, lease.state, lease.ack(), lease.release()]).toEqual([true, 'fenced', 'fenced', 'fenced']);
  });
});
