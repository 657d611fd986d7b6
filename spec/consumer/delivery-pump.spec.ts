import { FlowBench, Sink } from './support/flow-bench.js';

function full(partitions: number, count: number, options = {}): FlowBench {
  const bench = new FlowBench(options);
  for (const log of bench.brokers.topic('t', Array<number>(partitions).fill(1))) log.fill(count);
  return bench;
}

describe('DeliveryPump', () => {
  it('[CF#476, L22, PL#128] gives partitions turns, so that a full one does not hide the others', () => {
    const bench = full(4, 3000);
    const order: number[] = [];
    const sink = new Sink((record) => {
      order.push(record.partition);
      record.lease.ack();
    });
    const cursors = [0, 1, 2, 3].map((partition) => bench.open('t', partition));
    bench.advance(20);
    for (const cursor of cursors) cursor.attachRecords(sink);
    bench.advance(20);
    expect(order.length).toBe(12_000);
    const counts = [0, 0, 0, 0];
    let apart = 0;
    for (const partition of order) {
      counts[partition]!++;
      apart = Math.max(apart, Math.max(...counts) - Math.min(...counts));
    }
    expect(apart).toBeLessThanOrEqual(256);
  });

  it('[PL#236] ends a slice after two milliseconds, so that others have their turn', () => {
    const bench = full(1, 2000);
    const { runtime } = bench.brokers;
    let inSlice = 0;
    const slices: number[] = [];
    const sink = new Sink((record) => {
      runtime.spent += 0.25;
      inSlice++;
      record.lease.ack();
    });
    const cursor = bench.open('t', 0);
    bench.advance(20);
    cursor.attachRecords(sink);
    // a hop of our own between the slices
    const look = (): void => {
      if (inSlice > 0) slices.push(inSlice);
      inSlice = 0;
      if (sink.records.length < 2000) runtime.scheduler.schedule(look);
    };
    runtime.scheduler.schedule(look);
    bench.advance(50);
    expect(sink.records.length).toBe(2000);
    expect(slices.length).toBeGreaterThan(200);
    expect(Math.max(...slices.slice(1))).toBeLessThanOrEqual(12);
  });

  it('[E4] goes on after a receiver threw, with the state as if it had returned', () => {
    const bench = full(2, 5);
    const failures: unknown[] = [];
    bench.listener.receiverFailed = (cursor, error) => failures.push([cursor.partition, (error as Error).message]);
    const sink = new Sink((record) => {
      if (record.partition === 0 && record.offset === 2) throw new Error('boom');
      record.lease.ack();
    });
    const cursors = [0, 1].map((partition) => bench.open('t', partition));
    for (const cursor of cursors) cursor.attachRecords(sink);
    bench.advance(20);
    expect(failures).toEqual([[0, 'boom']]);
    expect(sink.records.length).toBe(10);
    expect(cursors.map(({ commitValue, openLeases }) => [commitValue?.offset, openLeases])).toEqual([
      [2, 1],
      [5, 0],
    ]);
  });

  it('throws from a hop of its own when nobody wants to know', () => {
    const bench = full(1, 3);
    const sink = new Sink((record) => {
      if (record.offset === 0) throw new Error('boom');
    });
    const cursor = bench.open('t', 0);
    bench.advance(20);
    cursor.attachRecords(sink);
    let thrown = 0;
    for (let i = 0; i < 10; i++) {
      try {
        bench.hops();
      } catch (error) {
        expect((error as Error).message).toBe('boom');
        thrown++;
      }
    }
    expect([sink.records.length, thrown]).toEqual([3, 1]);
  });

  it('tells settled once per turn, however many settled', () => {
    const bench = full(1, 500);
    const sink = new Sink();
    const cursor = bench.open('t', 0);
    cursor.attachRecords(sink);
    bench.advance(20);
    bench.told.length = 0;
    for (const record of sink.records) record.lease.ack();
    expect(bench.told).toEqual([]);
    bench.hops();
    expect(bench.told).toEqual(['settled t-0 500']);
    bench.advance(600);
    expect(bench.told.length).toBe(1);
  });

  it('goes on telling the others when the listener throws', () => {
    const bench = full(2, 1);
    const told: number[] = [];
    bench.listener.settled = (cursor) => {
      told.push(cursor.partition);
      if (cursor.partition === 0) throw new Error('in settled');
    };
    const failures: unknown[] = [];
    bench.listener.receiverFailed = (_cursor, error) => failures.push(error);
    const sink = new Sink();
    for (const partition of [0, 1]) bench.open('t', partition).attachRecords(sink);
    bench.advance(20);
    for (const record of sink.records) record.lease.ack();
    bench.hops();
    expect([told, failures.length]).toEqual([[0, 1], 1]);
  });

  it('delivers to a subscriber that attaches while another partition is delivered to', () => {
    const bench = full(2, 5);
    const late = new Sink();
    const cursors = [0, 1].map((partition) => bench.open('t', partition));
    bench.advance(20);
    cursors[0]!.attachRecords(
      new Sink((record) => {
        if (record.offset === 0) cursors[1]!.attachRecords(late);
      }),
    );
    bench.hops();
    expect(late.records.length).toBe(5);
  });

  it('costs nothing while nothing is to do', () => {
    const bench = full(1, 5);
    const cursor = bench.open('t', 0);
    cursor.attachRecords(new Sink());
    bench.advance(20);
    cursor.pause('user');
    bench.advance(600);
    expect(bench.brokers.runtime.scheduler.actions.length).toBe(0);
  });
});
