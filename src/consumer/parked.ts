import { type ParkedNotice } from '../model/parking.js';
import { hop } from '../runtime/timer.js';
import { type CursorListener } from './flow-options.js';
import { type PartitionCursor } from './partition-cursor.js';
import { type PauseReasons } from './pause-reasons.js';

/**
 * Notes that a record of the partition is set aside, and has it told. The event leaves one hop later, so that an operator may
 * park inside `next`; what was decided or given up by then is not told any more.
 */
export function park(
  cursor: PartitionCursor,
  pauses: PauseReasons,
  listener: CursorListener,
  notice: ParkedNotice | null,
): () => void {
  const ended = pauses.note('parked');
  const untell = hop(cursor.runtime, () => {
    if (notice !== null) listener.parked?.(cursor, notice);
  });
  return () => {
    untell();
    ended();
  };
}
