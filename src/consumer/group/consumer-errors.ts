import { BrokerError, brokerErrorEntry } from '../../errors/broker-error.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { UnsupportedVersionError } from '../../errors/protocol-error.js';
import { type ConsumerGroupOptions } from './consumer-group-options.js';

/**
 * What an error code of ConsumerGroupHeartbeat asks of the member.
 * - wait: everything again after a pause. find: look the coordinator up first.
 * - lost: nothing is ours any more, join with epoch 0 and the same id.
 * - taken: another member has the instance id and may still leave. fatal: nothing helps.
 */
export type HeartbeatVerdict = 'ok' | 'wait' | 'find' | 'lost' | 'taken' | 'fatal';

const verdicts: Readonly<Record<number, HeartbeatVerdict>> = {
  0: 'ok',
  7: 'wait',
  14: 'wait',
  15: 'find',
  16: 'find',
  25: 'lost',
  110: 'lost',
  111: 'taken',
};

/** @param joining - a group that is not found is of the classic kind for who joins, and has ended for who is a member */
export function heartbeatVerdict(errorCode: number, joining: boolean): HeartbeatVerdict {
  if (errorCode === 69) return joining ? 'fatal' : 'lost';
  return verdicts[errorCode] ?? (brokerErrorEntry(errorCode).retriable ? 'wait' : 'fatal');
}

/** What ends a member, in words that say what to change. */
export function consumerGroupError(
  errorCode: number,
  options: ConsumerGroupOptions,
  detail: string | null,
): KafkaError {
  if (errorCode === 35) return unsupported(null);
  const said = detail === null || detail === '' ? '' : ` (broker: ${detail})`;
  const text = `${context(errorCode, options)}${said}`;
  return new BrokerError(errorCode, text, { fatal: true, retriable: false });
}

/** The broker has no KIP-848, or has it switched off. */
export function unsupported(cause: KafkaError | null): UnsupportedVersionError {
  return new UnsupportedVersionError(
    "groupProtocol 'consumer' (KIP-848) needs brokers of Kafka 4.0 or later with the feature group.version 1 (kafka-features.sh upgrade --feature group.version=1), use groupProtocol: 'classic' with this cluster",
    { cause: cause ?? undefined },
  );
}

/** As above, for a subscription by the broker's own regular expressions. */
export function unsupportedPattern(cause: KafkaError): UnsupportedVersionError {
  return new UnsupportedVersionError(
    "serverPattern needs brokers of Kafka 4.0 or later with the feature group.version 1, use pattern, which the client evaluates, or groupProtocol: 'classic' with this cluster",
    { cause },
  );
}

function context(errorCode: number, options: ConsumerGroupOptions): string {
  const group = `Group ${JSON.stringify(options.groupId)}`;
  const instance = JSON.stringify(options.groupInstanceId);
  switch (errorCode) {
    case 29:
      return `${group} subscribes to a topic that this principal may not describe, grant it DESCRIBE and READ`;
    case 30:
      return `${group} may not be read by this principal, grant it READ on the group`;
    case 69:
      return `${group} is a classic group that cannot be taken over by groupProtocol 'consumer', stop its members or set group.consumer.migration.policy of the broker to bidirectional`;
    case 81:
      return `${group} is full (group.consumer.max.size of the broker)`;
    case 82:
      return `${group} has another consumer with groupInstanceId ${instance}, give each instance its own`;
    case 111:
      return `${group} still has a consumer with groupInstanceId ${instance}, give each instance its own, or wait for its session to end`;
    case 112:
      return `${group} cannot be assigned by serverAssignor ${JSON.stringify(options.serverAssignor)}, choose one of group.consumer.assignors of the broker (uniform, range)`;
    case 128:
      return `${group} cannot subscribe by serverPattern, which has to be a regular expression of RE2J over the whole name`;
    default:
      return group;
  }
}
