import { VirtualTimeScheduler } from 'rxjs';
import { Kafka, type KafkaOptions } from '../../../../src/index.js';
import { inMemory, type InMemoryCluster, type InMemoryOptions } from '../../../../src/testing/broker/index.js';

/** A cluster in memory with its clock in hand. */
export class VirtualWorld {
  readonly scheduler: VirtualTimeScheduler = new VirtualTimeScheduler();
  readonly cluster: InMemoryCluster;

  constructor(options: InMemoryOptions = {}) {
    this.cluster = inMemory({ scheduler: this.scheduler, ...options });
  }

  kafka(options: KafkaOptions = {}): Kafka {
    return new Kafka({ bootstrapServers: this.cluster.bootstrapServers, runtime: this.cluster, ...options });
  }

  /** Runs everything that is due within the next milliseconds. */
  advance(ms: number): void {
    const until = this.scheduler.frame + ms;
    this.scheduler.maxFrames = until;
    this.scheduler.flush();
    this.scheduler.frame = until;
  }

  /** Runs on until the condition holds; how many milliseconds that took. */
  until(what: string, condition: () => boolean, boundMs = 60_000): number {
    const start = this.scheduler.frame;
    while (!condition()) {
      const next = this.scheduler.actions[0];
      if (next === undefined || next.delay > start + boundMs) {
        throw new Error(`${what}: not within ${boundMs} ms of virtual time`);
      }
      this.advance(Math.max(0, next.delay - this.scheduler.frame));
    }
    return this.scheduler.frame - start;
  }
}
