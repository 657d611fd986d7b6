import { type OffsetCommitRequest } from '../../../src/protocol/messages/offset-commit.js';
import { type TxnOffsetCommitRequest } from '../../../src/protocol/messages/txn-offset-commit.js';
import { type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type SentRequest, type WireTap } from '../wire-tap.js';
import { type World } from '../world.js';

const beats: ReadonlySet<string> = new Set(['Heartbeat', 'ConsumerGroupHeartbeat', 'JoinGroup', 'SyncGroup', 'Fetch']);
/** Longest wait for a coordinator and a connection, milliseconds. */
const graceMs = 10_000;

/** A commit names partitions that its member holds as it leaves the process; the offsets of a transaction carry the present identity. */
export class CommitsWhatItHolds implements Invariant {
  readonly name = 'commits what it holds';
  readonly #world: World;
  readonly #members: () => readonly GroupMember[];
  /** Whom each process was in its group, and since when. */
  readonly #identities = new Map<string, { readonly identity: string; readonly since: number }[]>();

  constructor(world: World, members: () => readonly GroupMember[]) {
    this.#world = world;
    this.#members = members;
  }

  sent(request: SentRequest, { process }: WireTap): void {
    const isBeat = beats.has(request.api);
    if (!isBeat && request.api !== 'OffsetCommit' && request.api !== 'TxnOffsetCommit') return;
    const member = this.#members().find((one) => one.process === process);
    if (member === undefined) return;
    if (isBeat) this.#note(member);
    else if (request.api === 'OffsetCommit') this.#plain(request, process.name);
    else this.#transactional(request, member);
  }

  #plain(request: SentRequest, name: string): void {
    const { topics, memberId } = request.body() as OffsetCommitRequest;
    const living = this.#members().filter(({ process }) => process.name === name);
    const member = living.find(({ consumer }) => consumer.groupMetadata().memberId === memberId) ?? living[0]!;
    for (const { name: topicName, topicId, partitions } of topics) {
      const topic = topicName === '' ? this.#world.state.topicsById.get(topicId)!.name : topicName;
      for (const { partitionIndex, committedOffset } of partitions) {
        this.#world.counts.add('commits of holders');
        if (member.holds({ topic, partition: partitionIndex })) continue;
        this.#world.violate(
          this.name,
          `${name} commits ${topic}/${partitionIndex}@${committedOffset} and does not hold it`,
        );
      }
    }
  }

  /** The offsets of a transaction may wait for a connection: an identity that was replaced a moment ago is refused by the broker. */
  #transactional(request: SentRequest, member: GroupMember): void {
    const { name } = member.process;
    const { memberId, generationId } = request.body() as TxnOffsetCommitRequest;
    const { now } = this.#world.clock;
    const carried = `${memberId} of ${generationId}`;
    this.#note(member);
    const known = this.#identities.get(name)!;
    const at = known.findLastIndex(({ identity }) => identity === carried);
    const replacedAt = at < 0 ? 0 : (known[at + 1]?.since ?? now);
    if (at >= 0 && generationId >= 0 && now - replacedAt <= graceMs) return;
    this.#world.violate(
      this.name,
      `${name} sends offsets as ${carried}, it is ${known.at(-1)!.identity} since ${known.at(-1)!.since}`,
    );
  }

  #note({ consumer, process: { name } }: GroupMember): void {
    const { memberId, generation } = consumer.groupMetadata();
    const identity = `${memberId} of ${generation}`;
    let known = this.#identities.get(name);
    if (known === undefined) this.#identities.set(name, (known = []));
    if (known.at(-1)?.identity !== identity) known.push({ identity, since: this.#world.clock.now });
  }
}
