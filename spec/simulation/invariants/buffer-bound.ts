import { type ConsumerEvent } from '../../../src/index.js';
import { type FetchRequest } from '../../../src/protocol/messages/fetch.js';
import { type Delivered, type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type SentRequest, type WireTap } from '../wire-tap.js';
import { type World } from '../world.js';

/** Where a member stands in a partition: what lies between the two is in its memory. */
interface Place {
  readonly topic: string;
  readonly partition: number;
  delivered: number;
  fetched: number;
  /** Where the answer before the last position began. */
  before: number;
}

/**
 * What a member has fetched and not delivered is never more than `bufferBytes` and what one fetch brought of each partition: when the
 * buffer is used up, those with nothing in it are asked for a little all the same. Judged by the offsets that fetches ask for.
 */
export class BufferBound implements Invariant {
  readonly name = 'buffer';
  readonly #world: World;
  readonly #members: () => readonly GroupMember[];
  readonly #places = new Map<GroupMember, Map<string, Place>>();

  constructor(world: World, members: () => readonly GroupMember[]) {
    this.#world = world;
    this.#members = members;
  }

  told(member: GroupMember, event: ConsumerEvent): void {
    const places = this.#of(member);
    // a fetch that was on its way may have named it in between
    if (event.type === 'lost' || event.type === 'revoked' || event.type === 'assigned')
      for (const { topic, partition } of event.partitions) places.delete(`${topic}/${partition}`);
    else if (event.type === 'discontinuity') places.delete(`${event.topic}/${event.partition}`);
  }

  restarted(member: GroupMember, topic: string, partition: number): void {
    this.#of(member).delete(`${topic}/${partition}`);
  }

  delivered({ member, topic, partition, offset }: Delivered): void {
    const place = this.#of(member).get(`${topic}/${partition}`);
    if (place !== undefined) place.delivered = offset + 1;
  }

  sent(request: SentRequest, { process }: WireTap): void {
    if (request.api !== 'Fetch') return;
    const member = this.#members().find((each) => each.process === process);
    // whose connection it is cannot be seen where several live together
    if (member === undefined || member.plan.together) return;
    const places = this.#of(member);
    const { topics } = request.body() as FetchRequest;
    for (const { topicId, topic: named, partitions } of topics) {
      const topic = this.#world.state.topicsById.get(topicId)?.name ?? named;
      for (const { partition, fetchOffset } of partitions) {
        const key = `${topic}/${partition}`;
        const place = places.get(key);
        if (place === undefined)
          places.set(key, { topic, partition, delivered: fetchOffset, fetched: fetchOffset, before: fetchOffset });
        else if (place.fetched !== fetchOffset) Object.assign(place, { before: place.fetched, fetched: fetchOffset });
      }
    }
    this.#judge(member, places);
  }

  #judge(member: GroupMember, places: ReadonlyMap<string, Place>): void {
    let buffered = 0;
    let allowed = member.plan.bufferBytes;
    for (const { topic, partition, delivered, fetched, before } of places.values()) {
      if (fetched <= delivered) continue;
      let last = 0;
      for (const { bytes, baseOffset, header } of this.#world.state.partition(topic, partition)!.log.from(delivered)) {
        if (baseOffset >= fetched) break;
        // markers and what was aborted are passed over without a delivery: they lie between the two and in no buffer
        if (header.isControl || header.isTransactional) continue;
        buffered += bytes.length;
        if (baseOffset >= before) last += bytes.length;
      }
      allowed += last;
    }
    this.#world.counts.add('buffers judged');
    if (buffered > allowed)
      this.#world.violate(this.name, `${member.name} has ${buffered} bytes in its buffer, ${allowed} are allowed`);
  }

  #of(member: GroupMember): Map<string, Place> {
    let places = this.#places.get(member);
    if (places === undefined) this.#places.set(member, (places = new Map<string, Place>()));
    return places;
  }
}
