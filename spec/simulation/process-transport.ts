import { type Bytes, type Transport } from '../../src/index.js';
import { type ClientProcess } from './client-process.js';
import { damageAnswer, damageRequest } from './damage.js';
import { WireTap } from './wire-tap.js';

/**
 * A socket of a process. While its network stands still, bytes of both directions wait and arrive late, also those of a
 * connection that was closed meanwhile, as TCP delivers what was sent before the end. While the process stands still, what arrived
 * waits for it.
 */
export class ProcessTransport implements Transport {
  readonly address: string;
  readonly tap: WireTap;
  readonly #process: ClientProcess;
  readonly #inner: Transport;
  /** What waits for the network, in order. */
  #held: (() => void)[] = [];
  /** What waits for the process, in order. */
  readonly #arrived: (() => void)[] = [];
  #onBytes: (bytes: Bytes) => void = () => undefined;
  #onClosed: (error: unknown) => void = () => undefined;
  #isClosed = false;

  constructor(process: ClientProcess, address: string, inner: Transport) {
    this.#process = process;
    this.address = address;
    this.#inner = inner;
    this.tap = new WireTap(process, address);
    inner.onBytes((bytes) => {
      this.#through(() => {
        this.#arrive(() => {
          const request = this.tap.received(bytes);
          damageAnswer(this.#process, request, bytes);
          this.#onBytes(bytes);
        });
      });
    });
    inner.onClosed((error) => {
      this.#through(() => {
        this.#arrive(() => {
          this.#ended(error);
        });
      });
    });
  }

  get #isStalled(): boolean {
    return this.#process.stalled.has(this.address);
  }

  write(chunks: readonly Bytes[]): boolean {
    if (this.#isClosed) return true;
    const bytes = joined(chunks);
    this.tap.sent(bytes);
    damageRequest(this.#process, bytes);
    const late = this.#isStalled || this.#held.length > 0;
    this.#through(() => {
      if (late) this.tap.late(bytes);
      this.#inner.write([bytes]);
    });
    return true;
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#onBytes = listener;
  }

  onDrain(): void {
    // never full
  }

  onClosed(listener: (error: unknown) => void): void {
    this.#onClosed = listener;
  }

  close(): void {
    if (this.#isClosed) return;
    const waits = this.#isStalled || this.#held.length > 0;
    this.#through(() => {
      this.#inner.close();
    });
    // the process need not wait for the network to be told that it has closed
    if (waits)
      this.#process.scheduler.schedule(() => {
        this.#ended(null);
      });
  }

  /** The process is dead: its system closes the connection. */
  abandon(): void {
    this.#isClosed = true;
    this.#through(() => {
      this.#inner.close();
    });
    if (this.#held.length === 0) this.#process.transports.delete(this);
  }

  /** The network runs again. */
  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const work of held) work();
    if (this.#isClosed) this.#process.transports.delete(this);
  }

  #through(work: () => void): void {
    if (this.#isStalled || this.#held.length > 0) this.#held.push(work);
    else work();
  }

  /** In the process: at once, or when it runs on; never before what arrived earlier, also in the instant in which it runs on. */
  #arrive(work: () => void): void {
    const { scheduler } = this.#process;
    if (this.#isClosed || scheduler.state === 'dead') return;
    if (scheduler.state === 'running' && this.#arrived.length === 0) {
      work();
      return;
    }
    this.#arrived.push(work);
    scheduler.schedule(() => {
      const first = this.#arrived.shift()!;
      if (!this.#isClosed) first();
    });
  }

  #ended(error: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#held.length === 0) this.#process.transports.delete(this);
    this.#onClosed(error);
  }
}

function joined(chunks: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
