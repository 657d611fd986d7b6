import { checkNames, countOption, invalid, msOption } from './options.js';

/** Growing pauses between attempts, with 20 % jitter. @public */
export interface BackoffOptions {
  /** The first pause, milliseconds. @defaultValue 100 */
  readonly initialMs?: number | undefined;
  /** The longest pause, milliseconds. @defaultValue 10000 */
  readonly maxMs?: number | undefined;
  /** How often to try again after the first time. */
  readonly attempts?: number | undefined;
}

export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly attempts: number;
}

export const backoffNames: readonly string[] = ['initialMs', 'maxMs', 'attempts'];

export function resolveBackoff(
  where: string,
  options: BackoffOptions,
  attempts: number,
  names = backoffNames,
): Backoff {
  checkNames(where, options, names);
  const initialMs = msOption(where, 'initialMs', options.initialMs, Math.min(100, options.maxMs ?? 100));
  const maxMs = msOption(where, 'maxMs', options.maxMs, Math.max(10_000, initialMs));
  if (maxMs < initialMs) throw invalid(where, 'maxMs', maxMs, 'it must not be below initialMs');
  return { initialMs, maxMs, attempts: countOption(where, 'attempts', options.attempts, attempts, 0) };
}

/** The pause after failure number `failures` (from 1), in milliseconds. `random` is in [0, 1). */
export function pauseMs(backoff: Backoff, failures: number, random: number): number {
  const full = Math.min(backoff.maxMs, backoff.initialMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.8 + 0.4 * random));
}
