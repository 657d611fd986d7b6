import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { resolveConsumerOptions } from '../../src/observables/consumer-options.js';
import { resolveKafkaOptions } from '../../src/observables/kafka-options.js';
import { resolveProducerOptions } from '../../src/observables/producer-options.js';
import { pages } from './support/code-blocks.js';
import { type NameRow, rowsOf } from './support/name-tables.js';

const { text } = pages().find(({ path }) => path === 'docs/coming-from.md')!;
const rows = rowsOf(text);

function refusal(resolve: (options: object) => unknown, options: object): InvalidOptionError {
  try {
    resolve(options);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(options)}`);
}

const consumer = (options: object): unknown => resolveConsumerOptions({ topics: 'a', groupId: 'g', ...options });
const producer = (options: object): unknown => resolveProducerOptions(options);
const kafka = (options: object): unknown => resolveKafkaOptions(options);

/** Their name is refused by name, and the text says what it is called here, or why there is nothing. */
function expectRefused(resolve: (options: object) => unknown, theirs: string, row: NameRow): void {
  const ours = row.ours.map((code) => /^\w+/u.exec(code)![0]);
  if (ours.includes(theirs)) return;
  const error = refusal(resolve, { [theirs]: 1 });
  expect(error.option).toBe(theirs);
  expect(error.message).not.toContain('known options are');
  for (const name of ours) expect([theirs, error.message]).toEqual([theirs, expect.stringContaining(name)]);
}

const of = (section: string): readonly NameRow[] => rows.filter((row) => row.section === section);
const namesOf = (section: string): string[] => of(section).flatMap(({ theirs }) => theirs);
const cases = (section: string) =>
  of(section).flatMap((row) => row.theirs.map((theirs) => [theirs, row.ours.join(' ') || 'nothing', row] as const));

// what AIOKafkaConsumer and AIOKafkaProducer 0.8 take
const both = `bootstrap_servers client_id request_timeout_ms retry_backoff_ms metadata_max_age_ms connections_max_idle_ms
  security_protocol ssl_context sasl_mechanism sasl_plain_username sasl_plain_password sasl_kerberos_service_name
  sasl_kerberos_domain_name sasl_oauth_token_provider api_version loop`;
const consumers = `group_id key_deserializer value_deserializer fetch_min_bytes fetch_max_bytes fetch_max_wait_ms
  max_partition_fetch_bytes max_poll_records auto_offset_reset enable_auto_commit auto_commit_interval_ms check_crcs
  partition_assignment_strategy max_poll_interval_ms rebalance_timeout_ms session_timeout_ms heartbeat_interval_ms
  isolation_level exclude_internal_topics consumer_timeout_ms`;
const producers = `acks key_serializer value_serializer compression_type max_batch_size linger_ms partitioner max_request_size
  enable_idempotence send_backoff_ms transactional_id transaction_timeout_ms`;
const words = (list: string): string[] => list.split(/\s+/u).sort();

it('has every option of aiokafka', () => {
  expect(namesOf('aiokafka: client options').sort()).toEqual(words(both));
  expect(namesOf('aiokafka: consumer options').sort()).toEqual(words(consumers));
  expect(namesOf('aiokafka: producer options').sort()).toEqual(words(producers));
});

it('has every method of the consumer and producer of aiokafka', () => {
  const methods = `start stop getone getmany subscribe assign unsubscribe subscription assignment commit committed position
    highwater last_stable_offset last_poll_timestamp seek seek_to_beginning seek_to_end seek_to_committed beginning_offsets
    end_offsets offsets_for_times partitions_for_topic topics pause resume paused flush partitions_for send send_and_wait
    create_batch send_batch transaction begin_transaction commit_transaction abort_transaction send_offsets_to_transaction`;
  const listed = [...namesOf('aiokafka: consumer methods'), ...namesOf('aiokafka: producer methods')];
  const missing = words(methods).filter((name) => !listed.some((cell) => cell.startsWith(`${name}(`)));
  expect(missing).toEqual([]);
});

it('has every error of aiokafka that is more than a code', () => {
  const errors = `KafkaError KafkaTimeoutError IllegalStateError IllegalOperation UnsupportedVersionError CommitFailedError
    ConsumerStoppedError NoOffsetForPartitionError RecordTooLargeError ProducerClosed ProducerFenced RequestTimedOutError
    NotEnoughReplicasError NotEnoughReplicasAfterAppendError TopicAuthorizationFailedError OffsetOutOfRangeError
    CorruptRecordException InvalidMessageError`;
  const listed = namesOf('aiokafka: errors');
  expect(words(errors).filter((name) => !listed.includes(name))).toEqual([]);
});

describe('[PO1, PO2, PO11, PO12, PO13, PO14, PO18, PO28] client options', () => {
  it.each(cases('aiokafka: client options'))('%s is %s of Kafka, and no option of a producer', (theirs, _, row) => {
    expectRefused(kafka, theirs, row);
    if (row.ours.length > 0) expectRefused(producer, theirs, row);
    else expect(refusal(producer, { [theirs]: 1 }).message).not.toContain('known options are');
  });
});

describe('[CO2, CO3, CO12, CO13, CO18, CO25, CO29, CO37] client options', () => {
  it.each(cases('aiokafka: client options'))('%s is %s of Kafka, and no option of a consumer', (theirs, _, row) => {
    if (row.ours.length > 0) expectRefused(consumer, theirs, row);
    else expect(refusal(consumer, { [theirs]: 1 }).message).not.toContain('known options are');
  });
});

it.each(cases('aiokafka: consumer options'))('[CO24] %s of a consumer is %s', (theirs, _, row) => {
  expectRefused(consumer, theirs, row);
});

it.each(cases('aiokafka: producer options'))('%s of a producer is %s', (theirs, _, row) => {
  expectRefused(producer, theirs, row);
});

it.each(cases('kafkajs: client options'))('%s of kafkajs is %s of Kafka', (theirs, _, row) => {
  expectRefused(kafka, theirs, row);
});

it.each(cases('kafkajs: consumer options'))('%s of a kafkajs consumer is %s', (theirs, _, row) => {
  expectRefused(consumer, theirs, row);
});

it.each(cases('kafkajs: producer options'))('%s of a kafkajs producer is %s', (theirs, _, row) => {
  expectRefused(producer, theirs, row);
});
