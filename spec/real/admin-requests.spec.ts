import { BatchBuffer } from '../../src/codecs/record-batch-writer.js';
import { addPartitionsToTxnApi } from '../../src/protocol/messages/add-partitions-to-txn.js';
import { consumerGroupDescribeApi } from '../../src/protocol/messages/consumer-group-describe.js';
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/consumer-group-heartbeat.js';
import { createPartitionsApi } from '../../src/protocol/messages/create-partitions.js';
import { createTopicsApi } from '../../src/protocol/messages/create-topics.js';
import { describeConfigsApi } from '../../src/protocol/messages/describe-configs.js';
import { incrementalAlterConfigsApi } from '../../src/protocol/messages/incremental-alter-configs.js';
import { initProducerIdApi } from '../../src/protocol/messages/init-producer-id.js';
import { leaveGroupApi } from '../../src/protocol/messages/leave-group.js';
import { listTransactionsApi } from '../../src/protocol/messages/list-transactions.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';
import { produceApi } from '../../src/protocol/messages/produce.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { RawConnection } from '../support/raw-client.js';

// What tools ask of a cluster and the client itself does not: the answers of real brokers, which the embedded cluster has to give too.

const open: RawConnection[] = [];

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

function kept(connection: RawConnection): RawConnection {
  open.push(connection);
  return connection;
}

async function anyBroker(): Promise<RawConnection> {
  return kept(await RawConnection.open(sharedBrokers().split(',')[0]!));
}

/** An answer's error with its text, for a failed comparison that says what happened. */
interface Told {
  readonly errorCode: number;
  readonly errorMessage?: string | null;
}

async function create(
  to: RawConnection,
  name: string,
  brokerIds: readonly (readonly number[])[] = [],
  configs: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const { topics } = await to.ask(createTopicsApi, 7, {
    topics: [
      {
        name,
        numPartitions: brokerIds.length > 0 ? -1 : 1,
        replicationFactor: -1,
        assignments: brokerIds.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: [...ids] })),
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 10_000,
    validateOnly: false,
  });
  return topics[0]!;
}

describe('CreateTopics', () => {
  it('refuses a partition with two replicas on a broker, partitions with unequally many, and a name that differs by dots only', async () => {
    const to = await anyBroker();
    const name = uniqueName('dotted.name_');
    expect(await create(to, name, [[2, 2]])).toMatchObject({ errorCode: 39 });
    expect(await create(to, name, [[2, 1], [2]])).toMatchObject({ errorCode: 39 });
    expect(await create(to, name, [[2, 1]])).toMatchObject({ errorCode: 0 });
    const other = name.replaceAll('.', '_');
    expect(await create(to, other, [[2, 1]])).toMatchObject({
      errorCode: 17,
      errorMessage: `Topic '${other}' collides with existing topic: ${name}`,
    });
    expect(await create(to, name, [[2, 1]])).toMatchObject({ errorCode: 36 });
  });
});

describe('CreatePartitions', () => {
  it('places the new replicas as it is told, and refuses too few assignments or replicas', async () => {
    const to = await anyBroker();
    const name = uniqueName('grow');
    await create(to, name, [[2, 1]]);
    const grow = async (count: number, brokerIds: readonly (readonly number[])[]): Promise<Told> => {
      const assignments = brokerIds.map((ids) => ({ brokerIds: [...ids] }));
      const topics = [{ name, count, assignments }];
      const { results } = await to.ask(createPartitionsApi, 3, { topics, timeoutMs: 10_000, validateOnly: false });
      return results[0]!;
    };
    expect(await grow(3, [[3, 1]])).toMatchObject({ errorCode: 39 });
    expect(await grow(2, [[3]])).toMatchObject({ errorCode: 39 });
    expect(await grow(2, [[3, 3]])).toMatchObject({ errorCode: 39 });
    expect(await grow(2, [[3, 1]])).toMatchObject({ errorCode: 0 });
    await waitUntil('every broker knows the second partition', 10_000, async () => {
      const { topics } = await to.ask(metadataApi, 12, { topics: [{ name }] });
      const second = topics[0]!.partitions.find(({ partitionIndex }) => partitionIndex === 1);
      return second?.replicaNodes.join() === '3,1';
    });
  });
});

describe('IncrementalAlterConfigs', () => {
  it('appends to a configuration that is a list, subtracts from it, and to no other', async () => {
    const to = await anyBroker();
    const resourceName = uniqueName('lists');
    await create(to, resourceName);
    const alter = async (name: string, configOperation: number, value: string): Promise<Told> => {
      const resources = [{ resourceType: 2, resourceName, configs: [{ name, configOperation, value }] }];
      return (await to.ask(incrementalAlterConfigsApi, 1, { resources, validateOnly: false })).responses[0]!;
    };
    const policyIs = (expected: string): Promise<void> =>
      waitUntil(`the policy is ${expected}`, 10_000, async () => {
        const resources = [{ resourceType: 2, resourceName, configurationKeys: ['cleanup.policy'] }];
        return (await to.ask(describeConfigsApi, 4, { resources })).results[0]!.configs[0]?.value === expected;
      });
    expect(await alter('cleanup.policy', 2, 'compact')).toMatchObject({ errorCode: 0 });
    await policyIs('delete,compact');
    // what is there already is not there twice
    expect(await alter('cleanup.policy', 2, 'delete')).toMatchObject({ errorCode: 0 });
    await policyIs('delete,compact');
    expect(await alter('cleanup.policy', 3, 'delete')).toMatchObject({ errorCode: 0 });
    await policyIs('compact');
    expect(await alter('retention.ms', 2, '7')).toMatchObject({ errorCode: 40 });
  });
});

describe('ListTransactions', () => {
  it('heeds the duration and the pattern, which has to match the whole id', async () => {
    const topic = uniqueName('listed');
    await create(await anyBroker(), topic);
    kept((await RawConnection.toLeader(sharedBrokers(), topic)).to);
    const id = uniqueName('listed-transaction');
    const to = kept(await RawConnection.toCoordinator(sharedBrokers(), id, 1));
    const init = { transactionalId: id, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 };
    const ids = async (filters: object): Promise<string[]> => {
      const all = { stateFilters: [], producerIdFilters: [], durationFilter: -1, transactionalIdPattern: `${id}.*` };
      const { transactionStates } = await to.ask(listTransactionsApi, 2, { ...all, ...filters });
      return transactionStates.map(({ transactionalId }) => transactionalId);
    };
    const { producerId, producerEpoch } = await to.askOnceLoaded(initProducerIdApi, 4, init);
    // nothing has begun: it counts as old as the epoch of the clock
    expect(await ids({ durationFilter: 3_600_000 })).toEqual([id]);
    await to.ask(addPartitionsToTxnApi, 3, {
      v3AndBelowTransactionalId: id,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [0] }],
    });
    expect(await ids({})).toEqual([id]);
    expect(await ids({ durationFilter: 3_600_000 })).toEqual([]);
    expect(await ids({ transactionalIdPattern: id.slice(0, -1) })).toEqual([]);
    expect(await ids({ transactionalIdPattern: `${id.slice(0, -1)}.` })).toEqual([id]);
    const all = { stateFilters: [], producerIdFilters: [], durationFilter: -1 };
    const invalid = await to.ask(listTransactionsApi, 2, { ...all, transactionalIdPattern: '(' });
    expect(invalid.errorCode).toBe(128);
  });
});

describe('LeaveGroup', () => {
  it('removes members of a KIP-848 group, a static one by its instance alone', async () => {
    const topic = uniqueName('left');
    await create(await anyBroker(), topic);
    const groupId = uniqueName('left');
    const to = kept(await RawConnection.toCoordinator(sharedBrokers(), groupId));
    const instances = [null, 'i2', 'i3'];
    for (const [index, instanceId] of instances.entries()) {
      const joined = await to.askOnceLoaded(consumerGroupHeartbeatApi, 1, {
        groupId,
        memberId: `m${index + 1}`,
        memberEpoch: 0,
        instanceId,
        rackId: null,
        rebalanceTimeoutMs: 60_000,
        subscribedTopicNames: [topic],
        subscribedTopicRegex: null,
        serverAssignor: null,
        topicPartitions: [],
      });
      expect(joined.errorCode).toBe(0);
    }
    const member = (memberId: string, groupInstanceId: string | null) => ({ memberId, groupInstanceId, reason: null });
    const members = [
      member('', 'i2'),
      member('m1', null),
      member('m2', 'i3'),
      member('m9', null),
      member('', 'i9'),
      member('m3', 'i3'),
    ];
    const left = await to.ask(leaveGroupApi, 5, { groupId, members });
    expect(left.members.map(({ errorCode }) => errorCode)).toEqual([0, 0, 82, 25, 25, 0]);
    const described = await to.ask(consumerGroupDescribeApi, 1, { groupIds: [groupId] });
    expect(described.groups[0]!.members).toEqual([]);
  });
});

describe('Produce', () => {
  async function refused(
    configs: Readonly<Record<string, string>>,
    records: readonly (readonly [number, string | null])[],
  ) {
    const topic = uniqueName('refusing');
    await create(await anyBroker(), topic, [], configs);
    const { to } = await RawConnection.toLeader(sharedBrokers(), topic);
    kept(to);
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const batch = new BatchBuffer(1024);
    for (const [timestamp, key] of records) batch.append(timestamp, key === null ? null : text(key), text('v'), null);
    const bytes = batch.finish({
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      transactional: false,
      control: false,
      compression: { type: 'none' },
    })!;
    const { responses } = await to.ask(produceApi, 12, {
      transactionalId: null,
      acks: 1,
      timeoutMs: 10_000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: bytes }] }],
    });
    const { errorCode, errorMessage, recordErrors } = responses[0]!.partitionResponses[0]!;
    const told = (message: string | null): string | undefined => message?.replaceAll(topic, 'T');
    return {
      errorCode,
      errorMessage: told(errorMessage),
      recordErrors: recordErrors.map(({ batchIndex, batchIndexErrorMessage }) => [
        batchIndex,
        told(batchIndexErrorMessage),
      ]),
    };
  }

  const keyless = 'Compacted topic cannot accept message without key in topic partition T-0';
  const told = (index: number): string => `RecordError(batchIndex=${index}, message='${keyless}')`;
  const now = Date.now();

  it('names the records without a key that a compacted topic refuses', async () => {
    const keys = ['k', null, null];
    expect(
      await refused(
        { 'cleanup.policy': 'compact' },
        keys.map((key) => [now, key]),
      ),
    ).toEqual({
      errorCode: 87,
      errorMessage:
        'One or more records have been rejected due to 2 record errors in total, and only showing the first three errors at most: ' +
        `[${told(1)}, ${told(2)}]`,
      recordErrors: [1, 2].map((index) => [index, keyless]),
    });
  });

  it('tells the first three of them in words', async () => {
    const keys = [null, null, null, 'k', null];
    expect(
      await refused(
        { 'cleanup.policy': 'compact,delete' },
        keys.map((key) => [now, key]),
      ),
    ).toEqual({
      errorCode: 87,
      errorMessage:
        'One or more records have been rejected due to 4 record errors in total, and only showing the first three errors at most: ' +
        `[${[0, 1, 2].map(told).join(', ')}]`,
      recordErrors: [0, 1, 2, 4].map((index) => [index, keyless]),
    });
  });
});
