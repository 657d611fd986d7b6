import { type Socket } from 'node:net';
import { type Bytes } from '../../model/topic-partition.js';

/** Up to here bytes are copied into one piece: cheaper than a list of pieces (12 against 33 us of CPU for 20 KB in nine). */
const scratchBytes = 65536;
/** One for all sockets: what the kernel has taken is free again. Null when a socket has kept it. */
let scratch: Buffer | null = null;

/** Gathers what is written to a socket in one turn and hands it over when the turn ends, in one system call. */
export class TurnWriter {
  readonly #socket: Socket;
  readonly #plain: boolean;
  readonly #flush: () => void;
  #pending: Bytes[] = [];
  #bytes = 0;
  /** Somebody was told to wait, and the socket does not know. */
  #awaited = false;
  #onDrain: (() => void) | null = null;

  /** @param plain - not TLS, which makes one piece of it by itself */
  constructor(socket: Socket, plain: boolean) {
    this.#socket = socket;
    this.#plain = plain;
    this.#flush = () => {
      this.flush();
    };
    socket.on('drain', () => {
      this.#onDrain?.();
    });
  }

  /** False: the socket has enough, wait for `onDrain`. The bytes must not change before the turn ends, or longer. */
  write(chunks: readonly Bytes[]): boolean {
    if (this.#pending.length === 0) process.nextTick(this.#flush);
    for (const chunk of chunks) {
      this.#pending.push(chunk);
      this.#bytes += chunk.length;
    }
    const { writableLength, writableHighWaterMark } = this.#socket;
    const isFull = writableLength + this.#bytes >= writableHighWaterMark;
    if (isFull) this.#awaited = true;
    return !isFull;
  }

  /** There is room again. */
  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  /** Hands over what was gathered. */
  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    const bytes = this.#bytes;
    const isAwaited = this.#awaited;
    this.#pending = [];
    this.#bytes = 0;
    this.#awaited = false;
    const mayCopy = this.#plain && pending.length > 1 && bytes <= scratchBytes && this.#socket.writableLength === 0;
    const hasRoom = mayCopy ? this.#copied(pending, bytes) : this.#listed(pending);
    // the kernel has taken it at once: the socket has nothing to tell
    if (isAwaited && hasRoom) this.#onDrain?.();
  }

  #copied(pending: readonly Bytes[], bytes: number): boolean {
    const socket = this.#socket;
    const buffer = scratch ?? Buffer.allocUnsafeSlow(scratchBytes);
    let at = 0;
    for (const chunk of pending) {
      buffer.set(chunk, at);
      at += chunk.length;
    }
    const hasRoom = socket.write(buffer.subarray(0, bytes));
    scratch = socket.writableLength === 0 ? buffer : null;
    return hasRoom;
  }

  #listed(pending: readonly Bytes[]): boolean {
    const socket = this.#socket;
    let hasRoom = true;
    socket.cork();
    for (const chunk of pending) hasRoom = socket.write(chunk);
    socket.uncork();
    return hasRoom;
  }
}
