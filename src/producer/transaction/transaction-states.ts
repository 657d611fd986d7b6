import { UsageError } from '../../errors/usage-error.js';

/**
 * Where a slot is. uninitialised: has no producer id. initialising: asks for one. ready: no transaction is open. open: records
 * and offsets go in. failed: it can only be aborted. committing, aborting: on their way to ready. fatal: the end, another
 * producer took over or the broker refuses this one.
 */
export type SlotState =
  'uninitialised' | 'initialising' | 'ready' | 'open' | 'failed' | 'committing' | 'aborting' | 'fatal' | 'closed';

/** What may follow what; everything may end in `fatal` or `closed`, and nothing follows those but `closed`. */
export const transitions: Readonly<Record<SlotState, readonly SlotState[]>> = Object.freeze({
  uninitialised: ['initialising', 'fatal', 'closed'],
  initialising: ['ready', 'uninitialised', 'fatal', 'closed'],
  ready: ['open', 'fatal', 'closed'],
  open: ['committing', 'aborting', 'failed', 'fatal', 'closed'],
  committing: ['ready', 'failed', 'fatal', 'closed'],
  failed: ['aborting', 'fatal', 'closed'],
  aborting: ['ready', 'fatal', 'closed'],
  fatal: ['closed'],
  closed: [],
} as const);

/** The next state, when it may be the next. @throws UsageError naming both states */
export function follow(from: SlotState, to: SlotState): SlotState {
  if (transitions[from].includes(to)) return to;
  throw new UsageError(`A transaction that is ${from} cannot become ${to}`);
}
