import { brokerProperties, type BrokerProperties, type BrokerPropertiesInit } from './broker-properties.js';
import { checkNames } from './option-names.js';
import { finalizedFeatures, releases } from './version-ranges.js';

/** What an embedded cluster is like, whatever carries its bytes. @public */
export interface ClusterOptions {
  /** How many brokers; their ids are 1, 2, 3 and so on. @defaultValue 3 */
  readonly brokers?: number | undefined;
  /** Release whose API versions the brokers list, `'0.11'` to `'4.3'`. @defaultValue '4.3' */
  readonly brokerVersion?: string | undefined;
  /** Finalized feature levels; those left out are as a new cluster of the release has them. */
  readonly features?: Readonly<Record<string, number>> | undefined;
  /** Kafka's own broker properties, for those that have an effect here. */
  readonly properties?: BrokerPropertiesInit | undefined;
  /** Milliseconds until the controller moves the leaders of a broker that was killed or cut off. @defaultValue 1000 */
  readonly failoverMs?: number | undefined;
  /** Milliseconds by which followers lag: a record is below the high watermark that much later. @defaultValue 0 */
  readonly replicationLagMs?: number | undefined;
  /** Rack of each broker: `rack<id>` when true. @defaultValue false */
  readonly racks?: boolean | undefined;
  /** Users and passwords of SASL PLAIN; without it no client authenticates. */
  readonly sasl?: { readonly plain: Readonly<Record<string, string>> } | undefined;
  /** As the brokers tell it. @defaultValue 'embedded-rx-kafka-0001' */
  readonly clusterId?: string | undefined;
}

/** @internal */
export interface ClusterSettings {
  readonly brokers: number;
  readonly brokerVersion: string;
  readonly features: Readonly<Record<string, number>>;
  readonly properties: BrokerProperties;
  readonly failoverMs: number;
  readonly replicationLagMs: number;
  readonly racks: boolean;
  readonly users: ReadonlyMap<string, string> | null;
  readonly clusterId: string;
}

const names: readonly (keyof ClusterOptions)[] = [
  'brokers',
  'brokerVersion',
  'features',
  'properties',
  'failoverMs',
  'replicationLagMs',
  'racks',
  'sasl',
  'clusterId',
];

/**
 * @param more - options of the way in which the cluster is started
 * @throws TypeError for an option that does not exist, or makes no sense
 * @internal
 */
export function clusterSettings<T extends ClusterOptions>(
  options: T,
  more: readonly Exclude<keyof T, keyof ClusterOptions>[] = [],
): ClusterSettings {
  checkNames('An embedded cluster', options, [...names, ...more.map(String)]);
  const brokers = options.brokers ?? 3;
  if (!Number.isInteger(brokers) || brokers < 1 || brokers > 100) {
    throw new TypeError(`An embedded cluster has 1 to 100 brokers, not ${brokers}`);
  }
  const brokerVersion = options.brokerVersion ?? '4.3';
  if (!releases.includes(brokerVersion)) {
    throw new TypeError(`brokerVersion is one of ${releases.join(', ')}, not ${brokerVersion}`);
  }
  return {
    brokers,
    brokerVersion,
    features: { ...finalizedFeatures(brokerVersion), ...options.features },
    properties: brokerProperties(options.properties),
    failoverMs: options.failoverMs ?? 1000,
    replicationLagMs: options.replicationLagMs ?? 0,
    racks: options.racks ?? false,
    users: options.sasl === undefined ? null : new Map(Object.entries(options.sasl.plain)),
    clusterId: options.clusterId ?? 'embedded-rx-kafka-0001',
  };
}
