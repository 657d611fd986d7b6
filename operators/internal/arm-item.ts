import { ConsumerRecord } from '../../src/model/consumer-record.js';
import type { Lease, Leased } from '../../src/model/lease.js';
import type { RecordHeaders } from '../../src/model/record-headers.js';
import type { TimestampType } from '../../src/model/topic-partition.js';
import { ProcessedItem } from './processed-item.js';

type AnyRecord = ConsumerRecord<unknown, unknown>;

/** A record as one of several receivers sees it: the same in everything but its lease. */
class ArmRecord extends ConsumerRecord<unknown, unknown> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: TimestampType;
  readonly leaderEpoch: number | null;
  readonly #record: AnyRecord;
  readonly #lease: Lease;

  constructor(record: AnyRecord, lease: Lease) {
    const { topic, partition, offset, timestamp, timestampType, leaderEpoch } = record;
    super();
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.timestamp = timestamp;
    this.timestampType = timestampType;
    this.leaderEpoch = leaderEpoch;
    this.#record = record;
    this.#lease = lease;
  }

  get lease(): Lease {
    return this.#lease;
  }
  get key(): unknown {
    return this.#record.key;
  }
  get value(): unknown {
    return this.#record.value;
  }
  get headers(): RecordHeaders {
    return this.#record.headers;
  }
  get keyBytes(): Uint8Array | null {
    return this.#record.keyBytes;
  }
  get valueBytes(): Uint8Array | null {
    return this.#record.valueBytes;
  }
  get serializedKeySize(): number {
    return this.#record.serializedKeySize;
  }
  get serializedValueSize(): number {
    return this.#record.serializedValueSize;
  }
  detach(): ArmRecord {
    return new ArmRecord(this.#record.detach(), this.#lease);
  }
  toJSON(): object {
    return this.#record.toJSON();
  }
  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return this.#record.toJSON();
  }
}

/** The element with another lease. It is not copied deeper than one level. */
export function withLease<S extends Leased>(item: S, lease: Lease): S {
  const any: unknown = item;
  if (any instanceof ConsumerRecord) return new ArmRecord(any as AnyRecord, lease) as unknown as S;
  if (any instanceof ProcessedItem)
    return new ProcessedItem<unknown, unknown>(any.value, any.record, lease) as unknown as S;
  if (Object.hasOwn(item, 'lease')) {
    const copy = Object.create(Object.getPrototypeOf(item) as object | null) as S;
    return Object.assign(copy, item, { lease });
  }
  return new Proxy(item, { get: (target, name) => (name === 'lease' ? lease : read(target, name)) });
}

/** Read from the object itself, and its methods bound to it: private fields know no proxy. */
function read(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}
