import { isIP, Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { type Transport } from '../../model/runtime.js';
import { type Bytes } from '../../model/topic-partition.js';
import { TurnWriter } from './turn-writer.js';

/** Where bytes land that arrive before a receiver gave a buffer. */
const firstBufferSize = 4096;
/** How long a closed transport may go on handing its last bytes to the kernel. */
const lingerMs = 1000;

/**
 * TCP or TLS. A plain socket reads straight into the receiver's buffers (`onread`); TLS has no such path and hands chunks on.
 * Writes of one turn leave in one system call when the turn ends.
 */
export class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #plain: boolean;
  readonly #writer: TurnWriter;
  #next: (() => Bytes) | null = null;
  #filled: ((length: number) => void) | null = null;
  #onBytes: ((bytes: Bytes) => void) | null = null;
  #closed = false;
  #error: unknown = null;

  constructor(host: string, port: number, tls: ConnectionOptions | null) {
    this.#plain = tls === null;
    if (tls === null) {
      this.#socket = new Socket({ onread: this.#onread() } as unknown as ConstructorParameters<typeof Socket>[0]);
      this.#socket.connect({ host, port, noDelay: true });
    } else {
      // without servername a TLS server behind a shared address cannot tell which host is meant
      const servername = isIP(host) === 0 ? { servername: host } : {};
      this.#socket = connectTls({ host, port, ...servername, ...tls });
      this.#socket.setNoDelay(true);
      this.#socket.on('data', (chunk: Buffer) => {
        if (!this.#closed) this.#arrived(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      });
    }
    this.#socket.unref();
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.#writer = new TurnWriter(this.#socket, this.#plain);
  }

  write(chunks: readonly Bytes[]): boolean {
    return this.#closed || this.#writer.write(chunks);
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#onBytes = listener;
  }

  onDrain(listener: () => void): void {
    this.#writer.onDrain(() => {
      if (!this.#closed) listener();
    });
  }

  onClosed(listener: (error: unknown) => void): void {
    this.#socket.once('close', () => {
      this.#closed = true;
      listener(this.#error);
    });
  }

  /** At once, except that bytes which were written are given a moment to leave: with acks 0 nobody waits for their answer. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const socket = this.#socket;
    this.#writer.flush();
    if (socket.connecting || socket.writableLength === 0) {
      socket.destroy();
      return;
    }
    const linger = setTimeout(() => socket.destroy(), lingerMs);
    linger.unref();
    socket.once('close', () => {
      clearTimeout(linger);
    });
    socket.destroySoon();
  }

  readInto(next: () => Bytes, filled: (length: number) => void): boolean {
    if (!this.#plain) return false;
    this.#next = next;
    this.#filled = filled;
    return true;
  }

  /** Node asks for a buffer before `readInto` can have been called: the first bytes land in one of ours and are copied on. */
  #onread(): { buffer: () => Bytes; callback: (length: number, buffer: Bytes) => boolean } {
    let ours: Bytes | null = null;
    return {
      buffer: () => this.#next?.() ?? (ours = new Uint8Array(firstBufferSize)),
      callback: (length, buffer) => {
        if (this.#closed) return false;
        if (buffer === ours) this.#arrived(buffer.subarray(0, length));
        else this.#filled?.(length);
        return true;
      },
    };
  }

  #arrived(bytes: Bytes): void {
    if (this.#next === null || this.#filled === null) {
      this.#onBytes?.(bytes);
      return;
    }
    const { length } = bytes;
    for (let at = 0; at < length;) {
      const room = this.#next();
      const part = Math.min(room.length, length - at);
      room.set(bytes.subarray(at, at + part));
      at += part;
      this.#filled(part);
    }
  }
}
