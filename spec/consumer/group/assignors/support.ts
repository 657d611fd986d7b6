import type { AssignorMember } from '../../../../src/model/assignor.js';
import type { TopicPartition } from '../../../../src/model/topic-partition.js';

/** A member that only says which topics it wants, unless told more. */
export function member(
  memberId: string,
  topics: readonly string[],
  more: Partial<AssignorMember> = {},
): AssignorMember {
  return { memberId, groupInstanceId: null, topics, owned: [], generation: -1, rackId: null, userData: null, ...more };
}

/** `{ t0: 3 }` is a topic with partitions 0, 1 and 2. */
export function partitions(counts: Readonly<Record<string, number>>): Map<string, number[]> {
  return new Map(Object.entries(counts).map(([topic, count]) => [topic, Array.from({ length: count }, (_, p) => p)]));
}

/** Per member `t0p0 t1p2`, in order of topic and partition. */
export function shown(result: ReadonlyMap<string, readonly TopicPartition[]>): Record<string, string> {
  return Object.fromEntries(
    [...result].map(([memberId, list]) => [memberId, names(list).sort().join(' ')] as const).sort(),
  );
}

export function names(list: readonly TopicPartition[]): string[] {
  return list.map(({ topic, partition }) => `${topic}p${partition}`);
}

/** From `t0p0 t1p2`. */
export function list(text: string): TopicPartition[] {
  return text.split(' ').flatMap((name) => {
    const match = /^(.+)p(\d+)$/.exec(name);
    return match === null ? [] : [{ topic: match[1]!, partition: Number(match[2]) }];
  });
}

/** Repeatable randomness: the same seed, the same run. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
