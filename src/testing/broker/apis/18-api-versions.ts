import {
  apiVersionsApi,
  type ApiVersionsRequest,
  type ApiVersionsResponse,
} from '../../../protocol/messages/api-versions.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const legalSoftwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
const supportedFeatures = [
  { name: 'group.version', minVersion: 0, maxVersion: 1 },
  { name: 'transaction.version', minVersion: 0, maxVersion: 2 },
];

/** ApiVersions (key 18): the version ranges of the release, and the finalized features. @internal */
export const apiVersions = handler(apiVersionsApi, handle, (_body, errorCode) => ({ errorCode }));

function handle(call: Call<ApiVersionsRequest>, answer: Answer<ApiVersionsResponse>): void {
  const { cluster, version, body } = call;
  const named = legalSoftwareName.test(body.clientSoftwareName) && legalSoftwareName.test(body.clientSoftwareVersion);
  if (version >= 3 && !named) {
    answer({ errorCode: code('INVALID_REQUEST') });
    return;
  }
  const features = Object.entries(cluster.settings.features).filter(([, level]) => level > 0);
  answer({
    errorCode: none,
    apiKeys: [...cluster.ranges].map(([apiKey, { min, max }]) => ({ apiKey, minVersion: min, maxVersion: max })),
    // v3 may not tell features that begin at level 0 (KIP-1022)
    supportedFeatures: version >= 4 && features.length > 0 ? supportedFeatures : [],
    finalizedFeaturesEpoch: features.length > 0 ? 1 : -1,
    finalizedFeatures: features.map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
  });
}
