import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerProcess } from './broker-process.js';
import { distribution } from './distribution.js';
import { claimPorts } from './ports.js';
import { startReaper } from './reaper.js';

/** What can be done to one broker; its host and port stay the same over restarts. */
export interface KafkaBroker {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly pid: number | null;
  readonly state: 'running' | 'paused' | 'down';
  readonly logFile: string;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Orderly stop; resolves when the process is gone. */
  stop(): Promise<void>;
  /** Starts it again (after a stop if it runs); resolves when it lists every running broker. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
}

export interface KafkaCluster {
  readonly bootstrapServers: string;
  readonly brokers: readonly KafkaBroker[];
  /** Throws for an unknown id; ids are 1, 2, 3. */
  broker(id: number): KafkaBroker;
  /** Adds a broker with a new id, up to 8; resolves when it lists every running broker. It takes no part in quorums. */
  create(id: number): Promise<KafkaBroker>;
  /** Kills what runs and deletes the data. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ClusterSetup {
  /** @defaultValue 3 */
  readonly brokers?: number;
  /** Added to every broker's server.properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** What one broker has beyond that: `port` is the one it listens on. */
  readonly propertiesOf?: (id: number, port: number) => Readonly<Record<string, string>>;
  /** Replaces the small, fast-starting JVM flags; measurements need a full JVM. */
  readonly jvmFlags?: readonly string[];
  /** Where to keep data, logs and configurations. @defaultValue a fresh folder in the system's temporary directory */
  readonly directory?: string;
}

/** Half of a port block: a broker and a controller each. */
const maxBrokers = 8;

/**
 * Starts a KRaft cluster of combined brokers on free ports of 127.0.0.1 and resolves when each lists all of them.
 * When this process ends, in whatever way, its brokers are killed and their data is deleted.
 */
export async function startCluster(setup: ClusterSetup = {}): Promise<KafkaCluster> {
  const software = await distribution();
  const count = setup.brokers ?? 3;
  if (count < 1 || count > maxBrokers) throw new Error(`A cluster has 1 to ${maxBrokers} brokers, not ${count}`);
  const reaper = startReaper();
  const directory = setup.directory ?? mkdtempSync(join(tmpdir(), 'rx-kafka-'));
  mkdirSync(directory, { recursive: true });
  reaper.path(directory);
  const ports = await claimPorts();
  reaper.path(ports.claim);
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const controllerPortOf = (id: number): number => ports.first + maxBrokers + id - 1;
  const voters = ids.map((id) => `${id}@127.0.0.1:${controllerPortOf(id)}`);
  const make = (id: number, controllerPort: number | null): BrokerProcess => {
    const port = ports.first + id - 1;
    return new BrokerProcess(software, reaper, {
      facts: { id, port, controllerPort, dataDirectory: join(directory, `data-${id}`), voters },
      directory,
      properties: { ...setup.properties, ...setup.propertiesOf?.(id, port) },
      jvmFlags: setup.jvmFlags ?? [],
    });
  };
  const processes = ids.map((id) => make(id, controllerPortOf(id)));
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((broker) => broker.kill()));
    await reaper.end();
    rmSync(directory, { recursive: true, force: true });
    ports.release();
  };
  try {
    for (const broker of processes) {
      broker.format();
      broker.start();
    }
    await Promise.all(processes.map((broker) => broker.ready(count)));
  } catch (error) {
    await stop();
    throw error;
  }
  const running = (): number => processes.filter((broker) => broker.state === 'running').length;
  const brokers = processes.map((broker) => control(broker, running));
  return {
    bootstrapServers: brokers.map(({ host, port }) => `${host}:${port}`).join(','),
    brokers,
    broker: (id) => {
      const found = brokers.find((broker) => broker.id === id);
      if (found === undefined) throw new Error(`No broker ${id}; there are ${brokers.map((one) => one.id).join(', ')}`);
      return found;
    },
    create: async (id) => {
      if (!Number.isInteger(id) || id < 1 || id > maxBrokers || brokers.some((broker) => broker.id === id)) {
        throw new Error(`A new broker takes a free id from 1 to ${maxBrokers}, not ${id}`);
      }
      const added = make(id, null);
      processes.push(added);
      brokers.push(control(added, running));
      added.format();
      added.start();
      await added.ready(running());
      return brokers.at(-1)!;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function control(broker: BrokerProcess, running: () => number): KafkaBroker {
  return {
    id: broker.id,
    host: broker.host,
    port: broker.port,
    logFile: broker.logFile,
    get pid() {
      return broker.pid;
    },
    get state() {
      return broker.state;
    },
    kill: () => broker.kill(),
    stop: () => broker.stop(),
    restart: async () => {
      await broker.stop();
      broker.start();
      await broker.ready(running());
    },
    pause: () => {
      broker.pause();
    },
    resume: () => {
      broker.resume();
    },
  };
}
