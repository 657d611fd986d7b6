import { CaughtUp } from '../../../src/consumer/caught-up.js';
import { type ResetPolicy } from '../../../src/consumer/consumer-ports.js';
import { type ConsumerFlowOptions } from '../../../src/consumer/flow-options.js';
import { HeldPartition } from '../../../src/consumer/held-partition.js';
import { OffsetLookup } from '../../../src/consumer/offset-lookup.js';
import { type OffsetSource } from '../../../src/consumer/offset-source.js';
import { PositionKeeper } from '../../../src/consumer/position-keeper.js';
import { StartPositions } from '../../../src/consumer/start-positions.js';
import { type KafkaError } from '../../../src/errors/kafka-error.js';
import { type ConsumerEvent, type SeekTarget } from '../../../src/model/consumer.js';
import { type OffsetList } from '../../../src/model/topic-partition.js';
import { hop } from '../../../src/runtime/timer.js';
import { FlowBench, Sink } from './flow-bench.js';

/** A source of offsets that answers when it is told to. */
export class FakeSource implements OffsetSource {
  offsets: OffsetList;
  error: KafkaError | null = null;
  readonly asked: string[][] = [];
  readonly #runtime: FlowBench['brokers']['runtime'];

  constructor(runtime: FlowBench['brokers']['runtime'], offsets: OffsetList) {
    this.#runtime = runtime;
    this.offsets = offsets;
  }

  fetch: OffsetSource['fetch'] = (partitions, done) => {
    this.asked.push(partitions.map(({ topic, partition }) => `${topic}-${partition}`));
    return hop(this.#runtime, () => {
      if (this.error === null) done(null, this.offsets);
      else done(this.error, null);
    });
  };
}

export interface PositionBenchOptions extends Partial<ConsumerFlowOptions> {
  readonly policy?: ResetPolicy;
  readonly committed?: OffsetList | null;
  readonly stored?: OffsetList | null;
}

/** One partition `t-0` on broker 1, held by a keeper of positions, as a session holds it. */
export class PositionBench {
  readonly events: ConsumerEvent[] = [];
  readonly failures: KafkaError[] = [];
  readonly sink: Sink;
  readonly flow: FlowBench;
  readonly log: ReturnType<FlowBench['brokers']['topic']>[number];
  readonly held: HeldPartition;
  readonly committed: FakeSource | null;
  readonly stored: FakeSource | null;
  readonly starts: StartPositions;
  readonly keeper: PositionKeeper;
  readonly chosen: OffsetList[] = [];

  constructor({ policy = 'earliest', committed = null, stored = null, ...options }: PositionBenchOptions = {}) {
    const flow = (this.flow = new FlowBench(options, {
      settled: () => {
        this.keeper.settled(this.held);
        caughtUp.settled(this.held);
      },
      positionInvalid: (_cursor, why) => {
        this.keeper.invalid(this.held, why);
      },
      fetched: () => {
        caughtUp.fetched(this.held);
      },
    }));
    const { runtime } = flow.brokers;
    const caughtUp = new CaughtUp(options.isolationLevel === 1, (event) => this.events.push(event));
    this.log = flow.brokers.topic('t', [1])[0]!;
    this.held = new HeldPartition({ topic: 't', partition: 0 }, 1, flow.open('t', 0, null));
    this.committed = committed === null ? null : new FakeSource(runtime, committed);
    this.stored = stored === null ? null : new FakeSource(runtime, stored);
    this.starts = new StartPositions(
      runtime,
      new OffsetLookup(flow.brokers.cluster, options.isolationLevel ?? 0),
      { stored: this.stored, committed: this.committed },
      policy,
      (offsets) => this.chosen.push(offsets),
    );
    this.keeper = new PositionKeeper(
      {
        runtime,
        event: (event) => this.events.push(event),
        moved: (held, reason) => {
          if (reason !== 'abort') caughtUp.moved(held);
        },
        failed: (error) => this.failures.push(error),
      },
      this.starts,
      this.committed,
    );
    this.sink = new Sink((record) => {
      if (this.acking) record.lease.ack();
    });
  }

  acking = true;

  /** Looks the start position up and begins to deliver. */
  open(given: OffsetList = []): void {
    this.starts.resolve([this.held], given, (error) => {
      if (error !== null) this.failures.push(error);
      else this.activate();
    });
  }

  activate(): void {
    this.held.state = 'active';
    this.held.cursor.attachRecords(this.sink);
  }

  at(offset: number): void {
    this.open([{ topic: 't', partition: 0, offset }]);
  }

  /** What a seek answers with, and what it failed with. */
  readonly sought: (number | string)[] = [];
  seek(target: SeekTarget): () => void {
    return this.keeper.seek(this.held, target, (error, offset) => {
      this.sought.push(error?.message ?? offset!);
    });
  }

  readonly positions: (number | string)[] = [];
  position(): () => void {
    return this.keeper.known(this.held, (error, offset) => {
      this.positions.push(error?.message ?? offset!);
    });
  }

  advance(ms = 50): void {
    this.flow.advance(ms);
  }
}
