import { type Api } from '../protocol/api.js';
import { type ApiVersionsResponse } from '../protocol/messages/api-versions.js';

const produceKey = 0;
/** Brokers since 4.0 list Produce from 0 for the sake of old librdkafka, and refuse 0 to 2 all the same. */
const firstProduceVersion = 3;

/** What one broker said it speaks (KIP-35), and the features its cluster has finalized (KIP-584). */
export class BrokerVersions {
  readonly finalizedFeaturesEpoch: number;
  readonly finalizedFeatures: ReadonlyMap<string, number>;
  readonly #ranges: ReadonlyMap<number, { readonly min: number; readonly max: number }>;

  constructor(response: ApiVersionsResponse) {
    this.#ranges = new Map(response.apiKeys.map((api) => [api.apiKey, { min: api.minVersion, max: api.maxVersion }]));
    this.finalizedFeaturesEpoch = response.finalizedFeaturesEpoch;
    this.finalizedFeatures = new Map(response.finalizedFeatures.map((f) => [f.name, f.maxVersionLevel]));
  }

  /** Highest version that both sides speak within the given bounds, -1 when there is none. */
  choose(api: Api<unknown, unknown>, maxVersion: number = api.maxVersion, minVersion: number = api.minVersion): number {
    const range = this.#ranges.get(api.key);
    if (range === undefined) return -1;
    const lowest = Math.max(range.min, api.minVersion, minVersion, api.key === produceKey ? firstProduceVersion : 0);
    const highest = Math.min(range.max, api.maxVersion, maxVersion);
    return highest < lowest ? -1 : highest;
  }
}
