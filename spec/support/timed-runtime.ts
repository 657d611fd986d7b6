import { nodeRuntime } from '../../src/runtime/node/node-runtime.js';
import { type Runtime, type Transport } from '../../src/model/runtime.js';

/** A call as it went over the wire, in milliseconds of `performance.now()`. */
export interface TimedCall {
  readonly apiKey: number;
  readonly sentAt: number;
  /** Null while it is not answered. */
  readonly answeredAt: number | null;
}

/** The real runtime, with every request and answer of its connections timed: a broker answers one connection in order. */
export class TimedRuntime {
  readonly calls: { apiKey: number; sentAt: number; answeredAt: number | null }[] = [];
  readonly runtime: Runtime;

  constructor() {
    const real = nodeRuntime();
    this.runtime = {
      ...real,
      connect: (host, port, tls) => this.#timed(real.connect(host, port, tls)),
    };
  }

  /** Calls of that api sent since, with how long each took; what is not answered yet counts until now. */
  tookMs(apiKey: number, since: number): readonly number[] {
    return this.calls
      .filter((call) => call.apiKey === apiKey && call.sentAt >= since)
      .map(({ sentAt, answeredAt }) => (answeredAt ?? performance.now()) - sentAt);
  }

  #timed(transport: Transport): Transport {
    const open: { apiKey: number; sentAt: number; answeredAt: number | null }[] = [];
    const requests = frames((frame) => {
      const call = { apiKey: frame.readInt16BE(4), sentAt: performance.now(), answeredAt: null };
      open.push(call);
      this.calls.push(call);
    });
    const answers = frames(() => {
      const call = open.shift();
      if (call !== undefined) call.answeredAt = performance.now();
    });
    return {
      write: (chunks) => {
        for (const chunk of chunks) requests(chunk);
        return transport.write(chunks);
      },
      onBytes: (listener) => {
        transport.onBytes((bytes) => {
          answers(bytes);
          listener(bytes);
        });
      },
      onDrain: (listener) => {
        transport.onDrain(listener);
      },
      onClosed: (listener) => {
        transport.onClosed(listener);
      },
      close: () => {
        transport.close();
      },
    };
  }
}

/** Cuts a stream of bytes into frames with their length prefix. */
function frames(found: (frame: Buffer) => void): (bytes: Uint8Array) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      found(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}
