import type { Processed } from '../../src/model/consumer-record.js';
import type { Lease } from '../../src/model/lease.js';

/** The one shape in which operators hand a computed value on. */
export class ProcessedItem<R, Rec> implements Processed<R, Rec> {
  readonly value: R;
  readonly record: Rec;
  readonly lease: Lease;

  constructor(value: R, record: Rec, lease: Lease) {
    this.value = value;
    this.record = record;
    this.lease = lease;
  }
}
