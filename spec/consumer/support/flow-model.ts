import type { FetchedRecord } from '../../../src/consumer/fetched-record.js';
import type { HeldPartition } from '../../../src/consumer/held-partition.js';
import type { Call } from '../group/support/scripted-cluster.js';
import { ConsumerWorld, names, type WorldConsumer } from './consumer-world.js';

/** What the pipe of one partition, under one assignment, was handed and has settled, in the order of delivery. */
interface Stream {
  readonly held: HeldPartition;
  deliveryEpoch: number;
  readonly given: { readonly offset: number; state: 'open' | 'acked' | 'released' }[];
}

type CommitBody = { topics: { name: string; partitions: { partitionIndex: number; committedOffset: number }[] }[] };

/**
 * Random life of a group over an unreliable wire, with a book of its own about who was handed what. Throws at the moment
 * something contradicts the book; `trace` is what happened, and the same for the same seed.
 */
export class FlowModel {
  readonly world: ConsumerWorld;
  readonly trace: string[] = [];
  /** Offsets that some pipe acknowledged, in time or too late to count, per partition. */
  readonly processed: Set<number>[];
  readonly #partitions: number;
  readonly #options: () => object;
  readonly #streams: Map<HeldPartition, Stream> = new Map<HeldPartition, Stream>();
  readonly #epochs: Map<WorldConsumer, Set<string>> = new Map<WorldConsumer, Set<string>>();
  #calm = false;

  constructor(seed: number, partitions: number, options: () => object) {
    this.#partitions = partitions;
    this.#options = options;
    this.world = new ConsumerWorld(partitions, seed);
    this.processed = Array.from({ length: partitions }, () => new Set<number>());
    this.world.groupDelay = () => (this.#chance(0.05) && !this.#calm ? 4000 : 1 + this.pick(40));
    this.world.wire = () => (this.#calm || !this.#chance(0.03) ? true : this.#chance(0.5) ? null : false);
  }

  pick(bound: number): number {
    return Math.floor(this.world.runtime.random() * bound);
  }

  join(): void {
    const consumer = this.world.consumer({
      acknowledge: 'explicit',
      commit: { everyMs: 300 },
      window: { records: 5 },
      sessionTimeoutMs: 12_000,
      rebalanceTimeoutMs: 20_000,
      drainTimeoutMs: 5000,
      maxPollIntervalMs: 30_000,
      bufferBytes: 65_536,
      maxPartitionFetchBytes: 600,
      ...this.#options(),
    });
    this.#epochs.set(consumer, new Set<string>());
    consumer.onOpened = (held) => {
      this.#opened(consumer, held);
    };
    consumer.onEnded = (held, why) => {
      this.#say(consumer, `ended ${names([held])} ${why}`);
      this.#streams.delete(held);
    };
    consumer.onRecord = (record, held) => {
      this.#delivered(consumer, record, held);
    };
    consumer.onCall = (call) => {
      if (call.api === 'OffsetCommit') this.#committing(consumer, call);
    };
    consumer.hookMs = () => (this.#calm ? 0 : this.pick(200));
    this.#say(consumer, 'joins');
    consumer.subscribe();
  }

  /** Something happens. */
  disturb(): void {
    const alive = this.world.consumers.filter((consumer) => consumer.alive && !consumer.over);
    const some = alive[this.pick(alive.length)];
    const dice = this.pick(14);
    if (some === undefined || (dice < 2 && alive.length < 4)) this.join();
    else if (dice === 2 && alive.length > 1) this.#kill(some);
    else if (dice === 3 && alive.length > 1) this.#leave(some);
    else if (dice === 4) this.world.group.move();
    else if (dice === 5) this.#pause(some);
    else if (dice === 6) some.core.resume(undefined);
    else if (dice === 7) this.#seekBack(some);
    else if (dice === 8) this.#moveLeader();
    else if (dice === 9) this.#resubscribe(some);
    else this.world.fill(this.pick(this.#partitions), 1 + this.pick(12));
  }

  run(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.world.brokers.latencyMs = 1 + this.pick(this.#calm ? 3 : 60);
      this.world.run(100);
      for (const consumer of this.world.consumers) if (consumer.alive) this.#checkFlow(consumer);
    }
  }

  /** Nothing goes wrong any more: then everything is read, acknowledged and committed, and nothing stands still. */
  settle(): void {
    this.#calm = true;
    for (const { core } of this.world.consumers) core.resume(undefined);
    if (!this.world.consumers.some(({ alive, over }) => alive && !over)) this.join();
    for (let waited = 0; waited < 400_000 && !this.#settled(); waited += 5000) this.run(5000);
    const { logs, group } = this.world;
    const ends = logs.map(({ end }) => end);
    expect(logs.map((_, at) => group.stored.get(`t-${at}`) ?? 0)).toEqual(ends);
    expect(this.processed.map(({ size }) => size)).toEqual(ends);
    // who hung and came back is a member again
    expect(this.#away()).toEqual([]);
    for (const consumer of this.world.consumers) {
      if (consumer.error !== null) throw new Error(`consumer ${consumer.id} failed`, { cause: consumer.error });
      const still = consumer.alive ? consumer.held.filter(({ cursor }) => cursor.openLeases > 0) : [];
      if (still.length > 0) throw new Error(`consumer ${consumer.id} stands still at ${names(still)}`);
    }
  }

  #settled(): boolean {
    const { logs, group } = this.world;
    const held = this.world.consumers.filter(({ alive }) => alive).flatMap((consumer) => consumer.held);
    if (this.#away().length > 0) return false;
    return held.length === logs.length && logs.every(({ end }, at) => (group.stored.get(`t-${at}`) ?? 0) === end);
  }

  /** Subscribed, and not a member of the group. */
  #away(): number[] {
    const subscribed = this.world.consumers.filter(({ alive, over }) => alive && !over);
    return subscribed.filter(({ core }) => core.groupMetadata().generation < 0).map(({ id }) => id);
  }

  #opened(consumer: WorldConsumer, held: HeldPartition): void {
    const name = names([held]);
    const epochs = this.#epochs.get(consumer)!;
    const key = `${name}/${held.epoch}`;
    const current = this.#streams.get(held);
    // the same assignment is opened again only for another subscriber, and then it is the same stream
    if (epochs.has(key) && current === undefined) throw new Error(`a second stream for ${key}`);
    epochs.add(key);
    for (const stream of this.#streams.values()) {
      if (stream.held !== held && names([stream.held]) === name && consumer.held.includes(stream.held)) {
        throw new Error(`${name} has two streams at once`);
      }
    }
    this.#say(consumer, `opened ${key} at ${held.cursor.position}`);
    this.#streams.set(held, { held, deliveryEpoch: held.cursor.deliveryEpoch, given: [] });
  }

  #delivered(consumer: WorldConsumer, record: FetchedRecord, held: HeldPartition): void {
    const stream = this.#streamOf(held);
    const last = stream.given.at(-1);
    if (last !== undefined && last.offset >= record.offset) throw new Error(`offset ${record.offset} out of order`);
    if (held.state !== 'active') throw new Error(`delivered while ${held.state}`);
    if (consumer.core.isPaused(record)) throw new Error('delivered while paused');
    const entry: Stream['given'][number] = { offset: record.offset, state: 'open' };
    stream.given.push(entry);
    this.#say(consumer, `got ${record.partition}:${record.offset}`);
    const dice = this.#calm ? 100 : this.pick(100);
    const slow = dice < 2 ? 60_000 : dice < 5 ? 8000 : this.pick(300);
    this.world.runtime.scheduler.schedule(() => {
      const releases = !this.#calm && this.#chance(0.05);
      const answer = releases ? record.lease.release() : record.lease.ack();
      if (answer === 'duplicate') throw new Error(`offset ${record.offset} was settled twice`);
      if (answer === 'accepted') entry.state = releases ? 'released' : 'acked';
      if (!releases) this.processed[record.partition]!.add(record.offset);
    }, slow);
  }

  /** At the moment the request is made: what it says against what the pipe has done. */
  #committing(consumer: WorldConsumer, call: Call): void {
    for (const { name, partitions } of (call.body as CommitBody).topics) {
      for (const { partitionIndex: partition, committedOffset } of partitions) {
        const held = consumer.core.session?.partitions.get({ topic: name, partition });
        if (held === undefined || held.state === 'ended') throw new Error(`commit of ${name}-${partition}, not held`);
        this.#say(consumer, `commits ${partition}:${committedOffset}`);
        if (!this.#streams.has(held)) continue;
        const oldest = this.#streamOf(held).given.find(({ state }) => state !== 'acked');
        if (oldest !== undefined && committedOffset > oldest.offset) {
          throw new Error(`commit of ${partition}:${committedOffset} beyond ${oldest.offset}, not acknowledged`);
        }
        if (committedOffset > held.cursor.position) throw new Error('commit beyond the position');
      }
    }
  }

  #checkFlow(consumer: WorldConsumer): void {
    let buffered = 0;
    for (const held of consumer.held) {
      const { cursor } = held;
      buffered += cursor.bufferedBytes;
      if (!this.#streams.has(held)) continue;
      const { given } = this.#streamOf(held);
      const count = (wanted: string): number => given.filter(({ state }) => state === wanted).length;
      const { tail: givenOut, open, released } = cursor.tracker;
      const back = givenOut - open - released;
      if (givenOut !== given.length) throw new Error(`${givenOut} given out, ${given.length} arrived`);
      if (open !== count('open') || released !== count('released') || back !== count('acked')) {
        throw new Error(`${open} open, ${released} released, ${back} back of ${givenOut}`);
      }
      if (open + released > consumer.options.windowRecords) throw new Error('more than the window');
    }
    // one batch may come whole, whatever is left
    if (buffered > consumer.options.bufferBytes + consumer.held.length * 1200) throw new Error(`${buffered} buffered`);
  }

  /** A move of the position ends what was handed out: it comes again, or is skipped. */
  #streamOf(held: HeldPartition): Stream {
    const stream = this.#streams.get(held);
    if (stream === undefined) throw new Error(`${names([held])} has no stream`);
    if (stream.deliveryEpoch !== held.cursor.deliveryEpoch) {
      stream.deliveryEpoch = held.cursor.deliveryEpoch;
      stream.given.length = 0;
    }
    return stream;
  }

  #kill(consumer: WorldConsumer): void {
    this.#say(consumer, 'dies');
    consumer.kill();
  }

  #leave(consumer: WorldConsumer): void {
    this.#say(consumer, 'leaves');
    consumer.over = true;
    if (this.pick(2) === 0) consumer.unsubscribe();
    else consumer.core.close(5000, undefined, () => undefined);
  }

  #pause(consumer: WorldConsumer): void {
    const tp = { topic: 't', partition: this.pick(this.#partitions) };
    this.#say(consumer, `pauses ${tp.partition}`);
    consumer.core.pause([tp]);
  }

  #seekBack(consumer: WorldConsumer): void {
    const held = consumer.held[this.pick(Math.max(1, consumer.held.length))];
    const settled = held?.cursor.commitValue?.offset ?? 0;
    // further on, a seek skips what was released and not settled again: that is what it is asked to do
    if (held?.state !== 'active' || settled < 1) return;
    const offset = this.pick(settled);
    this.#say(consumer, `seeks ${held.partition}:${offset}`);
    consumer.core.session!.positions.seek(held, offset, () => undefined);
  }

  #moveLeader(): void {
    const log = this.world.logs[this.pick(this.#partitions)]!;
    log.leader = (log.leader + 1) % 3;
    log.epoch++;
  }

  #resubscribe(consumer: WorldConsumer): void {
    this.#say(consumer, 'subscribes again');
    consumer.unsubscribe();
    consumer.subscribe();
  }

  #chance(of: number): boolean {
    return this.world.runtime.random() < of;
  }

  #say(consumer: WorldConsumer, what: string): void {
    this.trace.push(`${this.world.runtime.now()} ${consumer.id} ${what}`);
  }
}
