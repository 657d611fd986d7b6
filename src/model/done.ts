import type { KafkaError } from '../errors/kafka-error.js';

/**
 * How the core answers a call: exactly once, with either an error or a value, never in the stack of the call itself.
 */
export type Done<T> = (error: KafkaError | null, value: T | null) => void;

/** Ends the interest in an answer: `done` is not called afterwards. Idempotent. */
export type Cancel = () => void;
