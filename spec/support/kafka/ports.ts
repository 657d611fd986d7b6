import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryClaim } from './file-lock.js';

const firstPort = 20_000;
const blockSize = 16;
const blocks = 750; // up to 31999, below the range from which the system picks local ports of outgoing connections

/** A block of consecutive ports on 127.0.0.1 that nobody else on this machine gets while it is claimed. */
export interface PortBlock {
  readonly first: number;
  /** The claim, a file to delete should this process die. */
  readonly claim: string;
  release(): void;
}

/**
 * Ports must stay ours while their broker is down (kill, stop), so they come from below the ephemeral range and are
 * claimed by file: a port merely "free at the moment" may be an outgoing connection's when the broker returns.
 */
export async function claimPorts(): Promise<PortBlock> {
  const start = Math.floor(Math.random() * blocks);
  for (let step = 0; step < blocks; step++) {
    const first = firstPort + ((start + step) % blocks) * blockSize;
    const claim = join(tmpdir(), 'rx-kafka-ports', String(first));
    const release = tryClaim(claim);
    if (release === null) continue;
    const free = await Promise.all(Array.from({ length: blockSize }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return { first, claim, release };
    release();
  }
  throw new Error('No block of free ports on 127.0.0.1');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
