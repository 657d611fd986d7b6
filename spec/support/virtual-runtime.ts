import { VirtualTimeScheduler } from 'rxjs';
import type { ConnectionOptions } from 'node:tls';
import type { Runtime, Transport } from '../../src/model/runtime.js';

/** What happens when a client connects to an address: hand over the server's end, refuse with an error, or say nothing. */
export type Listener = (peer: Peer, tls: ConnectionOptions | null) => void;

/** How the wire behaves; change it at any time. */
export interface Wire {
  /** One way, for connecting and for bytes. */
  latencyMs: number;
  /** Bytes arrive in pieces of at most this size. */
  pieceBytes: number;
  /** Offer `readInto` to the client; false: chunks, as TLS does. */
  direct: boolean;
  /** The client's writes return false until `peer.drain()`. */
  full: boolean;
}

/** The server's end of a memory transport. */
export class Peer {
  readonly host: string;
  readonly port: number;
  /** Each write of the client, joined: one entry per turn it was written in. */
  readonly writes: Uint8Array[] = [];
  /** One of the two has closed. */
  closed = false;
  onBytes: (bytes: Uint8Array) => void = () => undefined;
  onClosed: () => void = () => undefined;
  readonly #transport: MemoryTransport;

  constructor(host: string, port: number, transport: MemoryTransport) {
    this.host = host;
    this.port = port;
    this.#transport = transport;
  }

  send(bytes: Uint8Array): void {
    this.#transport.deliver(bytes.slice());
  }

  /** A clean end. */
  end(): void {
    this.closed = true;
    this.#transport.closeSoon(null);
  }

  /** A reset, or any other error. */
  fail(error: unknown = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })): void {
    this.closed = true;
    this.#transport.closeSoon(error);
  }

  /** The client's buffer has room again. */
  drain(): void {
    this.#transport.drain();
  }
}

/** A Transport without a socket, in virtual time. */
class MemoryTransport implements Transport {
  readonly #runtime: VirtualRuntime;
  #peer: Peer | null = null;
  #early: Uint8Array[] = [];
  #next: (() => Uint8Array) | null = null;
  #filled: ((length: number) => void) | null = null;
  #bytes: (bytes: Uint8Array) => void = () => undefined;
  #drain: () => void = () => undefined;
  #closed: (error: unknown) => void = () => undefined;
  /** Nothing reaches the client any more. */
  #over = false;
  /** When the last thing sent to the client is there: later ones do not overtake. */
  #busyUntil = 0;

  constructor(runtime: VirtualRuntime) {
    this.#runtime = runtime;
  }

  open(peer: Peer, listener: Listener, tls: ConnectionOptions | null): void {
    if (this.#over) return;
    this.#peer = peer;
    listener(peer, tls);
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) this.#arrive(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(chunks);
    this.#runtime.later(this.#runtime.wire.latencyMs, () => {
      if (this.#peer === null) this.#early.push(bytes);
      else this.#arrive(bytes);
    });
    return !this.#runtime.wire.full;
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#bytes = listener;
  }

  onDrain(listener: () => void): void {
    this.#drain = listener;
  }

  onClosed(listener: (error: unknown) => void): void {
    this.#closed = listener;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    const peer = this.#peer;
    this.#runtime.later(0, () => {
      this.#closed(null);
      if (peer === null) return;
      peer.closed = true;
      peer.onClosed();
    });
  }

  readInto(next: () => Uint8Array, filled: (length: number) => void): boolean {
    if (!this.#runtime.wire.direct) return false;
    this.#next = next;
    this.#filled = filled;
    return true;
  }

  deliver(bytes: Uint8Array): void {
    const { pieceBytes } = this.#runtime.wire;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.slice(at, at + pieceBytes);
      this.#toClient(() => {
        this.#read(piece);
      });
    }
  }

  closeSoon(error: unknown): void {
    this.#toClient(() => {
      this.#over = true;
      this.#closed(error);
    });
  }

  drain(): void {
    this.#toClient(() => {
      this.#drain();
    });
  }

  #arrive(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#peer!.writes.push(bytes);
    this.#peer!.onBytes(bytes);
  }

  #toClient(work: () => void): void {
    const runtime = this.#runtime;
    this.#busyUntil = Math.max(this.#busyUntil, runtime.now() + runtime.wire.latencyMs);
    runtime.later(this.#busyUntil - runtime.now(), () => {
      if (!this.#over) work();
    });
  }

  #read(piece: Uint8Array): void {
    if (this.#next === null || this.#filled === null) {
      this.#bytes(piece);
      return;
    }
    for (let at = 0; at < piece.length && !this.#isOver;) {
      const room = this.#next();
      if (room.length === 0) throw new Error('the receiver handed out a buffer without room');
      const part = Math.min(room.length, piece.length - at);
      room.set(piece.subarray(at, at + part));
      at += part;
      this.#filled(part);
    }
  }

  get #isOver(): boolean {
    return this.#over;
  }
}

/** Time, chance and bytes under control: with the same seed and script everything happens again the same way. */
export class VirtualRuntime implements Runtime {
  readonly scheduler: VirtualTimeScheduler = new VirtualTimeScheduler();
  readonly wire: Wire = { latencyMs: 1, pieceBytes: 65536, direct: true, full: false };
  /** Addresses that were dialled, in order, with the time. */
  readonly dials: { readonly at: number; readonly host: string; readonly port: number }[] = [];
  /** Holders of keepAlive. */
  alive = 0;
  readonly #listeners: Map<string, Listener> = new Map<string, Listener>();
  #seed: number;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  now(): number {
    return this.scheduler.frame;
  }

  wallClock(): number {
    return 1_700_000_000_000 + this.scheduler.frame;
  }

  random(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 4294967296;
  }

  /** Nobody listens there: refused. Listens with null: the connection is never established (packets are dropped). */
  connect(host: string, port: number, tls: ConnectionOptions | null = null): Transport {
    this.dials.push({ at: this.now(), host, port });
    const transport = new MemoryTransport(this);
    this.later(this.wire.latencyMs, () => {
      const address = `${host}:${port}`;
      const listener = this.#listeners.get(address);
      if (listener !== undefined) transport.open(new Peer(host, port, transport), listener, tls);
      else if (!this.#silent.has(address)) {
        transport.closeSoon(Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' }));
      }
    });
    return transport;
  }

  keepAlive(): () => void {
    this.alive++;
    let held = true;
    return () => {
      if (held) this.alive--;
      held = false;
    };
  }

  listen(host: string, port: number, listener: Listener): void {
    this.#listeners.set(`${host}:${port}`, listener);
    this.#silent.delete(`${host}:${port}`);
  }

  /** From now on connections there are refused, or with `silent` never established. */
  unlisten(host: string, port: number, silent = false): void {
    this.#listeners.delete(`${host}:${port}`);
    if (silent) this.#silent.add(`${host}:${port}`);
  }

  readonly #silent: Set<string> = new Set<string>();

  /** Timers and hops that are still to come. */
  get pending(): number {
    return this.scheduler.actions.length;
  }

  later(delayMs: number, work: () => void): void {
    this.scheduler.schedule(() => {
      work();
    }, delayMs);
  }

  /** Runs everything that is due within the next milliseconds. */
  advance(ms: number): void {
    const until = this.scheduler.frame + ms;
    this.scheduler.maxFrames = until;
    this.scheduler.flush();
    this.scheduler.frame = until;
  }

  /** Runs on until the condition holds. */
  until(what: string, condition: () => boolean, boundMs = 60_000): void {
    const bound = this.now() + boundMs;
    while (!condition()) {
      const next = this.scheduler.actions[0];
      if (next === undefined || next.delay > bound)
        throw new Error(`${what}: not within ${boundMs} ms of virtual time`);
      this.advance(Math.max(0, next.delay - this.now()));
    }
  }
}
