import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { SocketTransport } from '../../../src/runtime/node/socket-transport.js';

let server: Server;
let port: number;
let accepted: Socket[];

beforeEach(async () => {
  accepted = [];
  server = createServer((socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  for (const socket of accepted) socket.destroy();
  server.close();
  await once(server, 'close');
});

const closed = (transport: SocketTransport): Promise<unknown> =>
  new Promise((resolve) => {
    transport.onClosed(resolve);
  });

async function peer(): Promise<Socket> {
  if (accepted.length === 0) await once(server, 'connection');
  return accepted[0]!;
}

/** So many bytes of what the peer gets. */
async function received(socket: Socket, size: number): Promise<{ bytes: Buffer; reads: number }> {
  let bytes = Buffer.alloc(0);
  let reads = 0;
  while (bytes.length < size) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    reads++;
    bytes = Buffer.concat([bytes, chunk]);
  }
  return { bytes, reads };
}

it('sends what is written before it is connected, and all writes of one turn together', async () => {
  const transport = new SocketTransport('127.0.0.1', port, null);
  transport.write([Buffer.from('a'), Buffer.from('b')]);
  transport.write([Buffer.from('c')]);
  expect((await received(await peer(), 3)).bytes.toString()).toBe('abc');
  for (let i = 0; i < 50; i++) transport.write([Buffer.from('xy'), Buffer.from('z')]);
  const { bytes, reads } = await received(await peer(), 150);
  expect(bytes.toString()).toBe('xyz'.repeat(50));
  expect(reads).toBe(1);
  transport.close();
  await closed(transport);
});

it('reads straight into the buffers it is given', async () => {
  const transport = new SocketTransport('127.0.0.1', port, null);
  const room = new Uint8Array(1000);
  let at = 0;
  const full = new Promise<void>((resolve) => {
    const direct = transport.readInto(
      () => room.subarray(at),
      (length) => {
        at += length;
        if (at >= 600) resolve();
      },
    );
    expect(direct).toBe(true);
  });
  const socket = await peer();
  socket.write(Buffer.alloc(300, 1));
  socket.write(Buffer.alloc(300, 2));
  await full;
  expect([room[0], room[299], room[300], room[599], room[600]]).toEqual([1, 1, 2, 2, 0]);
  transport.close();
  await closed(transport);
});

it('says null when the peer ends, and the error when it does not', async () => {
  const ended = new SocketTransport('127.0.0.1', port, null);
  const end = closed(ended);
  (await peer()).end();
  await expect(end).resolves.toBeNull();
  const free = createServer();
  free.listen(0, '127.0.0.1');
  await once(free, 'listening');
  const unused = (free.address() as AddressInfo).port;
  free.close();
  await once(free, 'close');
  await expect(closed(new SocketTransport('127.0.0.1', unused, null))).resolves.toMatchObject({ code: 'ECONNREFUSED' });
});

it('lets written bytes leave when it is closed in the same turn', async () => {
  const transport = new SocketTransport('127.0.0.1', port, null);
  const socket = await peer();
  await new Promise((resolve) => setImmediate(resolve));
  // more than the kernel takes at once
  const big = Buffer.alloc(30_000_000, 7);
  transport.write([big]);
  transport.close();
  let size = 0;
  socket.on('data', (chunk: Buffer) => (size += chunk.length));
  await once(socket, 'close');
  expect(size).toBe(big.length);
});

it('hands out nothing after it was closed', async () => {
  const transport = new SocketTransport('127.0.0.1', port, null);
  let heard = 0;
  transport.onBytes(() => heard++);
  const socket = await peer();
  socket.write('x');
  transport.close();
  transport.close();
  await closed(transport);
  expect(heard).toBe(0);
  expect(transport.write([Buffer.from('y')])).toBe(true);
});

it('keeps the bytes of one socket apart from those of others, however slow their peers read', async () => {
  const turns = 400;
  const slow = new SocketTransport('127.0.0.1', port, null);
  const slowPeer = await peer();
  const fast = new SocketTransport('127.0.0.1', port, null);
  while (accepted.length < 2) await once(server, 'connection');
  const half = (turn: number, seed: number): Buffer => Buffer.alloc(15_000, (turn * 7 + seed) & 0xff);
  for (let turn = 0; turn < turns; turn++) {
    slow.write([half(turn, 0), half(turn, 1)]);
    fast.write([half(turn, 2), half(turn, 3)]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const all = (seed: number): Buffer =>
    Buffer.concat(Array.from({ length: turns }, (_, turn) => [half(turn, seed), half(turn, seed + 1)]).flat());
  const [ofFast, ofSlow] = await Promise.all([
    received(accepted[1]!, all(2).length),
    received(slowPeer, all(0).length),
  ]);
  expect([ofFast.bytes.equals(all(2)), ofSlow.bytes.equals(all(0))]).toEqual([true, true]);
  slow.close();
  fast.close();
  await Promise.all([closed(slow), closed(fast)]);
});

it.each([
  ['at once', 20_000],
  ['later', 20_000_000],
])('tells of room after it said that there is none, also when the kernel takes everything %s', async (_, size) => {
  const transport = new SocketTransport('127.0.0.1', port, null);
  const socket = await peer();
  await new Promise((resolve) => setImmediate(resolve));
  const drained = new Promise<void>((resolve) => {
    transport.onDrain(resolve);
  });
  expect(transport.write([Buffer.alloc(10), Buffer.alloc(size)])).toBe(false);
  socket.resume();
  await drained;
  expect(transport.write([Buffer.alloc(10)])).toBe(true);
  transport.close();
  await closed(transport);
});
