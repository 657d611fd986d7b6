import { batchBytes } from './support/batches.js';
import { lost } from './support/fake-brokers.js';
import { acking, FlowBench, Sink } from './support/flow-bench.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('Fetcher', () => {
  it('delivers what each leader has, and what is appended while it polls', () => {
    const bench = new FlowBench();
    const [first, second] = bench.brokers.topic('t', [1, 2]);
    first!.fill(3);
    const sink = acking();
    const cursors = [bench.open('t', 0), bench.open('t', 1)];
    for (const cursor of cursors) cursor.attachRecords(sink);
    bench.advance(50);
    expect(sink.values).toEqual(['0', '1', '2']);
    second!.fill(2);
    bench.brokers.appended();
    bench.advance(10);
    expect(sink.records.filter(({ partition }) => partition === 1).map(({ offset }) => offset)).toEqual([0, 1]);
    expect(cursors.map(({ commitValue }) => commitValue)).toEqual([
      { offset: 3, leaderEpoch: 1 },
      { offset: 2, leaderEpoch: 1 },
    ]);
    expect(bench.brokers.maxInFlight).toBe(1);
    expect(bench.told).toContain('settled t-0 3');
    expect([cursors[0]!.highWatermark, cursors[0]!.leader]).toEqual([3, 1]);
  });

  it('fetches nothing while the position is unknown, and starts at moveTo', () => {
    const bench = new FlowBench();
    bench.brokers.topic('t', [1])[0]!.fill(5);
    const cursor = bench.open('t', 0, null);
    const sink = acking();
    cursor.attachRecords(sink);
    bench.advance(100);
    expect([bench.brokers.fetches.length, cursor.commitValue, cursor.position]).toEqual([0, null, -1]);
    cursor.moveTo(3, -1);
    bench.advance(10);
    expect(sink.offsets).toEqual([3, 4]);
  });

  it('prefetches before somebody is attached, and delivers nothing then', () => {
    const bench = new FlowBench();
    bench.brokers.topic('t', [1])[0]!.fill(5);
    const cursor = bench.open('t', 0);
    bench.advance(20);
    expect([cursor.openLeases, cursor.bufferedBytes > 0, cursor.deliverable]).toEqual([0, true, false]);
  });

  it('[B135, G6] follows the leader after NOT_LEADER_OR_FOLLOWER by a refresh', () => {
    const bench = new FlowBench();
    const [log] = bench.brokers.topic('t', [1]);
    const sink = acking();
    const cursor = bench.open('t', 0);
    cursor.attachRecords(sink);
    bench.advance(600);
    log!.leader = 2;
    log!.epoch++;
    log!.fill(2);
    bench.advance(2000);
    expect(sink.offsets).toEqual([0, 1]);
    expect(cursor.leader).toBe(2);
    expect(bench.brokers.refreshes).toBeGreaterThan(0);
  });

  it('follows the leader that the refusal names, without a refresh (KIP-951)', () => {
    const bench = new FlowBench();
    const [log] = bench.brokers.topic('t', [1]);
    const sink = acking();
    const cursor = bench.open('t', 0);
    cursor.attachRecords(sink);
    bench.advance(600);
    Object.assign(log!, { leader: 2, epoch: 2, namesLeader: true });
    log!.fill(2);
    bench.advance(600);
    expect([sink.offsets, cursor.leader, bench.brokers.refreshes]).toEqual([[0, 1], 2, 0]);
  });

  it('[S4] keeps the other partitions flowing while one is refused', () => {
    const bench = new FlowBench();
    const [bad, good] = bench.brokers.topic('t', [1, 1]);
    bad!.errors = Array<number>(20).fill(78);
    const sink = acking();
    for (const partition of [0, 1]) bench.open('t', partition).attachRecords(sink);
    for (let i = 0; i < 5; i++) {
      good!.fill(1);
      bench.brokers.appended();
      bench.advance(30);
    }
    expect(sink.offsets).toEqual(range(0, 5));
    // left out for a moment: no long poll may keep it out
    const without = bench.brokers.fetches.filter(({ request }) => request.forgottenTopicsData.length > 0);
    expect(without.length).toBeGreaterThan(0);
    expect(without.map(({ request }) => request.maxWaitMs)).toEqual(without.map(() => 20));
  });

  it('[D#1037] comes back with back-off after a broken connection, once per wait', () => {
    const bench = new FlowBench();
    bench.brokers.topic('t', [1])[0]!.fill(1);
    bench.brokers.failures = [lost(), lost(), lost()];
    const sink = acking();
    bench.open('t', 0).attachRecords(sink);
    bench.advance(5000);
    const at = bench.brokers.fetches.slice(0, 4).map((fetch) => fetch.at);
    const waits = at.slice(1).map((time, i) => time - at[i]!);
    for (const [i, nominal] of [100, 200, 400].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(nominal * 0.8);
      expect(waits[i]).toBeLessThanOrEqual(nominal * 1.2 + 2);
    }
    expect(sink.offsets).toEqual([0]);
  });

  it('[B135] tells an offset that is out of range once, and only when it is the position', () => {
    const bench = new FlowBench({ windowRecords: 2 });
    const [log] = bench.brokers.topic('t', [1]);
    log!.fill(4);
    const sink = new Sink();
    const cursor = bench.open('t', 0);
    cursor.attachRecords(sink);
    bench.advance(20);
    // retention overtakes what is buffered: records that are here are still good
    log!.logStart = 10;
    log!.batches.length = 0;
    bench.advance(3000);
    expect(bench.trouble).toEqual(['windowFull t-0']);
    sink.records.forEach((record) => record.lease.ack());
    bench.advance(3000);
    sink.records.forEach((record) => record.lease.ack());
    bench.advance(3000);
    expect(sink.offsets).toEqual([0, 1, 2, 3]);
    expect(bench.trouble.filter((line) => line.startsWith('outOfRange'))).toEqual(['outOfRange t-0 at 4']);
    const before = bench.brokers.fetches.length;
    bench.advance(3000);
    expect(bench.brokers.fetches.length).toBe(before);
    cursor.moveTo(10, -1);
    log!.fill(1);
    bench.advance(100);
    expect(sink.offsets.at(-1)).toBe(10);
  });

  it('[B135] reports a refused authorization once and leaves the others alone', () => {
    const bench = new FlowBench();
    const [bad, good] = bench.brokers.topic('t', [1, 1]);
    bad!.errors = [29, 29, 29];
    good!.fill(1);
    const sink = acking();
    for (const partition of [0, 1]) bench.open('t', partition).attachRecords(sink);
    bench.advance(3000);
    expect(bench.trouble).toEqual(['failed t-0 at 0 ERR_KAFKA_BROKER']);
    expect(sink.offsets).toEqual([0]);
  });

  it('says that a topic was created anew, and reads the new one after moveTo', () => {
    const bench = new FlowBench();
    bench.brokers.topic('t', [1])[0]!.fill(3);
    const sink = acking();
    const cursor = bench.open('t', 0);
    cursor.attachRecords(sink);
    bench.advance(50);
    const [log] = bench.brokers.recreate('t');
    bench.advance(600);
    expect(bench.trouble).toEqual(['recreated t-0 at 3']);
    cursor.moveTo(0, -1);
    log!.fill(1);
    bench.advance(600);
    expect(sink.offsets).toEqual([0, 1, 2, 0]);
    const { request } = bench.brokers.fetches.findLast(({ request: { topics } }) => topics.length > 0)!;
    expect(request.topics[0]!.topicId).toMatch(/^new-of-t/);
  });

  it('asks for a deleted topic by its id and with back-off, never by its name: that may be another one soon', () => {
    const bench = new FlowBench();
    bench.brokers.topic('t', [1])[0]!.fill(3);
    const sink = acking();
    bench.open('t', 0).attachRecords(sink);
    bench.advance(50);
    bench.brokers.remove('t');
    const before = bench.brokers.fetches.length;
    bench.advance(3000);
    const after = bench.brokers.fetches.slice(before);
    expect(after.filter(({ maxVersion }) => maxVersion !== undefined)).toEqual([]);
    expect(after.length).toBeLessThan(20);
    bench.brokers.topic('t', [1])[0]!.fill(8);
    bench.brokers.renew('t');
    bench.advance(3000);
    expect([bench.trouble, sink.offsets]).toEqual([['recreated t-0 at 3'], [0, 1, 2]]);
  });

  it('asks a new leader where the epoch of the position ends, and tells truncation', () => {
    const bench = new FlowBench();
    const [log] = bench.brokers.topic('t', [1]);
    log!.fill(8);
    const sink = acking();
    const cursor = bench.open('t', 0);
    cursor.attachRecords(sink);
    bench.advance(20);
    Object.assign(log!, { leader: 2, epoch: 2 });
    log!.epochEnds.set(1, 5);
    bench.brokers.learn();
    bench.brokers.update();
    bench.advance(700);
    expect(bench.trouble).toEqual(['truncated t-0 at 8']);
    expect(cursor.fetch.divergesAt).toBe(5);
  });

  it('goes on under a new leader whose log holds the position', () => {
    const bench = new FlowBench();
    const [log] = bench.brokers.topic('t', [1]);
    log!.fill(8);
    const sink = acking();
    bench.open('t', 0).attachRecords(sink);
    bench.advance(20);
    Object.assign(log!, { leader: 2, epoch: 2 });
    log!.epochEnds.set(1, 8);
    log!.fill(2);
    bench.brokers.learn();
    bench.brokers.update();
    bench.advance(700);
    expect([bench.trouble, sink.offsets]).toEqual([[], range(0, 10)]);
    const asked = bench.brokers.listed.length;
    log!.fill(1);
    bench.brokers.appended();
    bench.advance(700);
    expect([sink.offsets.length, bench.brokers.listed.length]).toEqual([11, asked]);
  });

  it('uses version 12 and names while a topic has no id', () => {
    const bench = new FlowBench();
    bench.brokers.topicIds = false;
    bench.brokers.topic('t', [1])[0]!.fill(2);
    const sink = acking();
    bench.open('t', 0).attachRecords(sink);
    bench.advance(20);
    expect([bench.brokers.fetches[0]!.maxVersion, sink.offsets]).toEqual([12, [0, 1]]);
  });

  it('[B135, KJ#1593] ignores an answer for a position that was left meanwhile', () => {
    const bench = new FlowBench();
    bench.brokers.latencyMs = 10;
    bench.brokers.topic('t', [1])[0]!.fill(10);
    const sink = acking();
    const cursor = bench.open('t', 0);
    cursor.attachRecords(sink);
    bench.advance(5);
    cursor.moveTo(7, -1);
    bench.advance(100);
    expect(sink.offsets).toEqual([7, 8, 9]);
    expect(bench.fetcher.budget.held).toBe(0);
  });

  it('[KJ#1593, L3] closes its connections, fences its cursors and says nothing afterwards', () => {
    const bench = new FlowBench();
    bench.brokers.topic('t', [1])[0]!.fill(3);
    const sink = new Sink();
    bench.open('t', 0).attachRecords(sink);
    bench.advance(20);
    bench.fetcher.close();
    const told = bench.told.length;
    expect(sink.records.map((record) => record.lease.state)).toEqual(['fenced', 'fenced', 'fenced']);
    expect(sink.records[0]!.lease.ack()).toBe('fenced');
    const fetches = bench.brokers.fetches.length;
    bench.advance(5000);
    expect([bench.told.length, bench.brokers.fetches.length, bench.brokers.poolsClosed]).toEqual([told, fetches, 1]);
    expect([bench.fetcher.budget.held, bench.fetcher.budget.reserved, bench.brokers.retained]).toEqual([0, 0, []]);
  });

  it('[L21] stops fetching a partition that its user paused, and only that one', () => {
    const bench = new FlowBench();
    const [paused, other] = bench.brokers.topic('t', [1, 1]);
    const sink = acking();
    const cursors = [0, 1].map((partition) => bench.open('t', partition));
    for (const cursor of cursors) cursor.attachRecords(sink);
    bench.advance(50);
    cursors[0]!.pause('user');
    bench.advance(1200);
    paused!.fill(1);
    other!.fill(1);
    bench.brokers.appended();
    bench.advance(50);
    const { request } = bench.brokers.fetches.at(-1)!;
    expect(bench.brokers.sessionOf(request.sessionId)).toEqual(['t-1']);
    // a pause by the user may last: no short polls for it
    expect(request.maxWaitMs).toBe(500);
    expect(sink.records.map(({ partition }) => partition)).toEqual([1]);
    cursors[0]!.resume('user');
    bench.advance(600);
    expect(sink.records.map(({ partition }) => partition)).toEqual([1, 0]);
  });
});

describe('Fetcher under its byte budget', () => {
  const options = { bufferBytes: 256 * 1024, maxPartitionFetchBytes: 64 * 1024, windowRecords: 100 };

  it('[KN#1098, L20, PL#254, RD#510] never holds more than the budget, what is open, and one small fetch per partition', () => {
    const bench = new FlowBench(options);
    const logs = bench.brokers.topic('t', [1, 2, 3, 1, 2, 3]);
    for (const log of logs) for (let i = 0; i < 40; i++) log.fill(10, 1000);
    const sink = new Sink();
    const cursors = range(0, 6).map((partition) => bench.open('t', partition));
    for (const cursor of cursors) cursor.attachRecords(sink);
    const sum = (of: (cursor: (typeof cursors)[0]) => number): number => cursors.reduce((total, c) => total + of(c), 0);
    let most = 0;
    for (let i = 0; i < 500; i++) {
      bench.advance(1);
      const { held } = bench.fetcher.budget;
      most = Math.max(most, held);
      expect(held).toBeLessThanOrEqual(256 * 1024 + sum(({ tracker }) => tracker.bytes) + 6 * 64 * 1024);
      expect(sum(({ bufferedBytes }) => bufferedBytes)).toBeLessThanOrEqual(256 * 1024);
    }
    expect(most).toBeGreaterThan(256 * 1024);
    expect(cursors.map(({ openLeases }) => openLeases)).toEqual(cursors.map(() => 100));
  });

  it('keeps the fetched bytes below the budget while nobody is attached', () => {
    const bench = new FlowBench(options);
    const logs = bench.brokers.topic('t', [1, 2, 3, 1, 2, 3, 1, 2]);
    for (const log of logs) for (let i = 0; i < 40; i++) log.fill(10, 1000);
    for (const partition of range(0, 8)) bench.open('t', partition);
    let most = 0;
    for (let i = 0; i < 500; i++) {
      bench.advance(1);
      most = Math.max(most, bench.fetcher.budget.held);
    }
    expect(most).toBeGreaterThan(128 * 1024);
    expect(most).toBeLessThanOrEqual(256 * 1024);
  });

  it('[PL#254] delivers everything through a small budget, and counts to zero in the end', () => {
    const bench = new FlowBench(options);
    const logs = bench.brokers.topic('t', [1, 2, 3, 1]);
    for (const log of logs) for (let i = 0; i < 40; i++) log.fill(10, 1000);
    const sink = acking();
    for (const partition of range(0, 4)) bench.open('t', partition).attachRecords(sink);
    bench.advance(3000);
    expect(sink.records.length).toBe(1600);
    expect(bench.fetcher.budget.held).toBe(0);
  });

  it('[D#R3, KJ#1732, PL#128] keeps the others flowing when those who do not settle have used it up', () => {
    const bench = new FlowBench({ ...options, bufferBytes: 64 * 1024 });
    const logs = bench.brokers.topic('t', [1, 1, 1]);
    for (const log of logs.slice(0, 2)) for (let i = 0; i < 40; i++) log.fill(10, 1000);
    const stuck = new Sink();
    for (const partition of [0, 1]) bench.open('t', partition).attachRecords(stuck);
    bench.advance(3000);
    expect(bench.fetcher.budget.available).toBeLessThan(16 * 1024);
    const flowing = acking();
    bench.open('t', 2).attachRecords(flowing);
    for (let i = 0; i < 20; i++) {
      logs[2]!.fill(10, 1000);
      bench.advance(100);
    }
    expect(flowing.records.length).toBe(200);
    expect(stuck.records.length).toBeLessThanOrEqual(200);
  });

  it('reads a batch that is bigger than every limit [C32]', () => {
    const bench = new FlowBench({ ...options, bufferBytes: 8192, maxPartitionFetchBytes: 1024 });
    const [log] = bench.brokers.topic('t', [1]);
    log!.append(batchBytes({ base: 0, records: ['x'.repeat(200_000)] }));
    log!.fill(1);
    const sink = acking();
    bench.open('t', 0).attachRecords(sink);
    bench.advance(1000);
    expect(sink.offsets).toEqual([0, 1]);
  });
});
