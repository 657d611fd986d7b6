import {
  type ApiVersionsRequest,
  type ApiVersionsResponse,
  apiVersionsApi,
} from '../protocol/messages/api-versions.js';
import { type Input } from '../protocol/api.js';

const unsupportedVersion = 35;
const clientSoftware: Input<ApiVersionsRequest> = Object.freeze({
  clientSoftwareName: 'rx-kafka',
  clientSoftwareVersion: '0.1.0',
});

/** The first request of every connection, ApiVersions (KIP-35, KIP-511): which version, and what an answer means. */
export class VersionExchange {
  /** Of the request that is to be sent, or was. */
  version: number = apiVersionsApi.maxVersion;

  get body(): Input<ApiVersionsRequest> {
    return this.version >= 3 ? clientSoftware : {};
  }

  /**
   * False: ask again, in the version that is set now. A broker that does not know ours answers error 35 with the range it
   * knows, in version 0.
   */
  accept(response: ApiVersionsResponse): boolean {
    if (response.errorCode !== unsupportedVersion || this.version === 0) return true;
    const listed = response.apiKeys.find(({ apiKey }) => apiKey === apiVersionsApi.key);
    this.version = Math.max(0, Math.min(listed?.maxVersion ?? 0, this.version - 1));
    return false;
  }
}
