// One billing process: a member of the group `billing`. The demo starts three of them with `fork` and kills one.
import { interval, map, type Observable } from 'rxjs';
import { Kafka, json, utf8 } from 'rx-kafka';
import { atLeastOnce, exactlyOnce, type Invoice, type Order } from './billing.js';
import { type MemberCommand, type MemberReport, type MemberSetup } from './member-messages.js';

const setup = JSON.parse(process.argv[2] ?? '') as MemberSetup;
/** Invoices that are written and uncommitted when the demo kills this process. */
const halfDone = 20;
/** Nobody killed it after all: it goes on before the group misses it. */
const standStillMs = 2000;

const report = (what: MemberReport): void => {
  if (process.connected) process.send?.(what);
};
const failed = (error: unknown): void => {
  report({ type: 'failed', error: String(error) });
};

const kafka = new Kafka({ bootstrapServers: setup.bootstrapServers, clientId: setup.name });
const orders = kafka.consumer({
  groupId: setup.groupId,
  topics: setup.orders,
  keyDeserializer: utf8,
  valueDeserializer: json<Order>(),
  autoOffsetReset: 'earliest',
  isolationLevel: 'read_committed',
  sessionTimeoutMs: setup.sessionTimeoutMs,
  heartbeatIntervalMs: 500,
});

let telling = false;
let writes = 0;
let done = 0;
const written = (uncommitted: number): void => {
  writes++;
  // when it gets there, not whenever it is beyond: between two commits the next one is then farthest away
  if (!telling || uncommitted !== halfDone) return;
  telling = false;
  report({ type: 'writing', count: uncommitted });
  // stands still here until it is killed: what was the middle is the middle then
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, standStillMs));
};

/** Emits how many invoices are done. */
function billing(): Observable<number> {
  if (setup.atLeastOnce) {
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: json<Invoice>() });
    return atLeastOnce(orders.records$, producer, setup.invoices, written).pipe(
      map(() => {
        const count = writes - done;
        done = writes;
        return count;
      }),
    );
  }
  // an id per instance, the same after its restart: that is how the restart rolls back what its predecessor left open
  const payments = kafka.transactionalProducer({
    transactionalId: `${setup.groupId}-${setup.name}`,
    keySerializer: utf8,
    valueSerializer: json<Invoice>(),
  });
  return exactlyOnce(orders.records$, payments, setup.invoices, written).pipe(map(() => 1));
}

let invoiced = 0;
let reported = 0;
const reportInvoiced = (): void => {
  if (invoiced === reported) return;
  reported = invoiced;
  report({ type: 'invoiced', count: invoiced });
};
const ticker = interval(100).subscribe({ next: reportInvoiced, error: failed });
orders.assignment$.subscribe({
  next: (assignment) => {
    report({ type: 'assignment', partitions: assignment.map(({ partition }) => partition) });
  },
  error: failed,
});
billing().subscribe({ next: (count) => (invoiced += count), error: failed });

async function stop(): Promise<void> {
  await kafka.close();
  ticker.unsubscribe();
  reportInvoiced();
  if (process.connected) process.disconnect();
}

process.on('message', (command: MemberCommand) => {
  if (command.type === 'tellWriting') telling = true;
  else stop().catch(failed);
});
// Ctrl-C goes to every process of the terminal: the demo tells its members what to do
process.on('SIGINT', () => undefined);
// the demo itself was killed
process.on('disconnect', () => {
  if (!ticker.closed) process.exit(1);
});
