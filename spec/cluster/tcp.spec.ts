import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { Cluster } from '../../src/cluster/cluster.js';
import { AuthenticationError } from '../../src/errors/client-errors.js';
import { ConnectionError } from '../../src/errors/connection-error.js';
import type { KafkaError } from '../../src/errors/kafka-error.js';
import { apiVersionsApi } from '../../src/protocol/messages/api-versions.js';
import { nodeRuntime } from '../../src/runtime/node/node-runtime.js';
import { selfSigned } from '../support/self-signed.js';

const open: Server[] = [];
/** The servers' ends of what the client opened. */
const sockets: Set<Socket> = new Set<Socket>();
/** Those a client could leave behind; jest has its own, which come and go, and a spec before this one may have left some. */
const left = (): number =>
  process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|TLSWrap|GetAddrInfo|ConnectWrap)/u.test(name))
    .length;

async function listen(server: Server): Promise<number> {
  open.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

/** Asks for anything and returns why it failed; afterwards nothing of the client is left in the process. */
async function failure(port: number, tls: ConnectionOptions | null = null, host = '127.0.0.1'): Promise<KafkaError> {
  const silent = (): void => undefined;
  const before = left();
  const cluster = new Cluster(
    {
      bootstrapServers: [{ host, port }],
      clientId: 'me',
      tls,
      sasl: null,
      requestTimeoutMs: 300,
      connectTimeoutMs: 200,
      retryBackoffMs: 20,
      retryBackoffMaxMs: 50,
      reconnectBackoffMs: 10,
      reconnectBackoffMaxMs: 20,
      metadataMaxAgeMs: 300_000,
      connectionsMaxIdleMs: 540_000,
      brokerVersionFallback: null,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    },
    nodeRuntime(),
    silent,
  );
  const error = await new Promise<KafkaError>((resolve, reject) => {
    cluster.callAny(apiVersionsApi, {}, {}, (failed) => {
      if (failed === null) reject(new Error('it answered'));
      else resolve(failed);
    });
  });
  cluster.close();
  // unref'd sockets are not among the resources: that they are gone shows at the other end
  const ends = [...sockets].map((socket) => once(socket, 'close'));
  await Promise.all(ends);
  // a look-up of a name that has begun cannot be called off, it ends by itself
  for (let wait = 0; wait < 400 && left() > before; wait++) await sleep(5);
  expect(left()).toBeLessThanOrEqual(before);
  return error;
}

it('says that nobody listens', async () => {
  const server = createServer();
  const port = await listen(server);
  open.pop();
  server.close();
  await once(server, 'close');
  const error = await failure(port);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error.message).toContain(`127.0.0.1:${port}: connect ECONNREFUSED`);
});

it('says that a name leads nowhere', async () => {
  expect((await failure(9092, null, 'no-such-host.invalid')).message).toMatch(/no-such-host\.invalid/);
});

it('says that a port speaks HTTP', async () => {
  expect((await failure(await listen(createHttpServer()))).message).toContain('it answers in HTTP');
});

it('says that a port speaks TLS', async () => {
  expect((await failure(await listen(createTlsServer(selfSigned)))).message).toMatch(/TLS/);
});

it('says that a port does not speak TLS', async () => {
  const port = await listen(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  expect((await failure(port, {})).message).toContain('the listener may not speak TLS');
});

it('hints at TLS and SASL when a port hangs up', async () => {
  const port = await listen(createServer((socket) => socket.once('data', () => socket.end())));
  expect((await failure(port)).message).toContain('may want TLS or SASL');
});

it('gives up on a port that says nothing', async () => {
  const port = await listen(createServer((socket) => socket.resume()));
  expect((await failure(port)).code).toBe('ERR_KAFKA_CONNECT_TIMEOUT');
});

it('does not go on with a certificate that it cannot verify', async () => {
  const port = await listen(createTlsServer(selfSigned));
  const error = await failure(port, {});
  expect(error).toBeInstanceOf(AuthenticationError);
  expect(error.fatal).toBe(true);
});
