import { type ApiHandler } from './call.js';
import { produce } from './apis/00-produce.js';
import { fetch } from './apis/01-fetch.js';
import { listOffsets } from './apis/02-list-offsets.js';
import { metadata } from './apis/03-metadata.js';
import { findCoordinator } from './apis/10-find-coordinator.js';
import { apiVersions } from './apis/18-api-versions.js';
import { initProducerId } from './apis/22-init-producer-id.js';
import { offsetForLeaderEpoch } from './apis/23-offset-for-leader-epoch.js';
import { offsetCommit } from './apis/08-offset-commit.js';
import { offsetFetch } from './apis/09-offset-fetch.js';
import { joinGroup } from './apis/11-join-group.js';
import { heartbeat } from './apis/12-heartbeat.js';
import { leaveGroup } from './apis/13-leave-group.js';
import { syncGroup } from './apis/14-sync-group.js';
import { consumerGroupHeartbeat } from './apis/68-consumer-group-heartbeat.js';
import { addPartitionsToTxn } from './apis/24-add-partitions-to-txn.js';
import { addOffsetsToTxn } from './apis/25-add-offsets-to-txn.js';
import { endTxn } from './apis/26-end-txn.js';
import { txnOffsetCommit } from './apis/28-txn-offset-commit.js';

const handlers: readonly ApiHandler[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  findCoordinator,
  apiVersions,
  initProducerId,
  offsetForLeaderEpoch,
  offsetCommit,
  offsetFetch,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  consumerGroupHeartbeat,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  txnOffsetCommit,
];

/** What a broker does, by API key. @internal */
export const apiHandlers: ReadonlyMap<number, ApiHandler> = new Map(handlers.map((each) => [each.api.key, each]));
