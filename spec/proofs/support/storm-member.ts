// One member of a rebalance storm, in a process of its own. Writes what happens to a log file, line by line and before it goes
// on, so that kill -9 leaves a log that is true; SIGTERM closes it, and the process then has to end by itself.
import { openSync, writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { timer } from 'rxjs';
import { cooperativeSticky, Kafka, range } from '../../../src/index.js';
import { commitOffsets, forEachPartition, processEach } from '../../../operators/index.js';
import { type StormLine } from './storm-log.js';
import { stormClock, type StormProtocol } from './storm-clock.js';

const [, , bootstrapServers = '', groupId = '', topic = '', protocol = '', logFile = '', name = ''] = process.argv;
const log = openSync(logFile, 'a');
type Told<T> = T extends unknown ? Omit<T, 't'> : never;
const tell = (line: Told<StormLine>): void => {
  writeSync(log, `${JSON.stringify({ t: stormClock(), ...line })}\n`);
};

const groupOptions = {
  eager: { assignors: [range], sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 },
  cooperative: { assignors: [cooperativeSticky], sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 },
  consumer: { groupProtocol: 'consumer' as const },
}[protocol as StormProtocol];

const kafka = new Kafka({ bootstrapServers, clientId: name });
const consumer = kafka.consumer({
  groupId,
  topics: topic,
  autoOffsetReset: 'earliest',
  rebalanceTimeoutMs: 30000,
  ...groupOptions,
});
/** Epoch of the streams that are there and not being given up. */
const kept = new Map<number, number>();

consumer.events$.subscribe((event) => {
  if (event.type === 'handedOff')
    for (const { partition, offset } of event.abandoned) tell({ e: 'abandoned', p: partition, o: offset });
  if (event.type === 'commitFailed') tell({ e: 'commitFailed', text: String(event.error) });
});
consumer.partitions$
  .pipe(
    forEachPartition((stream$) => {
      const { partition: p, epoch: s } = stream$;
      tell({ e: 'opened', p, s });
      kept.set(p, s);
      stream$.revoking$.subscribe({
        next: () => {
          kept.delete(p);
          tell({ e: 'revoking', p, s });
        },
      });
      stream$.ended$.subscribe((why) => {
        if (kept.get(p) === s) kept.delete(p);
        tell({ e: 'ended', p, s, why });
      });
      return stream$.pipe(
        // some work takes no time, some a little: what is under way when a partition goes has to be waited for
        processEach(
          ({ offset }) => {
            tell({ e: 'delivered', p, s, o: offset });
            return new Promise<void>((resolve) => {
              setTimeout(
                () => {
                  tell({ e: 'done', p, s, o: offset });
                  resolve();
                },
                (offset % 7) * 3,
              );
            });
          },
          { concurrency: 16, order: 'none' },
        ),
      );
    }),
    commitOffsets({ everyMs: 500 }),
  )
  .subscribe({
    next: ({ offsets, outcome }) => {
      for (const { partition, offset } of offsets) tell({ e: 'answer', p: partition, o: offset, outcome });
    },
    error: (error: unknown) => {
      tell({ e: 'failed', text: String(error) });
      process.exitCode = 1;
      void kafka.close();
    },
  });

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let samples = 0;
const sampling = timer(100, 100).subscribe(() => {
  for (const [p, s] of kept) {
    const why = consumer.why({ topic, partition: p }).paused.filter((reason) => reason !== 'window');
    if (why.length > 0) tell({ e: 'paused', p, s, why });
  }
  if (++samples % 10 > 0) return;
  tell({ e: 'loop', ms: Math.round(delay.max / 1e6) });
  delay.reset();
});

// whoever started it is gone: nobody reads this log any more
process.stdin.resume().once('end', () => {
  process.exit(1);
});
(process.stdin as { unref?: () => void }).unref?.();

process.once('SIGTERM', () => {
  tell({ e: 'closing' });
  sampling.unsubscribe();
  void kafka.close().then(() => {
    tell({ e: 'closed' });
  });
});
tell({ e: 'started' });
