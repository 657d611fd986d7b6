import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError } from '../errors/usage-error.js';
import { type CommitReceipt, type GroupMetadata } from '../model/commit.js';
import { type Cancel, type Done } from '../model/done.js';
import { type OffsetList, type TopicPartition, type TopicPartitionOffset } from '../model/topic-partition.js';
import { type Input } from '../protocol/api.js';
import {
  offsetCommitApi,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '../protocol/messages/offset-commit.js';
import { backoffMs } from '../runtime/backoff.js';
import { hop, Timer } from '../runtime/timer.js';
import { commitVerdict } from './commit-errors.js';
import { CommitJob, type Outcome } from './commit-job.js';
import { badOffset, commitRequest, notHeld, refusal } from './commit-request.js';
import { type GroupPort } from './group/group-port.js';

/** Something with a value to commit: a partition under one assignment epoch. */
export interface Committable extends TopicPartition {
  readonly epoch: number;
  /** Offset of the next record to read after a restart; null while there is none. */
  readonly commitValue: { readonly offset: number; readonly leaderEpoch: number } | null;
  /** A transaction is about to commit it: nothing may be written here, the group would keep the later of the two. */
  readonly windowed?: boolean;
}

export interface CommitterOptions {
  /** Whoever waits for a commit is answered within this time. */
  readonly requestTimeoutMs: number;
}

interface Entry {
  readonly c: Committable;
  /** What the group has; null for nothing. */
  stored: number | null;
  /** The commit value that needs no commit: it is stored, or an explicit commit stands in its place. */
  seen: number | null;
  /** Queued by `commitExplicit`. */
  explicit: TopicPartitionOffset | null;
  /** Who waits for the next request that has this partition. */
  queue: Set<CommitJob<Entry>>;
  held: boolean;
  /** Its start is known. Before, only explicit commits are queued, and wait: one that overtook the look-up would be undone. */
  begun: boolean;
}

/** One partition in the request that is out. */
interface Part {
  readonly entry: Entry;
  readonly jobs: Set<CommitJob<Entry>>;
  explicit: TopicPartitionOffset | null;
  /** What was written; null until it was. */
  sent: TopicPartitionOffset | null;
  /** The commit value at that time. */
  value: number | null;
}

/** Version 10 names topics by id; members of KIP-848 groups need 9. */
const maxVersion = 9;

/**
 * Writes commit values to the group, one request at a time. What is asked for while a request is out goes into the next one, with
 * the values of then. The broker does not check who owns a partition, so that is checked here: an entry is one assignment epoch,
 * and once removed it is neither sent nor sent again.
 */
export class Committer {
  readonly #group: GroupPort;
  readonly #timeoutMs: number;
  readonly #entries: Map<Committable, Entry> = new Map<Committable, Entry>();
  readonly #listeners: Set<(receipt: CommitReceipt) => void> = new Set<(receipt: CommitReceipt) => void>();
  readonly #pause: Timer;
  readonly #unlisten: Cancel;
  /** Who waits for the answer to the request that is out. */
  readonly #landed: Set<() => void> = new Set<() => void>();
  #flight: Part[] | null = null;
  #cancelFlight: Cancel | null = null;
  #failures = 0;
  #closed = false;

  constructor(group: GroupPort, options: CommitterOptions) {
    this.#group = group;
    this.#timeoutMs = options.requestTimeoutMs;
    this.#pause = new Timer(group.runtime, () => {
      this.#pump();
    });
    this.#unlisten = group.onChange(() => {
      this.#pause.clear();
      this.#pump();
    });
  }

  /** It is held, and what the group has stored for it is being asked: an explicit commit of it waits for `add`. */
  expect(c: Committable): void {
    const entry = { c, stored: null, seen: null, explicit: null, queue: new Set<CommitJob<Entry>>() };
    this.#entries.set(c, { ...entry, held: true, begun: false });
  }

  /** @param committed - the offset that the group has stored for it, null if none */
  add(c: Committable, committed: number | null): void {
    if (!this.#entries.has(c)) this.expect(c);
    const entry = this.#entries.get(c)!;
    entry.stored = committed;
    entry.seen = committed;
    entry.begun = true;
    if (entry.queue.size > 0) {
      hop(this.#group.runtime, () => {
        this.#pump();
      });
    }
  }

  /** No commit of it afterwards. A request that was written already is still answered as what it came to. */
  remove(c: Committable): void {
    const entry = this.#entries.get(c);
    if (entry === undefined) return;
    this.#entries.delete(c);
    entry.held = false;
    const unsent = this.#flight?.filter((part) => part.entry === entry && part.sent === null) ?? [];
    const jobs = [...entry.queue, ...unsent.flatMap((part) => [...part.jobs])];
    for (const part of unsent) part.jobs.clear();
    entry.queue.clear();
    if (jobs.length === 0) return;
    const offset = entry.explicit ?? valueOf(c);
    hop(this.#group.runtime, () => {
      for (const job of jobs) job.settle(entry, 'superseded', offset);
      if (offset !== null) this.#tell('superseded', [offset]);
    });
  }

  /**
   * Commits the present values of these, of all when absent. What is stored already is not sent again. With several outcomes
   * the receipt has the worst one and the partitions it is true of; an error is what no other try could mend, or the end of
   * the time.
   */
  commitNow(which: readonly Committable[] | null, done: Done<CommitReceipt>): Cancel {
    const entries = (which ?? [...this.#entries.keys()]).flatMap((c) => this.#entries.get(c) ?? []);
    const begun = entries.filter((entry) => entry.begun);
    return this.#enqueue(begun, done);
  }

  /** Commits these offsets, whatever has been settled. They stand until the commit value of the partition moves. */
  commitExplicit(offsets: OffsetList, done: Done<CommitReceipt>): Cancel {
    const entries: Entry[] = [];
    for (const offset of offsets) {
      const entry = this.#find(offset);
      const error = entry === undefined ? notHeld(offset) : badOffset(offset);
      if (error !== null) {
        return hop(this.#group.runtime, () => {
          done(error, null);
        });
      }
      entries.push(entry!);
    }
    offsets.forEach((offset, at) => {
      entries[at]!.explicit = offset;
    });
    return this.#enqueue(entries, done);
  }

  /** A transaction has committed that offset. */
  stored(c: Committable, offset: number): void {
    const entry = this.#entries.get(c);
    if (entry !== undefined) entry.stored = entry.seen = offset;
  }

  /** `done` from a later turn, once no commit of it is on the wire. */
  quiet(c: Committable, done: () => void): Cancel {
    let cancel = (): void => undefined;
    const look = (): void => {
      if (this.#flight?.some((part) => part.entry.c === c && part.sent !== null) !== true) {
        done();
        return;
      }
      this.#landed.add(look);
      cancel = () => this.#landed.delete(look);
    };
    cancel = hop(this.#group.runtime, look);
    return () => {
      cancel();
    };
  }

  /** Every answered commit, by outcome; also those that nobody waits for any more. */
  onReceipt(listener: (receipt: CommitReceipt) => void): Cancel {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten();
    this.#pause.clear();
    this.#cancelFlight?.();
    const waiting: [CommitJob<Entry>, Entry][] = [];
    for (const entry of this.#entries.values()) for (const job of entry.queue) waiting.push([job, entry]);
    for (const part of this.#flight ?? []) for (const job of part.jobs) waiting.push([job, part.entry]);
    this.#flight = null;
    this.#entries.clear();
    hop(this.#group.runtime, () => {
      for (const [job, entry] of waiting) job.refuse(entry, new ClientClosedError('The consumer was closed'));
    });
  }

  #find(tp: TopicPartition): Entry | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.c.partition === tp.partition && entry.c.topic === tp.topic) return entry;
    }
    return undefined;
  }

  #enqueue(entries: readonly Entry[], done: Done<CommitReceipt>): Cancel {
    const job = new CommitJob(this.#group.runtime, entries, this.#timeoutMs, done);
    for (const entry of entries) {
      const part = this.#flight?.find((candidate) => candidate.entry === entry && this.#carries(candidate));
      (part?.jobs ?? entry.queue).add(job);
    }
    hop(this.#group.runtime, () => {
      this.#pump();
      job.finishIfComplete();
    });
    return () => {
      job.cancel();
    };
  }

  /** Whether the request that is out already has what would be sent now. */
  #carries(part: Part): boolean {
    const { entry } = part;
    return entry.explicit === null && part.sent !== null && part.value === (valueOf(entry.c)?.offset ?? null);
  }

  #pump(): void {
    if (this.#closed || this.#flight !== null || this.#pause.armed || !this.#group.commitReady) return;
    const parts: Part[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.begun) continue;
      for (const job of entry.queue) if (job.over) entry.queue.delete(job);
      if (entry.queue.size === 0) {
        entry.explicit = null;
        continue;
      }
      const value = valueOf(entry.c);
      const windowed = entry.c.windowed === true;
      if (windowed || (entry.explicit === null && (value === null || value.offset === entry.seen))) {
        const stored = entry.stored === null ? null : { ...plain(entry.c), offset: entry.stored };
        const outcome = entry.explicit === null ? 'committed' : 'superseded';
        for (const job of entry.queue) job.settle(entry, outcome, entry.explicit ?? stored);
        entry.queue.clear();
        entry.explicit = null;
        continue;
      }
      parts.push({ entry, jobs: entry.queue, explicit: entry.explicit, sent: null, value: null });
      entry.queue = new Set();
      entry.explicit = null;
    }
    if (parts.length > 0) this.#send(parts);
  }

  #send(parts: Part[]): void {
    this.#flight = parts;
    let as = this.#group.identity();
    // read when the bytes are written: until then a connection may have to be opened, values move and partitions go
    const body = (): Input<OffsetCommitRequest> => {
      as = this.#group.identity();
      return commitRequest(as, parts.flatMap(present));
    };
    const answer: Done<OffsetCommitResponse> = (error, response) => {
      this.#flight = null;
      this.#cancelFlight = null;
      if (response !== null) this.#answered(parts, response, as);
      else this.#failed(parts, error!);
      for (const look of [...this.#landed]) if (this.#landed.delete(look)) look();
      this.#pump();
    };
    const versions = this.#group.memberEpochs === true ? { minVersion: maxVersion, maxVersion } : { maxVersion };
    this.#cancelFlight = this.#group.groupCall(offsetCommitApi, body, answer, versions);
  }

  #answered(parts: readonly Part[], response: OffsetCommitResponse, as: GroupMetadata): void {
    const codes = new Map<string, Map<number, number>>();
    for (const { name, partitions } of response.topics) {
      codes.set(name, new Map(partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode])));
    }
    const told = new Map<Outcome, TopicPartitionOffset[]>();
    const report = new Set<number>();
    // whoever waits may give its partitions up at once, and a receipt reaches only what is held: listeners hear first
    const answers: (() => void)[] = [];
    let retry = false;
    for (const part of parts) {
      if (part.sent === null) {
        // nothing to write by the time it was written
        const outcome = part.explicit === null ? 'committed' : 'superseded';
        answers.push(() => {
          for (const job of part.jobs) job.settle(part.entry, outcome, part.explicit);
        });
        continue;
      }
      const errorCode = codes.get(part.sent.topic)?.get(part.sent.partition) ?? 13;
      const verdict = commitVerdict(errorCode);
      if (verdict === 'find') this.#group.forgetCoordinator();
      if (verdict === 'identity' || verdict === 'fenced' || errorCode === 29 || errorCode === 30) report.add(errorCode);
      if (verdict === 'ok') this.#stored(part, part.sent);
      if (verdict === 'refused') {
        const error = refusal(errorCode, part.sent);
        answers.push(() => {
          for (const job of part.jobs) job.refuse(part.entry, error);
        });
        continue;
      }
      const again = verdict !== 'ok' && verdict !== 'fenced';
      if (again && part.entry.held) {
        doubt(part);
        this.#requeue(part, refusal(errorCode, part.sent));
        retry = true;
        continue;
      }
      const outcome = verdict === 'ok' ? 'committed' : again ? 'superseded' : 'fenced';
      const list = told.get(outcome) ?? [];
      told.set(outcome, list);
      list.push(part.sent);
      const { sent } = part;
      answers.push(() => {
        for (const job of part.jobs) job.settle(part.entry, outcome, sent);
      });
    }
    if (retry) this.#pauseAWhile();
    else this.#failures = 0;
    for (const errorCode of report) this.#group.refused(errorCode, as);
    for (const [outcome, offsets] of told) this.#tell(outcome, offsets);
    for (const answer of answers) answer();
  }

  #failed(parts: readonly Part[], error: KafkaError): void {
    for (const part of parts) {
      doubt(part);
      if (!error.retriable) for (const job of part.jobs) job.refuse(part.entry, error);
      else if (part.entry.held) this.#requeue(part, error);
      else for (const job of part.jobs) job.settle(part.entry, 'superseded', part.sent);
    }
    if (error.retriable) this.#pauseAWhile();
  }

  #stored({ entry, value, explicit }: Part, sent: TopicPartitionOffset): void {
    entry.stored = sent.offset;
    entry.seen = explicit === null ? sent.offset : value;
  }

  /** With the value of then, unless a newer explicit one waits. */
  #requeue(part: Part, error: KafkaError): void {
    const { entry } = part;
    entry.explicit ??= part.explicit;
    for (const job of part.jobs) {
      job.lastRefusal = error;
      if (!job.over) entry.queue.add(job);
    }
  }

  #pauseAWhile(): void {
    const { initialMs, maxMs } = this.#group.backoff;
    this.#pause.set(backoffMs(this.#failures++, initialMs, maxMs, () => this.#group.runtime.random()));
  }

  #tell(outcome: Outcome, offsets: OffsetList): void {
    const receipt: CommitReceipt = { offsets, outcome, at: this.#group.runtime.wallClock() };
    for (const listener of [...this.#listeners]) listener(receipt);
  }
}

/** The part as it is written now; nothing when the partition is gone or has nothing to write. */
function present(part: Part): readonly TopicPartitionOffset[] {
  const { entry } = part;
  if (!entry.held || entry.c.windowed === true) return [];
  const value = valueOf(entry.c);
  part.value = value?.offset ?? null;
  part.sent = part.explicit ?? value;
  return part.sent === null ? [] : [part.sent];
}

/** It may be stored all the same: a value that was stored before it, and is wanted again after a seek, has to be written. */
function doubt({ sent, explicit, entry }: Part): void {
  if (sent !== null && explicit === null) entry.seen = null;
}

function valueOf(c: Committable): TopicPartitionOffset | null {
  const value = c.commitValue;
  if (value === null) return null;
  const leaderEpoch = value.leaderEpoch < 0 ? undefined : value.leaderEpoch;
  return { ...plain(c), offset: value.offset, leaderEpoch };
}

function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
