import { createServer, type Server, type Socket } from 'node:net';
import { type ServerPort } from './server-port.js';
import { type ServerEnd } from './memory-transport.js';

/** Takes a connection; null refuses it. @internal */
export type Accept = (port: ServerPort, clientHost: string) => ServerEnd | null;

/** A listening port of the loopback interface. The only file of the broker that knows sockets. @internal */
export class TcpListener {
  readonly #accept: Accept;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();
  #port: number;

  /** @param port - 0 for any free one */
  constructor(accept: Accept, port = 0) {
    this.#accept = accept;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens, again on the same port after a close. */
  listen(done: (error: Error | null) => void): void {
    const server = createServer((socket) => {
      this.#connected(socket);
    });
    this.#server = server;
    server.once('error', done);
    server.listen({ port: this.#port, host: '127.0.0.1' }, () => {
      server.off('error', done);
      const address = server.address();
      if (address !== null && typeof address === 'object') this.#port = address.port;
      done(null);
    });
  }

  /** Refuses new connections and breaks the open ones, as a process that is killed does. */
  break(): void {
    this.#stop('resetAndDestroy', () => undefined);
  }

  /** Refuses new connections and ends the open ones. */
  close(done: () => void): void {
    this.#stop('destroy', done);
  }

  #stop(how: 'destroy' | 'resetAndDestroy', done: () => void): void {
    const server = this.#server;
    this.#server = null;
    for (const socket of [...this.#sockets]) socket[how]();
    if (server === null) done();
    else server.close(done);
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    const end = this.#accept(
      {
        send: (chunks) => {
          socket.cork();
          for (const chunk of chunks) socket.write(chunk);
          socket.uncork();
        },
        end: () => {
          socket.end();
        },
        reset: () => {
          socket.resetAndDestroy();
        },
      },
      socket.remoteAddress ?? 'unknown',
    );
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      end?.closed();
    });
    if (end === null) socket.resetAndDestroy();
    else {
      socket.on('data', (bytes: Buffer) => {
        end.received(bytes);
      });
    }
  }
}
