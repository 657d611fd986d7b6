import { type Runtime, type Transport } from '../../../model/runtime.js';
import { type Bytes } from '../../../model/topic-partition.js';
import { type ServerPort } from './server-port.js';

/** How bytes travel between a client and a broker in memory. Fields may be changed while it is in use. @public */
export interface Wire {
  /** Milliseconds one way, for connecting and for bytes. */
  latencyMs: number;
  /** Up to so many milliseconds more, drawn for each connection's next bytes; order within a connection is kept. */
  jitterMs: number;
}

/** What a broker does with what arrives on a connection. @internal */
export interface ServerEnd {
  received(bytes: Uint8Array): void;
  closed(): void;
}

/** Opens the broker's end, or says why nobody can: refused, or silence. @internal */
export type Dial = (port: ServerPort) => ServerEnd | 'refused' | 'silent';

/** A duplex channel in virtual time: the client's end is a `Transport`, the broker's a `ServerPort`. @internal */
export class MemoryTransport implements Transport {
  readonly #runtime: Runtime;
  readonly #wire: Wire;
  #server: ServerEnd | null = null;
  #early: Uint8Array[] = [];
  #onBytes: (bytes: Bytes) => void = () => undefined;
  #onClosed: (error: unknown) => void = () => undefined;
  /** Nothing reaches the client any more. */
  #over = false;
  /** When the last bytes of each direction arrive: later ones do not overtake. */
  #toServerAt = 0;
  #toClientAt = 0;

  constructor(runtime: Runtime, wire: Wire, address: string, dial: Dial) {
    this.#runtime = runtime;
    this.#wire = wire;
    this.#later('server', () => {
      if (this.#over) return;
      const answer = dial(this.#port());
      if (answer === 'silent') return;
      if (answer === 'refused') {
        this.#end(Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' }));
        return;
      }
      this.#server = answer;
      const early = this.#early;
      this.#early = [];
      for (const bytes of early) answer.received(bytes);
    });
  }

  write(chunks: readonly Bytes[]): boolean {
    if (this.#over) return true;
    // the receiver owns what arrives: a client re-uses its buffers
    const bytes = joined(chunks);
    this.#later('server', () => {
      if (this.#server === null) this.#early.push(bytes);
      else this.#server.received(bytes);
    });
    return true;
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#onBytes = listener;
  }

  onDrain(): void {
    // writes never meet a full buffer here
  }

  onClosed(listener: (error: unknown) => void): void {
    this.#onClosed = listener;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#runtime.scheduler.schedule(() => {
      this.#onClosed(null);
    });
    this.#later('server', () => {
      this.#server?.closed();
    });
  }

  #port(): ServerPort {
    return {
      send: (chunks) => {
        const bytes = joined(chunks);
        this.#later('client', () => {
          if (!this.#over) this.#onBytes(bytes);
        });
      },
      end: () => {
        this.#end(null);
      },
      reset: () => {
        this.#end(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      },
    };
  }

  #end(error: unknown): void {
    this.#later('client', () => {
      if (this.#over) return;
      this.#over = true;
      this.#onClosed(error);
    });
  }

  #later(side: 'server' | 'client', work: () => void): void {
    const now = this.#runtime.now();
    const { latencyMs, jitterMs } = this.#wire;
    const jitter = jitterMs > 0 ? Math.floor(this.#runtime.random() * (jitterMs + 1)) : 0;
    const wanted = now + latencyMs + jitter;
    const at = Math.max(wanted, side === 'server' ? this.#toServerAt : this.#toClientAt);
    if (side === 'server') this.#toServerAt = at;
    else this.#toClientAt = at;
    this.#runtime.scheduler.schedule(() => {
      work();
    }, at - now);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
