// A consumer that starts at the end, settles nothing, and tells when it was assigned. Killed from outside.
import { tap } from 'rxjs';
import { processEach } from '../../../operators/index.js';
import { Kafka } from '../../../src/index.js';

const [, , bootstrapServers = '', topic = '', groupId = ''] = process.argv;
const consumer = new Kafka({ bootstrapServers }).consumer({
  groupId,
  topics: topic,
  autoOffsetReset: 'latest',
  sessionTimeoutMs: 6000,
  heartbeatIntervalMs: 1000,
});
consumer.events$.subscribe(({ type }) => {
  if (type === 'assigned') process.stdout.write(`${process.hrtime.bigint()}\n`);
});
consumer.records$
  .pipe(
    processEach(() => new Promise(() => undefined)),
    tap(),
  )
  .subscribe();
