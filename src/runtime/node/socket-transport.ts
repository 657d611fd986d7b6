import { isIP, Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { type Transport } from '../../model/runtime.js';
import { type Bytes } from '../../model/topic-partition.js';

/** Where bytes land that arrive before a receiver gave a buffer. */
const firstBufferSize = 4096;

/**
 * TCP or TLS. A plain socket reads straight into the receiver's buffers (`onread`); TLS has no such path and hands chunks on.
 * Writes of one turn leave in one system call: the socket is corked at the first and uncorked when the turn ends.
 */
export class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #plain: boolean;
  #next: (() => Bytes) | null = null;
  #filled: ((length: number) => void) | null = null;
  #onBytes: ((bytes: Bytes) => void) | null = null;
  #corked = false;
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
        this.#arrived(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      });
    }
    this.#socket.unref();
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
  }

  write(chunks: readonly Bytes[]): boolean {
    if (this.#closed) return true;
    const socket = this.#socket;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    let room = true;
    for (const chunk of chunks) room = socket.write(chunk);
    return room;
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#onBytes = listener;
  }

  onDrain(listener: () => void): void {
    this.#socket.on('drain', listener);
  }

  onClosed(listener: (error: unknown) => void): void {
    this.#socket.once('close', () => {
      this.#closed = true;
      listener(this.#error);
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
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
    const { length } = bytes;
    if (this.#next === null || this.#filled === null) {
      this.#onBytes?.(bytes);
      return;
    }
    for (let at = 0; at < length;) {
      const room = this.#next();
      const part = Math.min(room.length, length - at);
      room.set(bytes.subarray(at, at + part));
      at += part;
      this.#filled(part);
    }
  }
}
