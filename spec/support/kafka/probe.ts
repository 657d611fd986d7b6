import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Brokers in this broker's answer to Metadata v1 for no topics; 0 when it does not answer within a second. */
export function countBrokers(host: string, port: number): Promise<number> {
  const request = Buffer.from([0, 0, 0, 15, 0, 3, 0, 1, 0, 0, 0, 1, 0, 1, 0x70, 0, 0, 0, 0]);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let answer = Buffer.alloc(0);
    const finish = (count: number): void => {
      socket.destroy();
      resolve(count);
    };
    socket.setTimeout(1000, () => {
      finish(0);
    });
    socket.once('error', () => {
      finish(0);
    });
    socket.once('close', () => {
      finish(0);
    });
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 12) finish(answer.readInt32BE(8));
    });
  });
}

/** Resolves once `check` holds; rejects with `what` after the bound, or with what `failed` says before it. */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  check: () => Promise<boolean> | boolean,
  failed: () => string | null = () => null,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await check()) return;
    const failure = failed();
    if (failure !== null) throw new Error(`${what}: ${failure}`);
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(25);
  }
}
