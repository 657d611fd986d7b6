import { UsageError } from '../errors/usage-error.js';
import type { OffsetList, TopicPartition, TopicPartitionOffset } from '../model/topic-partition.js';
import type { FlowScript } from './scripted-flow.js';
import type { GroupEvent } from './group-script.js';
import { nameOf, sameTp, ScriptedLog } from './scripted-log.js';
import type { SettlementLedger } from './settlement-ledger.js';

/** The member of a scripted group, as its coordinator knows it. */
export interface GroupMember {
  told(event: GroupEvent): void;
  failed(error: unknown): void;
}

/**
 * What outlives a membership: logs, committed offsets, and which partitions the script gives to this member at the moment. A
 * member that joins later, or again, gets what is assigned by then.
 */
export class ScriptedGroup implements FlowScript {
  readonly ledger: SettlementLedger;
  readonly groupId: string;
  readonly #logs: ScriptedLog[] = [];
  readonly #committed: TopicPartitionOffset[] | null;
  readonly #stored: TopicPartitionOffset[] = [];
  readonly #commits: (offsets: OffsetList) => void;
  #assigned: TopicPartition[] = [];
  #member: GroupMember | null = null;
  #generation = 0;
  /** The first letter has come. */
  begun = false;

  /** @param committed - null: every partition has its beginning stored */
  constructor(
    groupId: string,
    ledger: SettlementLedger,
    committed: OffsetList | null,
    commits: (offsets: OffsetList) => void,
  ) {
    this.groupId = groupId;
    this.ledger = ledger;
    this.#committed = committed === null ? null : [...committed];
    this.#commits = commits;
  }

  get logs(): readonly ScriptedLog[] {
    return this.#logs;
  }
  get assigned(): readonly TopicPartition[] {
    return this.#assigned;
  }
  get generation(): number {
    return this.#generation;
  }

  log(tp: TopicPartition): ScriptedLog {
    let log = this.#logs.find((candidate) => sameTp(candidate, tp));
    if (log === undefined) this.#logs.push((log = new ScriptedLog(tp)));
    return log;
  }

  join(member: GroupMember): void {
    this.#member = member;
    this.#generation++;
  }
  leave(member: GroupMember): void {
    if (this.#member === member) this.#member = null;
  }

  /** @throws UsageError when the script contradicts itself */
  tell(letter: string, event: GroupEvent): void {
    const { assign = [], revoke = [], lose = [] } = event;
    for (const tp of [...revoke, ...lose]) {
      if (!this.#assigned.some((held) => sameTp(held, tp))) {
        throw new UsageError(`group: ${letter} takes ${nameOf(tp)} away, which is not assigned then`);
      }
      this.#assigned = this.#assigned.filter((held) => !sameTp(held, tp));
    }
    for (const tp of assign) {
      if (this.#assigned.some((held) => sameTp(held, tp))) {
        throw new UsageError(`group: ${letter} assigns ${nameOf(tp)}, which is assigned already`);
      }
      this.#assigned = [...this.#assigned, { topic: tp.topic, partition: tp.partition }];
    }
    this.begun = true;
    this.#generation++;
    this.#member?.told(event);
  }

  fail(error: unknown): void {
    this.#member?.failed(error);
  }

  committed(partitions: readonly TopicPartition[]): OffsetList {
    return partitions.flatMap((tp) => {
      const found = [...this.#stored, ...(this.#committed ?? [])].find((stored) => sameTp(stored, tp));
      if (found !== undefined) return [found];
      return this.#committed === null ? [{ topic: tp.topic, partition: tp.partition, offset: 0 }] : [];
    });
  }

  /** Stored, from here on. */
  commit(offsets: OffsetList): void {
    for (const { topic, partition, offset } of offsets) {
      const at = this.#stored.findIndex((stored) => sameTp(stored, { topic, partition }));
      if (at >= 0) this.#stored.splice(at, 1);
      this.#stored.push({ topic, partition, offset });
    }
    if (offsets.length > 0) {
      this.#commits(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
    }
  }
}
