import { Kafka, type KafkaOptions, type Runtime, type Transport } from '../../src/index.js';
import { type Chance } from './chance.js';
import { type Lane } from './virtual-clock.js';
import { ProcessTransport } from './process-transport.js';
import { type World } from './world.js';

/**
 * A process with clients in it: the `Runtime` of its Kafka objects. It can be killed (nothing of it runs any more, its sockets
 * close), stopped for a while (SIGSTOP), and its network to single brokers can stand still: bytes of that time arrive late.
 */
export class ClientProcess implements Runtime {
  readonly name: string;
  readonly world: World;
  /** Of the clients. */
  readonly scheduler: Lane;
  /** Of the code that uses them. */
  readonly user: Lane;
  readonly transports: Set<ProcessTransport> = new Set<ProcessTransport>();
  /** Addresses to and from which nothing passes at the moment. */
  readonly stalled: Set<string> = new Set<string>();
  /** What happens to the next bytes that it fits: records of an answer or a request, or the length of an answer. */
  damage: 'records read' | 'records written' | 'frame' | null = null;
  /** Records that it read were damaged: its streams may fail. */
  readDamage = false;
  /** Added to the wall clock. */
  wallOffsetMs = 0;
  /** What it began and what has not ended: name by object. */
  readonly calls: Map<object, string> = new Map<object, string>();
  readonly #random: () => number;
  readonly #kafkas: Kafka[] = [];

  constructor(world: World, name: string, chance: Chance) {
    this.world = world;
    this.name = name;
    this.scheduler = world.clock.lane();
    this.user = world.clock.lane();
    this.#random = chance.random;
  }

  get isAlive(): boolean {
    return this.scheduler.state !== 'dead';
  }

  get isRunning(): boolean {
    return this.scheduler.state === 'running';
  }

  now(): number {
    return this.world.clock.now;
  }

  wallClock(): number {
    return this.world.cluster.wallClock() + this.wallOffsetMs;
  }

  random(): number {
    return this.#random();
  }

  connect(host: string, port: number): Transport {
    const address = `${host}:${port}`;
    const transport = new ProcessTransport(this, address, this.world.cluster.connect(host, port));
    this.transports.add(transport);
    return transport;
  }

  kafka(options: KafkaOptions): Kafka {
    const { bootstrapServers } = this.world.cluster;
    const { metadataMaxAgeMs } = this.world.growth;
    const kafka = new Kafka({ bootstrapServers, clientId: this.name, runtime: this, metadataMaxAgeMs, ...options });
    this.#kafkas.push(kafka);
    return kafka;
  }

  /** Notes a call until the returned function is called. */
  began(what: string): () => void {
    const key = {};
    this.calls.set(key, what);
    return () => {
      this.calls.delete(key);
    };
  }

  stop(): void {
    this.world.trace.note(`${this.name} stopped`);
    this.scheduler.stop();
    this.user.stop();
  }

  resume(): void {
    this.world.trace.note(`${this.name} runs on`);
    this.scheduler.resume();
    this.user.resume();
  }

  kill(): void {
    this.world.trace.note(`${this.name} killed`);
    this.scheduler.kill();
    this.user.kill();
    this.calls.clear();
    for (const transport of [...this.transports]) transport.abandon();
  }

  stall(address: string): void {
    this.stalled.add(address);
  }

  heal(): void {
    if (this.stalled.size === 0) return;
    this.stalled.clear();
    for (const transport of [...this.transports]) transport.flush();
  }

  /** Closes everything in it; whoever waits hears when all of it has closed. */
  close(closed: () => void): void {
    const ended = this.began('Kafka.close');
    void Promise.all(this.#kafkas.map((kafka) => kafka.close())).then(() => {
      ended();
      closed();
    });
  }
}
