import { type Observable, ReplaySubject } from 'rxjs';
import { milliseconds } from '../errors/option-check.js';
import { InvalidOptionError } from '../errors/usage-error.js';

/** What close waits when it is not told how long. */
const closeTimeoutMs = 30_000;

/** The end of a producer: closed once, whoever asks how often. */
export class ClientClosing {
  /** Emits and completes when the client is closed. */
  readonly closed$: Observable<void>;
  readonly #closed: ReplaySubject<void> = new ReplaySubject<void>(1);
  readonly #closeCore: (timeoutMs: number, done: () => void) => void;
  readonly #onClosed: () => void;
  #closing: Promise<void> | null = null;

  /** @param onClosed - runs once, when it is through */
  constructor(closeCore: (timeoutMs: number, done: () => void) => void, onClosed: () => void) {
    this.#closeCore = closeCore;
    this.#onClosed = onClosed;
    this.closed$ = this.#closed.asObservable();
  }

  /** Somebody has asked for it. */
  get begun(): boolean {
    return this.#closing !== null;
  }

  /** @throws InvalidOptionError for a `timeoutMs` that is none */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void> {
    const timeoutMs = options?.timeoutMs ?? closeTimeoutMs;
    if (!milliseconds.accepts(timeoutMs)) {
      throw new InvalidOptionError('timeoutMs', timeoutMs, `Option timeoutMs of close must be ${milliseconds.expects}`);
    }
    this.#closing ??= new Promise((resolve) => {
      this.#closeCore(timeoutMs, () => {
        this.#closed.next();
        this.#closed.complete();
        this.#onClosed();
        resolve();
      });
    });
    return this.#closing;
  }
}
