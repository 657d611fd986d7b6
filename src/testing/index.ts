export type { ExpectedSettlements, ExpectedTransaction, ScriptedSource } from './expected.js';
export type { GroupEvent, GroupSetup, PartitionScript, ScriptedConsumerSettings } from './group-script.js';
export type { ParkedEvent } from './parked-event.js';
export { type MarbleHelpers, runMarbles } from './run-marbles.js';
export type { ScriptedSink } from './scripted-sink.js';
export type { WrittenTransaction } from './written-transaction.js';
export type { ScriptedTransactionalProducer, TransactionalScript } from './transactional-script.js';
export { record, type RecordInit } from './test-record.js';
