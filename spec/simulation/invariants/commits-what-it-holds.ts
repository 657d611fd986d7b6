import { type OffsetCommitRequest } from '../../../src/protocol/messages/offset-commit.js';
import { type TxnOffsetCommitRequest } from '../../../src/protocol/messages/txn-offset-commit.js';
import { type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type SentRequest, type WireTap } from '../wire-tap.js';
import { type World } from '../world.js';

/** A commit names partitions that its member holds as it leaves the process; the offsets of a transaction carry the present identity. */
export class CommitsWhatItHolds implements Invariant {
  readonly name = 'commits what it holds';
  readonly #world: World;
  readonly #members: () => readonly GroupMember[];

  constructor(world: World, members: () => readonly GroupMember[]) {
    this.#world = world;
    this.#members = members;
  }

  sent(request: SentRequest, { process }: WireTap): void {
    if (request.api === 'OffsetCommit') this.#plain(request, process.name);
    else if (request.api === 'TxnOffsetCommit') this.#transactional(request, process.name);
  }

  #plain(request: SentRequest, name: string): void {
    const { topics } = request.body() as OffsetCommitRequest;
    const member = this.#member(name);
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

  #transactional(request: SentRequest, name: string): void {
    const { memberId, generationId } = request.body() as TxnOffsetCommitRequest;
    const identity = this.#member(name).consumer.groupMetadata();
    if (memberId === identity.memberId && generationId === identity.generation) return;
    this.#world.violate(
      this.name,
      `${name} sends offsets as ${memberId} of ${generationId}, it is ${identity.memberId} of ${identity.generation}`,
    );
  }

  #member(name: string): GroupMember {
    return this.#members().find(({ process }) => process.name === name)!;
  }
}
