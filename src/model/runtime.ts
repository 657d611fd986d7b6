import type { ConnectionOptions } from 'node:tls';
import type { SchedulerLike } from 'rxjs';
import type { Bytes } from './topic-partition.js';

/** Where the client writes its log lines: pino's shape. Never receives values or secrets. @public */
export interface Logger {
  /** What only somebody who looks for a fault wants to read. */
  debug(fields: object, message: string): void;
  /** What changes in normal operation. */
  info(fields: object, message: string): void;
  /** What the client gets over by itself, and somebody should know. */
  warn(fields: object, message: string): void;
  /** What it does not get over. */
  error(fields: object, message: string): void;
}

/**
 * A duplex byte channel by callbacks; TCP, TLS and the memory transport of the embedded broker implement it. It may be
 * written to before it is connected. After `onClosed` ran, nothing else is called.
 * @public
 */
export interface Transport {
  /** Takes ownership of the chunks until they are sent. False asks the caller to wait for `onDrain`. */
  write(chunks: readonly Bytes[]): boolean;
  /** Bytes as they arrive; the receiver owns them. Not called once `readInto` is in use. */
  onBytes(listener: (bytes: Bytes) => void): void;
  /** The listener is called when `write` may be used again after it gave false. */
  onDrain(listener: () => void): void;
  /** Once, with the cause, or null after a clean end by the peer or by `close`. */
  onClosed(listener: (error: unknown) => void): void;
  /** Ends the channel; what was written may still be sent. */
  close(): void;
  /**
   * Optional faster read path: the transport fills buffers that the receiver hands out (never of length 0) and says how
   * many bytes were filled, in the same turn: the buffer may be another connection's in the next one. Returns false when the
   * transport cannot do that; then `onBytes` is used.
   */
  readInto?(next: () => Bytes, filled: (length: number) => void): boolean;
}

/**
 * Everything the client takes from outside: time, chance and bytes. With a virtual one the whole client is a pure
 * function of (events, time, seed).
 * @public
 */
export interface Runtime {
  /** A zero-delay hop is a macrotask, so that sockets are read in between. */
  readonly scheduler: SchedulerLike;
  /** Monotonic milliseconds, for deadlines. */
  now(): number;
  /** Milliseconds since the epoch, for record timestamps, tokens and duration reset. */
  wallClock(): number;
  /** In [0, 1). */
  random(): number;
  /** Opens a byte channel, without TLS where `tls` is null or absent. Failing to connect is told to `onClosed`. */
  connect(host: string, port: number, tls?: ConnectionOptions | null): Transport;
  /**
   * Keeps the process alive until the returned function is called. Sockets and timers of the client never do so by
   * themselves: a script that has sent its records exits.
   */
  keepAlive?(): () => void;
  /**
   * Advice for who writes the program: asks once, after so many milliseconds or when the process has nothing left to do, and shows what
   * it is told, if that is not null. Nothing waits for it. A runtime in virtual time has no use for it.
   */
  advise?(ms: number, code: string, ask: () => string | null): void;
}
