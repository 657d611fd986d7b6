export { Kafka } from './kafka.js';
export type { KafkaOptions } from './model/kafka-options.js';
export type { ClientEvent } from './model/client-event.js';
export type { Logger, Runtime, Transport } from './model/runtime.js';
export type {
  Bytes,
  OffsetList,
  PartitionInfo,
  PartitionLag,
  TimestampType,
  TopicPartition,
  TopicPartitionOffset,
} from './model/topic-partition.js';
export type { HeaderValue, RecordHeaders, RecordHeadersInit } from './model/record-headers.js';
export type { Deserializer, Serde, SerdeContext, Serializer } from './model/serde.js';
export type { Lease, LeaseAnswer, Leased, LeaseOwner } from './model/lease.js';
export type { OffsetStore } from './model/offset-store.js';
export type { CommitReceipt, GroupMetadata } from './model/commit.js';
export { ConsumerRecord } from './model/consumer-record.js';
export type { LeasedBatch, Processed, RecordBatch, RecordOf } from './model/consumer-record.js';
export type { Assignor, AssignorMember } from './model/assignor.js';
export type {
  Consumer,
  ConsumerEvent,
  ConsumerOptions,
  ConsumerSettings,
  ConsumerState,
  DeserializerOption,
  DrainReport,
  FlowState,
  PartitionStream,
  RebalanceContext,
  RebalanceListener,
  ReadRange,
  SeekTarget,
  TopicSelection,
} from './model/consumer.js';
export type { Delivery, DeliveryFields, ProducerRecord, RecordMetadata, RecordSink } from './model/record-sink.js';
export type { AppendedRecord, BatchBuilder, BatchRecord } from './model/batch-builder.js';
export type { Partitioner, Producer, ProducerOptions, ProducerSettings, SerializerOption } from './model/producer.js';
export type {
  ManualTransaction,
  Transaction,
  TransactionalProducer,
  TransactionalProducerOptions,
} from './model/transaction.js';
export { range } from './consumer/group/assignors/range.js';
export { roundRobin } from './consumer/group/assignors/round-robin.js';
export { sticky } from './consumer/group/assignors/sticky.js';
export { cooperativeSticky } from './consumer/group/assignors/cooperative-sticky.js';
export { bytes } from './serde/bytes.js';
export { float64, int32, int64 } from './serde/numbers.js';
export { json } from './serde/json.js';
export { nullable, serde } from './serde/serde.js';
export { utf8 } from './serde/utf8.js';
export { uuid } from './serde/uuid.js';
export { KafkaError, type KafkaErrorInit } from './errors/kafka-error.js';
export { ClientClosedError, InvalidOptionError, UsageError } from './errors/usage-error.js';
export {
  ConnectionClosedError,
  ConnectionError,
  ConnectTimeoutError,
  RequestTimeoutError,
} from './errors/connection-error.js';
export {
  CrcMismatchError,
  MissingCodecError,
  ProtocolDecodeError,
  UnsupportedVersionError,
} from './errors/protocol-error.js';
export { BrokerError } from './errors/broker-error.js';
export {
  AuthenticationError,
  DeliveryError,
  DeserializationError,
  GroupError,
  OffsetResetError,
  OffsetStoreError,
  RecordTooLargeError,
  TimeoutExpiredError,
  TransactionError,
} from './errors/client-errors.js';
