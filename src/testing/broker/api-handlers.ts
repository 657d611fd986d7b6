import { type ApiHandler } from './call.js';
import { produce } from './apis/00-produce.js';
import { fetch } from './apis/01-fetch.js';
import { listOffsets } from './apis/02-list-offsets.js';
import { metadata } from './apis/03-metadata.js';
import { offsetCommit } from './apis/08-offset-commit.js';
import { offsetFetch } from './apis/09-offset-fetch.js';
import { findCoordinator } from './apis/10-find-coordinator.js';
import { joinGroup } from './apis/11-join-group.js';
import { heartbeat } from './apis/12-heartbeat.js';
import { leaveGroup } from './apis/13-leave-group.js';
import { syncGroup } from './apis/14-sync-group.js';
import { describeGroups } from './apis/15-describe-groups.js';
import { listGroups } from './apis/16-list-groups.js';
import { saslHandshake } from './apis/17-sasl-handshake.js';
import { apiVersions } from './apis/18-api-versions.js';
import { createTopics } from './apis/19-create-topics.js';
import { deleteTopics } from './apis/20-delete-topics.js';
import { deleteRecords } from './apis/21-delete-records.js';
import { initProducerId } from './apis/22-init-producer-id.js';
import { offsetForLeaderEpoch } from './apis/23-offset-for-leader-epoch.js';
import { addPartitionsToTxn } from './apis/24-add-partitions-to-txn.js';
import { addOffsetsToTxn } from './apis/25-add-offsets-to-txn.js';
import { endTxn } from './apis/26-end-txn.js';
import { txnOffsetCommit } from './apis/28-txn-offset-commit.js';
import { describeConfigs } from './apis/32-describe-configs.js';
import { saslAuthenticate } from './apis/36-sasl-authenticate.js';
import { createPartitions } from './apis/37-create-partitions.js';
import { deleteGroups } from './apis/42-delete-groups.js';
import { incrementalAlterConfigs } from './apis/44-incremental-alter-configs.js';
import { offsetDelete } from './apis/47-offset-delete.js';
import { describeCluster } from './apis/60-describe-cluster.js';
import { describeProducers } from './apis/61-describe-producers.js';
import { describeTransactions } from './apis/65-describe-transactions.js';
import { listTransactions } from './apis/66-list-transactions.js';
import { consumerGroupHeartbeat } from './apis/68-consumer-group-heartbeat.js';
import { consumerGroupDescribe } from './apis/69-consumer-group-describe.js';
import { describeTopicPartitions } from './apis/75-describe-topic-partitions.js';

const handlers: readonly ApiHandler[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  txnOffsetCommit,
  describeConfigs,
  saslAuthenticate,
  createPartitions,
  deleteGroups,
  incrementalAlterConfigs,
  offsetDelete,
  describeCluster,
  describeProducers,
  describeTransactions,
  listTransactions,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  describeTopicPartitions,
];

/** What a broker does, by API key. @internal */
export const apiHandlers: ReadonlyMap<number, ApiHandler> = new Map(handlers.map((each) => [each.api.key, each]));
