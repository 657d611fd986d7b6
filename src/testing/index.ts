export type { ExpectedSettlements, ExpectedTransaction, ScriptedSource } from './expectations.js';
export type { GroupEvent, GroupSetup, PartitionScript, ScriptedConsumerSettings } from './group-script.js';
export type { ParkedEvent } from './recorder.js';
export { type MarbleHelpers, runMarbles } from './run-marbles.js';
export type { ScriptedSink } from './scripted-sink.js';
export type { WrittenTransaction } from './scripted-transaction.js';
export type { ScriptedTransactionalProducer, TransactionalScript } from './scripted-transactional.js';
export { record, type RecordInit } from './test-record.js';
