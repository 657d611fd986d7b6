import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
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
const resources = (): string[] => process.getActiveResourcesInfo().sort();

async function listen(server: Server): Promise<number> {
  open.push(server);
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
  const before = resources();
  const silent = (): void => undefined;
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
  // what is destroyed is gone when its close events were handed out
  for (let turn = 0; turn < 50 && resources().join() !== before.join(); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(resources()).toEqual(before);
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
  const sockets: { destroy(): void }[] = [];
  const port = await listen(createServer((socket) => sockets.push(socket)));
  expect((await failure(port)).code).toBe('ERR_KAFKA_CONNECT_TIMEOUT');
  for (const socket of sockets) socket.destroy();
});

it('does not go on with a certificate that it cannot verify', async () => {
  const port = await listen(createTlsServer(selfSigned));
  const error = await failure(port, {});
  expect(error).toBeInstanceOf(AuthenticationError);
  expect(error.fatal).toBe(true);
});
