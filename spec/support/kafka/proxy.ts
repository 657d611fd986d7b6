import { connect, createServer, type Server, type Socket } from 'node:net';

/** The way bytes go through a proxy. */
export type ProxyDirection = 'toBroker' | 'toClient';

/**
 * Nothing passes: connections stay open, new ones are accepted, and everybody waits. What becomes of the bytes of that time:
 * `dropped`: they never arrive, and their connections stay silent for good, as when a router forgot them;
 * `late`: they arrive after the end, even if the client has given the connection up meanwhile, `lateMs` later for connections
 * that were open when it began, at once for those made during it.
 */
export interface Blackout {
  readonly directions: readonly ProxyDirection[];
  readonly held: 'dropped' | 'late';
  readonly lateMs: number;
}

/** What a request says of itself. */
export interface SeenRequest {
  readonly apiKey: number;
  readonly clientId: string;
}

/** Looks at every request before it is passed on; true keeps it, and what comes behind it on its connection, until `release`. */
export type RequestWatch = (request: SeenRequest) => boolean;

const both: readonly ProxyDirection[] = ['toBroker', 'toClient'];
/** Bytes that one direction of one connection keeps before it stops reading. */
const keepBytes = 8_388_608;

interface Held {
  readonly due: number;
  /** Null: the sender closed. */
  readonly bytes: Buffer | null;
}

/** One direction of one connection. */
class Pipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  #keeps: string | null = null;
  /** The beginning of a request, while requests are watched. */
  #part: Buffer = Buffer.alloc(0);
  readonly #queue: Held[] = [];
  #queued = 0;
  #delayMs = 0;
  #black = false;
  #dead = false;
  /** Nothing leaves before. */
  #heldUntil = 0;
  #timer: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(source: Socket, sink: Socket, watch: RequestWatch | null) {
    this.#source = source;
    this.#sink = sink;
    source.on('data', (bytes: Buffer) => {
      if (watch === null) this.#take(bytes);
      else this.#takeRequests(bytes, watch);
    });
    // a reset reaches the other side behind the bytes that were sent before it, as a close does
    for (const over of ['end', 'error', 'close'] as const) {
      source.on(over, () => {
        if (this.#ended) return;
        this.#ended = true;
        this.#take(null);
      });
    }
    sink.on('drain', () => {
      this.#flush();
    });
  }

  set delayMs(ms: number) {
    this.#delayMs = ms;
  }

  /** Whose request it keeps, with everything behind it. */
  get keeps(): string | null {
    return this.#keeps;
  }

  /** Bytes that were held and not delivered. */
  get held(): number {
    return this.#queued;
  }

  darken(held: Blackout['held']): void {
    this.#black = true;
    if (held === 'dropped') {
      this.#dead = true;
      this.#drop();
    }
  }

  lighten(lateMs: number): void {
    this.#black = false;
    this.#keeps = null;
    if (this.#dead && this.#ended) this.#sink.destroy();
    this.#heldUntil = performance.now() + lateMs;
    this.#flush();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dead = true;
    this.#drop();
  }

  #drop(): void {
    this.#queue.length = 0;
    this.#queued = 0;
    this.#source.resume();
  }

  /** Whole requests only: size, API key, version, correlation id, client id. */
  #takeRequests(bytes: Buffer, watch: RequestWatch): void {
    let rest = this.#part.length === 0 ? bytes : Buffer.concat([this.#part, bytes]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      const clientId = rest.toString('utf8', 14, 14 + Math.max(0, rest.readInt16BE(12)));
      if (watch({ apiKey: rest.readInt16BE(4), clientId })) {
        this.#keeps = clientId;
        this.darken('late');
      }
      this.#take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    this.#part = rest;
  }

  #take(bytes: Buffer | null): void {
    if (this.#dead) {
      // its end is swallowed as well while it is dark: the other side learns nothing
      if (bytes === null && !this.#black) this.#sink.destroy();
      return;
    }
    this.#queue.push({ due: performance.now() + this.#delayMs, bytes });
    this.#queued += bytes?.length ?? 0;
    if (this.#queued > keepBytes) this.#source.pause();
    this.#flush();
  }

  #flush(): void {
    if (this.#black || this.#dead) return;
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined) break;
      const wait = Math.max(next.due, this.#heldUntil) - performance.now();
      if (wait > 0) {
        this.#wakeIn(wait);
        return;
      }
      if (this.#sink.writableNeedDrain && next.bytes !== null) return;
      this.#queue.shift();
      if (next.bytes === null) this.#sink.end();
      else {
        this.#queued -= next.bytes.length;
        if (!this.#sink.destroyed) this.#sink.write(next.bytes);
      }
    }
    if (this.#source.isPaused()) this.#source.resume();
  }

  #wakeIn(ms: number): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, Math.ceil(ms));
  }
}

class Passage {
  readonly pipes: Readonly<Record<ProxyDirection, Pipe>>;
  readonly #sockets: readonly [Socket, Socket];
  /** It was open when the present blackout began. */
  old = false;

  constructor(client: Socket, broker: Socket, watch: RequestWatch | null, over: () => void) {
    this.#sockets = [client, broker];
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      socket.on('close', () => {
        if (client.destroyed && broker.destroyed) over();
      });
    }
    this.pipes = { toBroker: new Pipe(client, broker, watch), toClient: new Pipe(broker, client, null) };
  }

  cut(): void {
    for (const pipe of Object.values(this.pipes)) pipe.stop();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}

/**
 * A TCP proxy before one broker, which has to advertise it. It passes everything on until it is told otherwise; faults are
 * ended by `heal`.
 */
export class BrokerProxy {
  readonly #targetPort: number;
  readonly #watch: RequestWatch | null;
  readonly #server: Server;
  readonly #passages: Set<Passage> = new Set<Passage>();
  #delay: Partial<Record<ProxyDirection, number>> = {};
  #blackout: Blackout | null = null;

  /**
   * @param targetPort - of the broker, on 127.0.0.1
   * @param watch - sees every request; requests then pass as a whole
   */
  constructor(targetPort: number, watch: RequestWatch | null = null) {
    this.#targetPort = targetPort;
    this.#watch = watch;
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      this.#accept(client);
    });
  }

  get connections(): number {
    return this.#passages.size;
  }

  /** Bytes that arrived and were not passed on yet, by direction. */
  held(direction: ProxyDirection): number {
    let sum = 0;
    for (const { pipes } of this.#passages) sum += pipes[direction].held;
    return sum;
  }

  /** @param port - on 127.0.0.1, 0 for any; the promise has the one it got */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        resolve((this.#server.address() as { port: number }).port);
      });
    });
  }

  /** Resets every connection; new ones are welcome. */
  cut(): number {
    const all = [...this.#passages];
    for (const passage of all) passage.cut();
    return all.length;
  }

  /** Every byte of these directions arrives so much later, in order. */
  delay(ms: number, directions: readonly ProxyDirection[] = both): void {
    for (const direction of directions) {
      this.#delay[direction] = ms;
      for (const { pipes } of this.#passages) pipes[direction].delayMs = ms;
    }
  }

  blackHole(blackout: Blackout): void {
    this.#blackout = blackout;
    for (const passage of this.#passages) {
      passage.old = true;
      for (const direction of blackout.directions) passage.pipes[direction].darken(blackout.held);
    }
  }

  /** Passes on what was kept of a client. */
  release(clientId: string): void {
    for (const { pipes } of this.#passages) if (pipes.toBroker.keeps === clientId) pipes.toBroker.lighten(0);
  }

  /** Ends delay and blackout. */
  heal(): void {
    this.delay(0);
    const blackout = this.#blackout;
    if (blackout === null) return;
    this.#blackout = null;
    for (const passage of this.#passages) {
      for (const direction of blackout.directions) passage.pipes[direction].lighten(passage.old ? blackout.lateMs : 0);
      passage.old = false;
    }
  }

  /** Resets what is open and stops to listen. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.cut();
    });
  }

  #accept(client: Socket): void {
    const broker = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const passage: Passage = new Passage(client, broker, this.#watch, () => {
      this.#passages.delete(passage);
    });
    this.#passages.add(passage);
    broker.on('error', () => {
      client.destroy();
    });
    client.on('error', () => undefined);
    for (const direction of both) {
      passage.pipes[direction].delayMs = this.#delay[direction] ?? 0;
      if (this.#blackout?.directions.includes(direction) === true) {
        passage.pipes[direction].darken(this.#blackout.held);
      }
    }
  }
}
