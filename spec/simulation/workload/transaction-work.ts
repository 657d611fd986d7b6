import {
  concat,
  concatMap,
  delay,
  EMPTY,
  forkJoin,
  from,
  mergeMap,
  type Observable,
  of,
  takeLast,
  throwError,
} from 'rxjs';
import { type TransactionalProducer, utf8 } from '../../../src/index.js';
import { type ClientProcess } from '../client-process.js';
import { type Chance } from '../chance.js';
import { type World } from '../world.js';

/** A transaction of the workload: what it wrote, and how it ended as far as its process knows. */
export interface WorkTransaction {
  readonly name: string;
  readonly values: string[];
  outcome: 'open' | 'committed' | 'aborted' | 'failed';
}

/** A process that writes transactions to several partitions, and aborts some of them; killed and started again under the same id. */
export class TransactionWork {
  readonly name: string;
  readonly transactionTimeoutMs: number;
  readonly transactions: WorkTransaction[] = [];
  readonly #world: World;
  readonly #topics: readonly string[];
  readonly #chance: Chance;
  #process: ClientProcess | null = null;
  #started = 0;
  #isEnding = false;

  constructor(world: World, name: string, topics: readonly string[]) {
    this.#world = world;
    this.name = name;
    this.#topics = topics;
    this.#chance = world.chance.fork(`transactions ${name}`);
    this.transactionTimeoutMs = this.#chance.pick([2000, 5000, 10_000]);
    this.#start();
    this.#trouble();
  }

  get isPending(): boolean {
    return !this.#isEnding || this.transactions.some(({ outcome }) => outcome === 'open');
  }

  calm(): void {
    this.#process?.resume();
  }

  end(): void {
    this.#isEnding = true;
  }

  #start(): void {
    const process = this.#world.process(`${this.name}.${this.#started++}`);
    this.#process = process;
    const requestTimeoutMs = this.#chance.pick([1000, 3000]);
    const producer = process.kafka({ requestTimeoutMs, connectTimeoutMs: 2000 }).transactionalProducer({
      transactionalId: this.name,
      transactionTimeoutMs: this.transactionTimeoutMs,
      valueSerializer: utf8,
      deliveryTimeoutMs: this.#world.deliveryTimeoutMs(requestTimeoutMs + this.#chance.pick([1000, 10_000])),
      lingerMs: 0,
    });
    const beat = (): void => {
      if (this.#isEnding) return;
      this.#transaction(process, producer, () => {
        process.user.schedule(beat, this.#chance.between(20, 600));
      });
    };
    process.user.schedule(beat, this.#chance.between(0, 300));
  }

  #transaction(process: ClientProcess, producer: TransactionalProducer<null, string>, next: () => void): void {
    const chance = this.#chance;
    const name = `${this.name}!${this.transactions.length}`;
    const topic = chance.pick(this.#topics);
    const partitions = this.#world.state.topics.get(topic)!.partitions.length;
    const records = Array.from({ length: chance.between(1, 5) }, (_, n) => {
      return { topic, value: `${name}#${n}`, partition: chance.between(0, partitions - 1) };
    });
    // some write one batch after the other to one partition
    const isOneByOne = chance.fork(name).happens(30);
    if (isOneByOne) for (const record of records) record.partition = records[0]!.partition;
    const transaction: WorkTransaction = { name, values: records.map(({ value }) => value), outcome: 'open' };
    this.transactions.push(transaction);
    const aborts = chance.happens(25);
    const pause = chance.pick([0, 0, 20, 300]);
    const ended = process.began(`transaction ${name}`);
    const over = (outcome: 'committed' | 'aborted' | 'failed', more = ''): void => {
      ended();
      transaction.outcome = outcome;
      this.#world.counts.add(`transactions ${outcome}`);
      this.#world.trace.note(`${name} ${outcome} ${more}`);
      next();
    };
    producer
      .transaction((tx) =>
        concat(
          (isOneByOne ? inTurn : atOnce)(records, (record) => tx.send(record)).pipe(delay(pause, process.user)),
          aborts ? throwError(() => new Error('aborted on purpose')) : EMPTY,
        ).pipe(mergeMap(() => of(name))),
      )
      .subscribe({
        error: (error: unknown) => {
          const text = error instanceof Error ? error.message : String(error);
          over(text === 'aborted on purpose' ? 'aborted' : 'failed', text);
        },
        complete: () => {
          over('committed');
        },
      });
  }

  #trouble(): void {
    this.#world.after(this.#chance.between(1000, 8000), () => {
      if (this.#world.isCalm || this.#isEnding) return;
      const process = this.#process!;
      if (this.#chance.happens(40)) {
        this.#world.counts.add('fault: kill transactional producer');
        process.kill();
        for (const transaction of this.transactions) if (transaction.outcome === 'open') transaction.outcome = 'failed';
        this.#start();
      } else if (process.isRunning) {
        this.#world.counts.add('fault: stop transactional producer');
        process.stop();
        this.#world.after(this.#chance.pick([500, 4000, 8000]), () => {
          process.resume();
        });
      }
      this.#trouble();
    });
  }
}

function atOnce<T>(items: readonly T[], send: (item: T) => Observable<unknown>): Observable<unknown> {
  return forkJoin(items.map(send));
}

function inTurn<T>(items: readonly T[], send: (item: T) => Observable<unknown>): Observable<unknown> {
  return from(items).pipe(concatMap(send), takeLast(1));
}
