import { connect, createServer, type Server, type Socket } from 'node:net';
import { BrokerProxy } from './proxy.js';
import { waitUntil } from './probe.js';

/** Writes down what every connection brought, and answers each byte with itself. */
class Peer {
  readonly server: Server;
  readonly heard: string[] = [];
  readonly ends: number[] = [];
  #count = 0;

  constructor() {
    this.server = createServer((socket) => {
      const at = this.#count++;
      this.heard[at] = '';
      socket.on('data', (bytes) => {
        this.heard[at] = `${this.heard[at] ?? ''}${bytes.toString()}`;
        socket.write(bytes);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => this.ends.push(at));
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => {
        resolve((this.server.address() as { port: number }).port);
      });
    });
  }
}

interface Client {
  readonly socket: Socket;
  answers: string;
  closed: boolean;
}

describe('a proxy before a broker', () => {
  let peer: Peer;
  let proxy: BrokerProxy;
  let port: number;
  const clients: Client[] = [];

  beforeEach(async () => {
    peer = new Peer();
    proxy = new BrokerProxy(await peer.listen());
    port = await proxy.listen(0);
  });
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await proxy.close();
    await new Promise((resolve) => peer.server.close(resolve));
  });

  function dial(): Client {
    const client: Client = { socket: connect(port, '127.0.0.1'), answers: '', closed: false };
    client.socket.on('data', (bytes) => (client.answers += bytes.toString()));
    client.socket.on('error', () => undefined);
    client.socket.on('close', () => (client.closed = true));
    clients.push(client);
    return client;
  }
  const until = (what: string, check: () => boolean): Promise<void> => waitUntil(what, 5000, check);
  async function talk(client: Client, text: string): Promise<void> {
    const before = client.answers;
    client.socket.write(text);
    await until(`the answer to ${text}`, () => client.answers === before + text);
  }

  it('passes bytes and ends on in both directions', async () => {
    const client = dial();
    await talk(client, 'one');
    client.socket.end();
    await until('the end', () => peer.ends.length === 1 && client.closed);
    await until('nothing is left', () => proxy.connections === 0);
  });

  it('resets what is open when it cuts, and takes new connections', async () => {
    const client = dial();
    await talk(client, 'one');
    expect(proxy.cut()).toBe(1);
    await until('both sides hear of it', () => client.closed && peer.ends.length === 1);
    await talk(dial(), 'two');
    expect(peer.heard).toEqual(['one', 'two']);
  });

  it('delays bytes and keeps their order', async () => {
    const client = dial();
    await talk(client, '0');
    proxy.delay(80, ['toBroker']);
    const begun = performance.now();
    client.socket.write('1');
    await until('it is on its way', () => proxy.held('toBroker') === 1);
    proxy.delay(0);
    client.socket.write('2');
    await until('both arrive', () => peer.heard[0] === '012');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(79);
  });

  it('holds bytes of a blackout and delivers them late, also when the client has gone', async () => {
    const old = dial();
    await talk(old, '0');
    proxy.blackHole({ directions: ['toBroker'], held: 'late', lateMs: 150 });
    old.socket.write('held');
    const during = dial();
    during.socket.write('young');
    await until('both are held', () => proxy.held('toBroker') === 9);
    old.socket.destroy();
    await until('the client is gone', () => old.closed);
    expect(peer.heard.join()).toBe('0,');
    proxy.heal();
    await until('a connection of that time goes on', () => during.answers === 'young');
    await talk(dial(), 'new');
    expect(peer.heard[0]).toBe('0');
    await until('the held bytes arrive', () => peer.heard[0] === '0held');
    await until('and the end behind them', () => peer.ends.includes(0));
  });

  it('holds answers only, when the blackout is on that side', async () => {
    const client = dial();
    await talk(client, '0');
    proxy.blackHole({ directions: ['toClient'], held: 'late', lateMs: 0 });
    client.socket.write('1');
    await until('the broker has it', () => peer.heard[0] === '01');
    await until('its answer is held', () => proxy.held('toClient') === 1);
    expect(client.answers).toBe('0');
    proxy.heal();
    await until('the answer', () => client.answers === '01');
  });

  it('leaves connections of a blackout that drops silent for good, and new ones work', async () => {
    const client = dial();
    await talk(client, '0');
    proxy.blackHole({ directions: ['toBroker', 'toClient'], held: 'dropped', lateMs: 0 });
    client.socket.write('lost');
    const during = dial();
    during.socket.write('lost as well');
    await until('two connections', () => proxy.connections === 2);
    proxy.heal();
    await talk(dial(), 'new');
    client.socket.write('too late');
    await talk(clients[2]!, ' and on');
    expect(peer.heard.filter((text) => text !== '').sort()).toEqual(['0', 'new and on']);
    client.socket.destroy();
    during.socket.destroy();
    await until('their other ends are closed', () => proxy.connections === 1);
  });

  it('keeps a request that is watched for, and what comes behind it, until it is released', async () => {
    const request = (apiKey: number, clientId: string, rest = ''): Buffer => {
      const body = Buffer.from(clientId + rest);
      const bytes = Buffer.alloc(14);
      bytes.writeInt32BE(10 + body.length, 0);
      bytes.writeInt16BE(apiKey, 4);
      bytes.writeInt16BE(clientId.length, 12);
      return Buffer.concat([bytes, body]);
    };
    const seen: string[] = [];
    const watching = new BrokerProxy((peer.server.address() as { port: number }).port, ({ apiKey, clientId }) => {
      seen.push(`${apiKey} ${clientId}`);
      return apiKey === 26 && clientId === 'me';
    });
    port = await watching.listen(0);
    const client = dial();
    const [first, other, kept, behind] = [
      request(3, 'me', 'x'),
      request(26, 'you'),
      request(26, 'me'),
      request(3, 'me'),
    ];
    const all = Buffer.concat([first, other, kept, behind]);
    // cut in the middle of a header
    client.socket.write(all.subarray(0, 9));
    await until('the first bytes are there', () => watching.connections === 1);
    client.socket.write(all.subarray(9));
    await until('the two before it pass', () => peer.heard[0]?.length === first.length + other.length);
    await until('the others are kept', () => watching.held('toBroker') === kept.length + behind.length);
    watching.release('me');
    await until('everything passes', () => peer.heard[0] === all.toString());
    expect(seen).toEqual(['3 me', '26 you', '26 me', '3 me']);
    client.socket.destroy();
    await watching.close();
  });
});
