import { UsageError } from '../errors/usage-error.js';
import { type LeaseOwner } from '../model/lease.js';

/** What `LeaseOwner.commitCadence` takes. */
export type CadenceArguments = Parameters<NonNullable<LeaseOwner['commitCadence']>>;

/** A cursor whose flow has nobody who commits. @throws UsageError */
export function commitsNothing(): never {
  throw new UsageError('This consumer commits nothing, give it a groupId');
}
