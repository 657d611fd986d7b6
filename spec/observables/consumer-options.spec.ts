import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { resolveConsumerOptions } from '../../src/observables/consumer-options.js';

const failure = (options: unknown): InvalidOptionError => {
  try {
    resolveConsumerOptions(options);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('accepted');
};

describe('consumer options', () => {
  it('fills in the defaults of the Java client and the documented exceptions [CO11] [CO15] [CO16] [CO20] [CO21] [CO22] [CO23]', () => {
    expect(resolveConsumerOptions({ topics: 'a', groupId: 'g' })).toMatchObject({
      selection: { topics: ['a'] },
      groupId: 'g',
      groupInstanceId: null,
      autoOffsetReset: 'latest',
      isolationLevel: 0,
      acknowledge: 'explicit',
      commit: { everyMs: 5000, everyRecords: null },
      windowRecords: 1000,
      windowBytes: 4194304,
      bufferBytes: 33554432,
      fetchMaxBytes: 52428800,
      maxPartitionFetchBytes: 1048576,
      maxPollRecords: 500,
      sessionTimeoutMs: 45000,
      heartbeatIntervalMs: 3000,
      rebalanceTimeoutMs: 60000,
      maxPollIntervalMs: 300000,
      drainTimeoutMs: 30000,
      stallWarningMs: 60000,
      checkCrcs: true,
    });
  });

  it('acknowledges on next without a group', () => {
    expect(resolveConsumerOptions({ topics: ['a'] }).acknowledge).toBe('onNext');
  });

  it('derives the drain timeout from the rebalance timeout', () => {
    expect(resolveConsumerOptions({ topics: 'a', groupId: 'g', rebalanceTimeoutMs: 20000 }).drainTimeoutMs).toBe(10000);
  });

  it('keeps the default cadence unless another one is given', () => {
    const cadence = (commit: unknown): unknown => resolveConsumerOptions({ topics: 'a', groupId: 'g', commit }).commit;
    expect([{}, { everyMs: 1 }, { everyRecords: 7 }, false].map(cadence)).toEqual([
      { everyMs: 5000, everyRecords: null },
      { everyMs: 1, everyRecords: null },
      { everyMs: null, everyRecords: 7 },
      false,
    ]);
  });

  it('takes undefined for absent, except for groupId', () => {
    expect(resolveConsumerOptions({ topics: 'a', sessionTimeoutMs: undefined }).sessionTimeoutMs).toBe(45000);
    expect(failure({ topics: 'a', groupId: undefined }).option).toBe('groupId');
  });

  it.each([
    [{}, 'topics'],
    [{ topics: [] }, 'topics'],
    [{ topics: [''] }, 'topics'],
    [{ topics: 'a', partitions: [{ topic: 'a', partition: 0 }] }, 'partitions'],
    [{ partitions: [{ topic: 'a' }] }, 'partitions'],
    [{ topics: 'a', groupId: '' }, 'groupId'],
    [{ topics: 'a', groupInstanceId: 'i' }, 'groupInstanceId'],
    [{ topics: 'a', autoOffsetReset: 'first' }, 'autoOffsetReset'],
    [{ topics: 'a', commit: true }, 'commit'],
    [{ topics: 'a', commit: { everyMs: 0 } }, 'commit'],
    [{ topics: 'a', commit: { every: 1 } }, 'commit'],
    [{ topics: 'a', window: { records: 0 } }, 'window'],
    [{ topics: 'a', heartbeatIntervalMs: 20000 }, 'heartbeatIntervalMs'],
    [{ topics: 'a', groupId: 'g', drainTimeoutMs: 56000 }, 'drainTimeoutMs'],
    [{ topics: 'a', maxPollRecords: 0 }, 'maxPollRecords'],
    [{ topics: 'a', acknowledge: 'beforeDelivery' }, 'acknowledge'],
    [{ topics: 'a', groupId: 'g', acknowledge: 'beforeDelivery', commit: false }, 'acknowledge'],
    [{ topics: 'a', groupId: 'g', acknowledge: 'auto' }, 'acknowledge'],
    [{ topics: 'a', valueDeserializer: (bytes: unknown) => bytes }, 'valueDeserializer'],
    [{ topics: 'a', isolationLevel: 1 }, 'isolationLevel'],
  ])('refuses %j [CO11] [CO23]', (options, option) => {
    expect(failure(options).option).toBe(option);
  });

  describe('with the KIP-848 protocol', () => {
    const next = { topics: 'a', groupId: 'g', groupProtocol: 'consumer' };

    it('takes the assignor of the broker, and topics by a pattern of the broker', () => {
      expect(resolveConsumerOptions({ topics: 'a', groupId: 'g' })).toMatchObject({
        groupProtocol: 'classic',
        serverAssignor: null,
      });
      expect(resolveConsumerOptions({ ...next, serverAssignor: 'range' })).toMatchObject({
        groupProtocol: 'consumer',
        serverAssignor: 'range',
      });
      const { selection } = resolveConsumerOptions({ ...next, topics: undefined, serverPattern: 'orders.*' });
      expect(selection).toEqual({ kind: 'serverPattern', serverPattern: 'orders.*' });
    });

    it.each([
      [{ sessionTimeoutMs: 45000 }, 'sessionTimeoutMs', 'group.consumer.session.timeout.ms'],
      [{ heartbeatIntervalMs: 3000 }, 'heartbeatIntervalMs', 'group.consumer.heartbeat.interval.ms'],
      [{ assignors: [{ assign: () => new Map() }] }, 'assignors', 'serverAssignor'],
    ])('refuses %j, which is decided by the broker', (options, option, instead) => {
      const error = failure({ ...next, ...options });
      expect([error.option, error.message.includes(instead)]).toEqual([option, true]);
    });

    it.each([
      [{ topics: 'a', groupProtocol: 'consumer' }, 'groupProtocol', 'groupId'],
      [{ topics: 'a', groupId: 'g', serverAssignor: 'range' }, 'serverAssignor', "groupProtocol: 'consumer'"],
      [{ serverPattern: 'a.*', groupId: 'g' }, 'serverPattern', 'pattern'],
      [{ ...next, serverPattern: 'a.*' }, 'serverPattern', 'exclude each other'],
      [{ ...next, rebalanceTimeoutMs: 20000, drainTimeoutMs: 18000 }, 'drainTimeoutMs', 'heartbeat interval'],
      [{ ...next, groupProtocol: 'next' }, 'groupProtocol', 'classic'],
      [{ topics: 'a', 'group.protocol': 'consumer' }, 'group.protocol', 'groupProtocol'],
    ])('refuses %j', (options, option, fix) => {
      const error = failure(options);
      expect([error.option, error.message.includes(fix)]).toEqual([option, true]);
    });
  });

  it.each([
    ['fromBeginning', true, 'autoOffsetReset'],
    ['group.id', 'g', 'groupId'],
    ['sessionTimeout', 1, 'sessionTimeoutMs'],
    ['enable_auto_commit', true, 'acknowledge'],
    ['brokers', ['a:1'], 'bootstrapServers'],
    ['max_poll_records', 5, 'maxPollRecords'],
    ['consumer_timeout_ms', 200, 'nothing polls'],
    ['topik', 'a', 'topics'],
  ])('says what %s is called here [CO24] [D#897]', (name, value, here) => {
    expect(failure({ topics: 'a', [name]: value }).message).toContain(here);
  });
});
