import { brokerErrorEntry } from '../errors/broker-error.js';

/**
 * What an error code of OffsetCommit means for the value it refused.
 * - again: the same partition, with its value of then. find: and look the coordinator up first.
 * - identity: as who the member is by then; the membership has to hear of it.
 * - fenced: this member is out. refused: nothing helps.
 */
export type CommitVerdict = 'ok' | 'again' | 'find' | 'identity' | 'fenced' | 'refused';

const verdicts: Readonly<Record<number, CommitVerdict>> = {
  0: 'ok',
  7: 'find',
  14: 'find',
  15: 'find',
  16: 'find',
  22: 'identity',
  25: 'fenced',
  27: 'identity',
  82: 'fenced',
  110: 'fenced',
  113: 'identity',
};

export function commitVerdict(errorCode: number): CommitVerdict {
  return verdicts[errorCode] ?? (brokerErrorEntry(errorCode).retriable ? 'again' : 'refused');
}
