export { type MarbleHelpers, runMarbles } from './run-marbles.js';
export type { ScriptedSink } from './scripted-sink.js';
export { record, type RecordInit } from './test-record.js';
