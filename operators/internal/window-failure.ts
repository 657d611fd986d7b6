import { DeliveryError, TransactionError } from '../../src/errors/client-errors.js';
import { KafkaError } from '../../src/errors/kafka-error.js';
import { UsageError } from '../../src/errors/usage-error.js';

/**
 * Why a window is aborted. work: what was done in it failed, `onAbort` decides. outside: the group or the cluster moved on, it is
 * done again whatever `onAbort` says. final: the stream ends.
 */
export interface WindowFailure {
  readonly error: unknown;
  readonly kind: 'work' | 'outside' | 'final';
}

/** A failure policy would not take the record. */
export class PolicyRefusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** An error of the project function's stream. */
export function projectFailure(error: unknown): WindowFailure {
  if (error instanceof PolicyRefusal) return { error: error.error, kind: 'final' };
  if (isFinal(error)) return { error, kind: 'final' };
  // the transaction failed under it
  if (error instanceof TransactionError) return transactionFailure(error);
  return { error, kind: 'work' };
}

/** An error of the transaction itself: it cannot be committed. */
export function transactionFailure(error: unknown): WindowFailure {
  if (isFinal(error)) return { error, kind: 'final' };
  // a record that cannot be written makes every transaction fail that it is in
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DeliveryError && !cause.retriable) return { error, kind: 'work' };
  }
  return { error, kind: 'outside' };
}

export function work(error: unknown): WindowFailure {
  return { error, kind: 'work' };
}

export function outside(text: string): WindowFailure {
  return { error: new TransactionError(text, { abortable: true, retriable: true }), kind: 'outside' };
}

function isFinal(error: unknown): boolean {
  return error instanceof UsageError || (KafkaError.is(error) && error.fatal);
}
