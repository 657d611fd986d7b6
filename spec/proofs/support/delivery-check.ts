/** What a producer said of a record. */
const told = { nothing: 0, acknowledged: 1, refused: 2, perhaps: 3 } as const;

/** The log of one partition as a reader found it: what the records say they are, and where they are. */
export interface PartitionLog {
  readonly ids: number[];
  readonly offsets: number[];
}

/**
 * What a producer was given and what it said of each record. Records are numbered from 0 in the order in which they were
 * handed over.
 */
export class DeliveryLedger {
  readonly #said: Uint8Array;
  readonly #partition: Uint16Array;
  readonly #offset: Float64Array;
  #handedOver = 0;
  #toldTwice = 0;

  constructor(most: number) {
    this.#said = new Uint8Array(most);
    this.#partition = new Uint16Array(most);
    this.#offset = new Float64Array(most).fill(-1);
  }

  get size(): number {
    return this.#handedOver;
  }

  /** Returns the number of the record. */
  handOver(partition: number): number {
    const id = this.#handedOver++;
    this.#partition[id] = partition;
    return id;
  }

  /** @param offset - -1 when the broker did not say */
  acknowledged(id: number, offset: number): void {
    this.#tell(id, told.acknowledged);
    this.#offset[id] = offset;
  }

  failed(id: number, mayHaveBeenWritten: boolean): void {
    this.#tell(id, mayHaveBeenWritten ? told.perhaps : told.refused);
  }

  partitionOf(id: number): number {
    return this.#partition[id]!;
  }

  /** Counts of what was said, and what the log says against it. */
  check(logs: readonly PartitionLog[]): DeliveryVerdict {
    const found: Findings = new Findings();
    const seen = new Uint8Array(this.#handedOver);
    let perhapsWritten = 0;
    for (const [partition, { ids, offsets }] of logs.entries()) {
      let last = -1;
      for (const [at, id] of ids.entries()) {
        const where = `${partition}@${offsets[at]!}`;
        if (!(id < this.#handedOver) || id < 0 || this.#partition[id] !== partition) {
          found.add('in a partition it was not sent to', `${id} at ${where}`);
          continue;
        }
        if (seen[id] === 1) {
          found.add('written twice', `${id} at ${where}`);
          continue;
        }
        seen[id] = 1;
        if (id < last) found.add('behind a record that was sent after it', `${id} behind ${last} at ${where}`);
        last = Math.max(last, id);
        const said = this.#said[id];
        if (said === told.refused) found.add('written, and its error says that it was not', `${id} at ${where}`);
        if (said === told.perhaps) perhapsWritten += 1;
        const place = this.#offset[id]!;
        if (said === told.acknowledged && place >= 0 && place !== offsets[at]) {
          found.add('acknowledged at another offset', `${id} at ${where}, told ${place}`);
        }
      }
    }
    const counts = [0, 0, 0, 0];
    for (let id = 0; id < this.#handedOver; id++) {
      const said = this.#said[id]!;
      counts[said]! += 1;
      if (said === told.nothing) found.add('never answered', String(id));
      if (said === told.acknowledged && seen[id] === 0) found.add('acknowledged and not in the log', String(id));
    }
    if (this.#toldTwice > 0) found.add('answered twice', String(this.#toldTwice));
    return {
      acknowledged: counts[told.acknowledged]!,
      refused: counts[told.refused]!,
      perhaps: counts[told.perhaps]!,
      perhapsWritten,
      violations: found.lines(),
    };
  }

  #tell(id: number, what: number): void {
    if (this.#said[id] !== told.nothing) this.#toldTwice += 1;
    this.#said[id] = what;
  }
}

export interface DeliveryVerdict {
  readonly acknowledged: number;
  /** Failed, and certainly not written. */
  readonly refused: number;
  /** Failed, and perhaps written. */
  readonly perhaps: number;
  /** Those of them that are in the log. */
  readonly perhapsWritten: number;
  readonly violations: readonly string[];
}

/** Counts by kind with an example of each. */
class Findings {
  readonly #kinds: Map<string, { count: number; readonly first: string }> = new Map();

  add(kind: string, example: string): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, { count: 1, first: example });
    else known.count += 1;
  }

  lines(): string[] {
    return [...this.#kinds].map(([kind, { count, first }]) => `${count} records ${kind}, the first: ${first}`);
  }
}
