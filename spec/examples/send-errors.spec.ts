import { spawn } from 'node:child_process';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { projectRoot } from '../support/project-root.js';

it('[X8] a broker that does not answer is a timeout, told apart from other errors by its class', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  try {
    const lines = await new Promise<string[]>((resolve) => {
      const env = { ...process.env, KAFKA_BROKERS: `127.0.0.1:${port}`, MAX_BLOCK_MS: '100' };
      const child = spawn(process.execPath, ['--import', './scripts/ts.mjs', 'examples/send-errors.ts'], {
        cwd: projectRoot(),
        env,
      });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.once('close', () => {
        resolve(out.trim().split('\n'));
      });
    });
    expect(lines).toEqual([
      'a small record is late, try again',
      'a large record is late, try again',
      'a record behind close failed with ERR_KAFKA_CLIENT_CLOSED',
      'a record without a broker is late, try again',
    ]);
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
}, 30_000);
