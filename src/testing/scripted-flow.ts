import type { CursorPort } from '../consumer/cursor-port.js';
import { DeliveryPump } from '../consumer/delivery-pump.js';
import type { ConsumerFlowOptions, CursorListener } from '../consumer/flow-options.js';
import { Frame, FrameBudget } from '../consumer/frame-budget.js';
import { PartitionCursor } from '../consumer/partition-cursor.js';
import type { RecordReader } from '../consumer/record-reader.js';
import type { RecordFlow } from '../consumer/session-parts.js';
import type { KafkaError } from '../errors/kafka-error.js';
import type { Runtime } from '../model/runtime.js';
import type { TopicPartition } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { LogReader } from './log-reader.js';
import type { LogListener, ScriptedLog } from './scripted-log.js';
import type { SettlementLedger } from './settlement-ledger.js';

/** What a flow reads, and who is told what became of it. */
export interface FlowScript {
  log(tp: TopicPartition): ScriptedLog;
  readonly ledger: SettlementLedger;
}

/**
 * The client's cursors and its delivery over scripted logs. In the place of a fetch answer comes one hop: it tells a cursor where
 * its log ends, that its offset is not in it, or that reading failed.
 */
export class ScriptedFlow implements RecordFlow, CursorPort, LogListener {
  readonly runtime: Runtime;
  readonly options: ConsumerFlowOptions;
  readonly listener: CursorListener;
  readonly budget: FrameBudget;
  readonly retryBackoffMs: number = 100;
  readonly retryBackoffMaxMs: number = 1000;
  readonly #pump: DeliveryPump;
  readonly #script: FlowScript;
  readonly #cursors: Map<PartitionCursor, () => void> = new Map<PartitionCursor, () => void>();
  /** Those that will be told. */
  readonly #due: Set<PartitionCursor> = new Set<PartitionCursor>();

  constructor(runtime: Runtime, options: ConsumerFlowOptions, listener: CursorListener, script: FlowScript) {
    this.runtime = runtime;
    this.options = options;
    this.listener = listener;
    this.budget = new FrameBudget(options.bufferBytes, () => undefined);
    this.#script = script;
    this.#pump = new DeliveryPump(runtime, {
      settled: (cursor) => {
        script.ledger.check();
        listener.settled(cursor);
      },
      positionInvalid: (cursor, why) => {
        listener.positionInvalid(cursor, why);
      },
      fetchFailed: (cursor, error) => {
        listener.fetchFailed(cursor, error);
      },
      pressure: (cursor, why) => {
        listener.pressure(cursor, why);
      },
    });
  }

  open(at: TopicPartition, epoch: number, position: number | null, leaderEpoch: number): PartitionCursor {
    const cursor = new PartitionCursor(this, at, epoch, position, leaderEpoch);
    this.#cursors.set(cursor, this.#script.log(at).listen(this));
    this.wakeFetch(cursor);
    return cursor;
  }

  reader(cursor: PartitionCursor): RecordReader {
    return new LogReader(cursor, this.#script.log(cursor), this.#script.ledger);
  }

  grown(log: ScriptedLog): void {
    for (const cursor of this.#cursors.keys()) if (this.#script.log(cursor) === log) this.wakeFetch(cursor);
  }

  wakeDelivery(cursor: PartitionCursor): void {
    this.#pump.wake(cursor);
  }

  wakeFetch(cursor: PartitionCursor): void {
    if (this.#due.has(cursor) || !this.#cursors.has(cursor)) return;
    this.#due.add(cursor);
    hop(this.runtime, () => {
      this.#due.delete(cursor);
      if (this.#cursors.has(cursor) && cursor.fetchable) this.#answer(cursor);
    });
  }

  mark(cursor: PartitionCursor): void {
    this.#pump.mark(cursor);
  }

  left(cursor: PartitionCursor): void {
    this.#cursors.get(cursor)?.();
    this.#cursors.delete(cursor);
    const { ledger } = this.#script;
    ledger.check();
    // what is still open is fenced as soon as this returns
    hop(this.runtime, () => {
      ledger.check();
    });
  }

  close(): void {
    for (const cursor of [...this.#cursors.keys()]) cursor.close();
    this.#pump.close();
  }

  #answer(cursor: PartitionCursor): void {
    const log = this.#script.log(cursor);
    const { position } = cursor;
    if (log.failure !== null) {
      // whatever the marbles say ends the subscription as it is
      cursor.failed(log.failure.error as KafkaError);
      return;
    }
    if (position > log.end) {
      cursor.invalidate('outOfRange');
      return;
    }
    cursor.answered({
      highWatermark: log.end,
      lastStableOffset: log.end,
      logStartOffset: 0,
      part: null,
      frame: new Frame(this.budget, 0),
      at: this.runtime.wallClock(),
    });
    this.#pump.wake(cursor);
  }
}
