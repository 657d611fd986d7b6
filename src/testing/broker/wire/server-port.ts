/** The broker's end of one connection: a socket, or the other side of a memory transport. @internal */
export interface ServerPort {
  /** Takes the bytes; they do not change afterwards. */
  send(chunks: readonly Uint8Array[]): void;
  /** A clean end behind what was sent. */
  end(): void;
  /** An abrupt one: what was sent may be lost. */
  reset(): void;
}
