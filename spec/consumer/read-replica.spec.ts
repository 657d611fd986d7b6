import { type PartitionCursor } from '../../src/consumer/partition-cursor.js';
import { lost } from './support/fake-brokers.js';
import { acking, FlowBench, type Sink } from './support/flow-bench.js';

/** Partition t-0 led by 1, with a follower 7 that is closer. */
function near(options: object = {}): {
  bench: FlowBench;
  log: ReturnType<FlowBench['brokers']['topic']>[number];
  sink: Sink;
  cursor: PartitionCursor;
} {
  const bench = new FlowBench({ clientRack: 'r7', ...options });
  const log = bench.brokers.topic('t', [1])[0]!;
  log.followers.set(7, 1000);
  log.closest = 7;
  log.fill(3);
  const sink = acking();
  const cursor = bench.open('t', 0);
  cursor.attachRecords(sink);
  return { bench, log, sink, cursor };
}
const nodes = (bench: FlowBench): number[] => bench.brokers.fetches.map(({ node }) => node);
const more = (bench: FlowBench, log: { fill: (count: number) => void }, ms = 700): void => {
  log.fill(1);
  bench.brokers.appended();
  bench.advance(ms);
};

describe('Reading from the closest replica (KIP-392)', () => {
  it('goes where the leader says, and stays there [B174] [N10]', () => {
    const { bench, log, sink, cursor } = near();
    bench.advance(700);
    more(bench, log);
    expect([sink.offsets, cursor.leader, new Set(nodes(bench).slice(1))]).toEqual([[0, 1, 2, 3], 7, new Set([7])]);
    expect([nodes(bench)[0], bench.brokers.fetches[0]?.request.rackId]).toEqual([1, 'r7']);
  });

  it('stays with the leader when that names nobody, and without a rack [B174]', () => {
    const { bench, log, sink } = near();
    log.closest = -1;
    bench.advance(700);
    expect([sink.offsets, new Set(nodes(bench))]).toEqual([[0, 1, 2], new Set([1])]);
    const far = near({ clientRack: '' });
    far.bench.advance(700);
    expect([far.sink.offsets, new Set(nodes(far.bench))]).toEqual([[0, 1, 2], new Set([1])]);
  });

  it('asks the leader anew when the name is older than metadataMaxAgeMs [B174] [N10]', () => {
    const { bench, log, sink } = near();
    bench.advance(299_000);
    expect(nodes(bench).filter((node) => node === 1)).toHaveLength(1);
    log.closest = -1;
    bench.advance(3000);
    expect(nodes(bench).at(-1)).toBe(1);
    more(bench, log);
    expect(sink.offsets).toEqual([0, 1, 2, 3]);
  });

  it('goes back to the leader when the broker disappears from the metadata [B174] [N10]', () => {
    const { bench, log, sink, cursor } = near();
    bench.advance(700);
    log.closest = -1;
    bench.brokers.metadata.brokers.delete(7);
    bench.brokers.update();
    more(bench, log);
    expect([sink.offsets, cursor.leader]).toEqual([[0, 1, 2, 3], 1]);
  });

  it.each([3, 6, 9, 29, 56, 74, 75, 78])(
    'goes back to the leader after error %i of the partition [B174] [N10]',
    (code) => {
      const { bench, log, sink, cursor } = near();
      bench.advance(700);
      log.followerErrors = [code];
      const before = nodes(bench).length;
      more(bench, log, 600);
      expect([bench.trouble, sink.offsets]).toEqual([[], [0, 1, 2, 3]]);
      expect(nodes(bench).slice(before)).toContain(1);
      // the leader is not told a rack for a while: its answer would be a name again, and no records
      expect(bench.brokers.fetches.slice(before).find(({ node }) => node === 1)?.request.rackId).toBe('');
      more(bench, log, 3000);
      more(bench, log);
      expect([cursor.leader, sink.offsets.length]).toEqual([7, 6]);
    },
  );

  it('takes an offset out of range from a follower for what it is: the follower is behind [B174]', () => {
    const { bench, log, sink } = near();
    bench.advance(700);
    log.followers.set(7, 2);
    more(bench, log, 3000);
    more(bench, log, 3000);
    expect([bench.trouble, sink.offsets]).toEqual([[], [0, 1, 2, 3, 4]]);
  });

  it('goes back to the leader when the connection breaks [B174] [N10]', () => {
    const { bench, log, sink } = near();
    bench.advance(700);
    bench.brokers.failures = [lost()];
    bench.advance(10);
    more(bench, log, 600);
    const at = bench.brokers.fetches.findIndex(({ node }, i) => i > 1 && node === 1);
    expect([at > 1, sink.offsets]).toEqual([true, [0, 1, 2, 3]]);
  });

  it('asks for the metadata when the leader names a broker that nobody knows [B174]', () => {
    const { bench, log } = near();
    log.closest = 99;
    bench.advance(50);
    expect(bench.brokers.refreshes).toBeGreaterThan(0);
  });

  it('asks leaders, not followers, where a log begins and ends [B174]', () => {
    const { bench, log, cursor } = near();
    bench.advance(700);
    Object.assign(log, { epoch: 2 });
    log.epochEnds.set(1, 3);
    bench.brokers.learn();
    bench.brokers.update();
    bench.advance(700);
    expect([cursor.leader, bench.brokers.listed.map(({ node }) => node)]).toEqual([7, [1]]);
  });

  it('warns once when brokers are too old for it [B174]', () => {
    const { bench, log } = near();
    bench.brokers.fetchVersion = 10;
    log.closest = -1;
    bench.advance(3000);
    expect(bench.brokers.warnings).toEqual([expect.stringMatching('older than Kafka 2.4')]);
  });
});
