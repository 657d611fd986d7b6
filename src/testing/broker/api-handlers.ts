import { type ApiHandler } from './call.js';
import { produce } from './apis/00-produce.js';
import { fetch } from './apis/01-fetch.js';
import { listOffsets } from './apis/02-list-offsets.js';
import { metadata } from './apis/03-metadata.js';
import { findCoordinator } from './apis/10-find-coordinator.js';
import { apiVersions } from './apis/18-api-versions.js';
import { initProducerId } from './apis/22-init-producer-id.js';
import { offsetForLeaderEpoch } from './apis/23-offset-for-leader-epoch.js';

const handlers: readonly ApiHandler[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  findCoordinator,
  apiVersions,
  initProducerId,
  offsetForLeaderEpoch,
];

/** What a broker does, by API key. @internal */
export const apiHandlers: ReadonlyMap<number, ApiHandler> = new Map(handlers.map((each) => [each.api.key, each]));
