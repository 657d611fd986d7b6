export { EmbeddedCluster, type EmbeddedOptions } from './embedded-cluster.js';
export { inMemory, InMemoryCluster, type InMemoryOptions } from './in-memory.js';
export { ClusterControls, type PartitionState, type TopicInit } from './cluster-controls.js';
export type { BrokerState } from './broker-node.js';
export type { BrokerProperties, BrokerPropertiesInit, BrokerPropertyName } from './broker-properties.js';
export type { ClusterOptions } from './cluster-options.js';
export type { InterceptedRequest, Interception, InterceptOptions } from './controls/control-table.js';
export type { Wire } from './wire/memory-transport.js';
