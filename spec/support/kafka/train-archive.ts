import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Distribution } from './distribution.js';
import { claimPorts } from './ports.js';
import { BrokerProcess } from './broker-process.js';
import { startReaper } from './reaper.js';

/**
 * Starts one broker and stops it in good order; on the way out the JVM writes the classes it loaded to `archive`.
 * Later brokers map that file instead of parsing jars: about half the CPU time of a start.
 */
export async function trainArchive(distribution: Distribution, archive: string): Promise<void> {
  const reaper = startReaper();
  const directory = mkdtempSync(join(tmpdir(), 'rx-kafka-train-'));
  reaper.path(directory);
  const ports = await claimPorts();
  reaper.path(ports.claim);
  try {
    const [port, controllerPort] = [ports.first, ports.first + 1];
    const broker = new BrokerProcess(distribution, reaper, {
      facts: {
        id: 1,
        port,
        controllerPort,
        dataDirectory: join(directory, 'data'),
        voters: [`1@127.0.0.1:${controllerPort}`],
      },
      directory,
      properties: {},
      jvmFlags: [`-XX:ArchiveClassesAtExit=${archive}`],
    });
    broker.format();
    broker.start();
    await broker.ready(1);
    await broker.stop(90_000);
  } finally {
    ports.release();
    await reaper.end();
    rmSync(directory, { recursive: true, force: true });
  }
}
