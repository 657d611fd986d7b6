import type { OffsetList } from '../model/topic-partition.js';
import { show } from './show.js';

/** How a value is shown in the drawing of a failed expectation. */
export const drawn: unique symbol = Symbol.for('rx-kafka.testing.drawn') as never;

/** Drawn by a letter of its own, or, without one, by the next free letter and `text` in the legend. */
export interface Drawing {
  /** What the marbles are of: `acknowledged leases`. */
  readonly title: string;
  readonly letter: string | null;
  readonly text: string;
}

/** A record's lease, by the record's letter. */
export class LeaseMark {
  readonly title: string;
  readonly letter: string;

  constructor(title: string, letter: string) {
    this.title = title;
    this.letter = letter;
  }

  get [drawn](): Drawing {
    return { title: this.title, letter: this.letter, text: this.letter };
  }
}

/** One commit as the coordinator got it. */
export class CommitMark {
  /** In the order of topic and partition; null where only the time counts. */
  readonly offsets: readonly string[] | null;

  constructor(offsets: OffsetList | null) {
    this.offsets = offsets === null ? null : namesOf(offsets);
  }

  get [drawn](): Drawing {
    return { title: 'commits', letter: null, text: this.offsets?.join(', ') ?? 'any offsets' };
  }
}

/** One transaction as it ended; offsets are null where they do not count. */
export class TransactionMark {
  readonly outcome: 'committed' | 'aborted' | 'open';
  readonly values: readonly unknown[];
  readonly offsets: readonly string[] | null;

  constructor(outcome: TransactionMark['outcome'], values: readonly unknown[], offsets: OffsetList | null) {
    this.outcome = outcome;
    this.values = values;
    this.offsets = offsets === null ? null : namesOf(offsets);
  }

  get [drawn](): Drawing {
    const offsets = this.offsets === null ? '' : `, offsets ${this.offsets.join(', ') || 'none'}`;
    return { title: 'transactions', letter: null, text: `${this.outcome} ${show(this.values)}${offsets}` };
  }
}

function namesOf(offsets: OffsetList): readonly string[] {
  return offsets.map(({ topic, partition, offset }) => `${topic}-${partition} at ${offset}`).sort();
}

/** The drawing of a value that has one. */
export function drawingOf(value: unknown): Drawing | null {
  if (typeof value !== 'object' || value === null) return null;
  return (value as { readonly [drawn]?: Drawing })[drawn] ?? null;
}
