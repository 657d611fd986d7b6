import { type Body, type CallOptions } from '../../cluster/channel-pool.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type Runtime } from '../../model/runtime.js';
import { type Api } from '../../protocol/api.js';

/** The part of a group that commits and offset look-ups need: a member's, or that of a consumer that only stores offsets. */
export interface GroupPort {
  readonly runtime: Runtime;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  /** Generation -1 and member id '' without a membership. */
  identity(): GroupMetadata;
  /** A member of a KIP-848 group: offsets are read and written under its epoch, with version 9 and up. */
  readonly memberEpochs?: boolean;
  /** False while a commit would only be refused: not joined, or joined and not synced yet. */
  readonly commitReady: boolean;
  /** After each change of `identity()` or `commitReady`; never in the stack of a call on this port. */
  onChange(listener: () => void): Cancel;
  /**
   * One call on the *group* connection of the coordinator, which is looked up first. A broken connection forgets the
   * coordinator; the caller retries.
   */
  groupCall<Req, Res>(api: Api<Req, Res>, body: Body<Req>, done: Done<Res>, options?: CallOptions): Cancel;
  /** An answer said 14, 15, 16 or 7: the next call looks the coordinator up again. */
  forgetCoordinator(): void;
  /** A commit under that identity was refused with 22, 25, 27, 29, 30, 82, 110 or 113. */
  refused(errorCode: number, identity: GroupMetadata): void;
}
