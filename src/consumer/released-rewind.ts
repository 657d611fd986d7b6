import { backoffMs } from '../runtime/backoff.js';
import { Timer } from '../runtime/timer.js';
import { type CursorPort } from './cursor-port.js';

/**
 * A partition with a released record goes back to it once its other leases have settled: after a wait that grows while the
 * same record is released again and again.
 */
export class ReleasedRewind {
  readonly #port: CursorPort;
  readonly #timer: Timer;
  #attempt = 0;
  #offset = -1;

  constructor(port: CursorPort, work: () => void) {
    this.#port = port;
    this.#timer = new Timer(port.runtime, work);
  }

  /** The record at `offset` was released and nothing is open any more. */
  due(offset: number): void {
    if (this.#timer.armed) return;
    if (offset !== this.#offset) this.#attempt = 0;
    this.#offset = offset;
    const { retryBackoffMs, retryBackoffMaxMs, runtime } = this.#port;
    this.#timer.set(backoffMs(this.#attempt++, retryBackoffMs, retryBackoffMaxMs, () => runtime.random()));
  }

  /** The partition moved, for this reason or for another. */
  moved(offset: number): void {
    this.#timer.clear();
    if (offset !== this.#offset) this.#attempt = 0;
  }

  clear(): void {
    this.#timer.clear();
  }
}
