import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { hop } from '../runtime/timer.js';
import { type CoordinatorHost, CoordinatorLookup, type CoordinatorType } from './coordinator-lookup.js';

/** Coordinators by type and key, looked up once and kept until somebody finds that they are not any more. */
export class Coordinators {
  readonly #host: CoordinatorHost;
  readonly #known: Map<string, number> = new Map<string, number>();
  readonly #lookups: Map<string, CoordinatorLookup> = new Map<string, CoordinatorLookup>();
  #closed = false;

  constructor(host: CoordinatorHost) {
    this.#host = host;
  }

  /** Null when it has to be looked up. */
  known(type: CoordinatorType, key: string): number | null {
    return this.#known.get(`${type} ${key}`) ?? null;
  }

  find(type: CoordinatorType, key: string, done: Done<number>): Cancel {
    const id = `${type} ${key}`;
    const known = this.#known.get(id);
    if (this.#closed || known !== undefined) {
      return hop(this.#host.runtime, () => {
        if (this.#closed) done(new ClientClosedError(), null);
        else done(null, known!);
      });
    }
    let lookup = this.#lookups.get(id);
    if (lookup === undefined) {
      lookup = new CoordinatorLookup(this.#host, type, key, (nodeId) => {
        this.#lookups.delete(id);
        if (nodeId !== null) this.#known.set(id, nodeId);
      });
      this.#lookups.set(id, lookup);
    }
    return lookup.wait(done);
  }

  /** Why a look-up that is under way has not found it yet. */
  lastError(type: CoordinatorType, key: string): KafkaError | null {
    return this.#lookups.get(`${type} ${key}`)?.lastError ?? null;
  }

  /** @param nodeId - only while this one is taken for the coordinator: an older failure must not undo a newer answer */
  forget(type: CoordinatorType, key: string, nodeId?: number): void {
    const id = `${type} ${key}`;
    if (nodeId === undefined || this.#known.get(id) === nodeId) this.#known.delete(id);
  }

  close(): void {
    this.#closed = true;
    const lookups = [...this.#lookups.values()];
    this.#lookups.clear();
    this.#known.clear();
    for (const lookup of lookups) lookup.close();
  }
}
