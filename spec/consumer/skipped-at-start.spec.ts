import { type ConsumerCoreOptions } from '../../src/consumer/consumer-ports.js';
import { OffsetLookup } from '../../src/consumer/offset-lookup.js';
import { skippedAtStart } from '../../src/consumer/skipped-at-start.js';
import { resolveConsumerOptions } from '../../src/observables/consumer-options.js';
import { FakeBrokers } from './support/fake-brokers.js';

function lines(given: object, start: number): unknown[][] {
  const brokers = new FakeBrokers();
  const [log] = brokers.topic('t', [1]);
  log!.logStart = 2;
  log!.fill(8);
  const warned: unknown[][] = [];
  const cluster = { logger: { ...brokers.logger, warn: (...line: unknown[]) => warned.push(line) } };
  const options: ConsumerCoreOptions = resolveConsumerOptions({ topics: 't', groupId: 'g', ...given });
  const tell = skippedAtStart(cluster as never, new OffsetLookup(brokers.cluster, 0), options);
  tell([{ topic: 't', partition: 0, offset: start }]);
  brokers.runtime.advance(50);
  return warned;
}

describe('A new group that starts at the end', () => {
  it('logs what it skips [D#1031]', () => {
    expect(lines({}, 10)).toEqual([
      [
        { groupId: 'g', topic: 't', partition: 0, offset: 10, records: 8 },
        expect.stringMatching(/starts at 10 and skips up to 8 records.*'earliest'/),
      ],
    ]);
    expect(lines({ autoOffsetReset: { durationMs: 1 } }, 7)).toHaveLength(1);
  });

  it('is silent where nothing is skipped', () => {
    expect(lines({}, 2)).toEqual([]);
    expect(lines({ autoOffsetReset: 'earliest' }, 10)).toEqual([]);
  });
});
