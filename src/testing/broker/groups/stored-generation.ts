import { type Generation } from './classic-answers.js';
import { type ClassicMember } from './classic-member.js';

/** What the offsets topic would hold of a classic group: what its next coordinator knows. @internal */
export interface StoredGeneration {
  readonly generation: number;
  readonly protocolName: string | null;
  readonly leader: string | null;
  /** Each puts a member back as it stood. */
  readonly members: readonly (() => ClassicMember)[];
}

/** @internal */
export const nothingStored: StoredGeneration = { generation: 0, protocolName: null, leader: null, members: [] };

/** @internal */
export function storeGeneration({ generation, protocolName, leader, members }: Generation): StoredGeneration {
  return { generation, protocolName, leader, members: members.all.map((member) => member.snapshot()) };
}
