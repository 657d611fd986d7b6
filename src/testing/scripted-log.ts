import type { Observable, Subscription } from 'rxjs';
import { UsageError } from '../errors/usage-error.js';
import type { TopicPartition } from '../model/topic-partition.js';
import { bytesOf, type RecordInit } from './test-record.js';

/** One record of a scripted log, with the letter by which a test knows it. */
export interface LogEntry {
  readonly letter: string;
  readonly offset: number;
  /** Bytes of key and value. */
  readonly size: number;
  readonly init: RecordInit<unknown, unknown>;
}

/** What its readers are told of a log. */
export interface LogListener {
  grown(log: ScriptedLog): void;
}

/** The log of one partition: a marble line says when which record is appended. */
export class ScriptedLog implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly entries: LogEntry[] = [];
  readonly #listeners: Set<LogListener> = new Set<LogListener>();
  /** Why nothing can be read any more. */
  failure: { readonly error: unknown } | null = null;

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Behind the last record; every log begins at 0. */
  get end(): number {
    const last = this.entries.at(-1);
    return last === undefined ? 0 : last.offset + 1;
  }

  /** The first record at or behind that offset. */
  from(offset: number): LogEntry | undefined {
    return this.entries.find((entry) => entry.offset >= offset);
  }

  /** Appends as the letters come; `#` is an error that reading meets. */
  play(
    letters$: Observable<string>,
    values: Readonly<Record<string, RecordInit<unknown, unknown>>>,
    ended: () => void = () => undefined,
  ): Subscription {
    return letters$.subscribe({
      next: (letter) => {
        this.#append(letter, values[letter]);
      },
      error: (error: unknown) => {
        this.failure = { error };
        this.#tell();
      },
      complete: ended,
    });
  }

  listen(listener: LogListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #append(letter: string, init: RecordInit<unknown, unknown> | undefined): void {
    if (init === undefined) throw new UsageError(`There is no value for the record ${letter} of ${nameOf(this)}`);
    const offset = init.offset ?? this.end;
    if (offset < this.end) {
      throw new UsageError(`The record ${letter} of ${nameOf(this)} goes back to offset ${offset}, a log only grows`);
    }
    const size = (bytesOf(init.key)?.length ?? 0) + (bytesOf(init.value)?.length ?? 0);
    this.entries.push({ letter, offset, size, init: { ...init, topic: this.topic, partition: this.partition } });
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener.grown(this);
  }
}

/** `orders-0`, for messages. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

export function sameTp(left: TopicPartition, right: TopicPartition): boolean {
  return left.partition === right.partition && left.topic === right.topic;
}
