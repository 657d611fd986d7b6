import { BrokerError, brokerErrorEntry } from '../../errors/broker-error.js';
import { type GroupOptions } from './group-options.js';

/**
 * What an error code of JoinGroup, SyncGroup, Heartbeat or a member's OffsetCommit asks of the member.
 * - wait: the same again after a pause. find: look the coordinator up first. again: join with the same id.
 * - stale: lost, join with the same id. unknown: lost, join as a new member.
 * - named: the broker handed out a member id (KIP-394). fatal: nothing helps.
 */
export type Verdict = 'ok' | 'wait' | 'find' | 'again' | 'stale' | 'unknown' | 'named' | 'fatal';

const verdicts: Readonly<Record<number, Verdict>> = {
  0: 'ok',
  7: 'wait',
  14: 'wait',
  15: 'find',
  16: 'find',
  22: 'stale',
  25: 'unknown',
  27: 'again',
  79: 'named',
  110: 'unknown',
  113: 'stale',
};

export function groupVerdict(errorCode: number): Verdict {
  return verdicts[errorCode] ?? (brokerErrorEntry(errorCode).retriable ? 'wait' : 'fatal');
}

/** What ends a member, in words that say what to change. */
export function groupError(
  errorCode: number,
  options: Pick<GroupOptions, 'groupId' | 'groupInstanceId' | 'assignors' | 'sessionTimeoutMs'>,
): BrokerError {
  return new BrokerError(errorCode, context(errorCode, options), { fatal: true, retriable: false });
}

function context(errorCode: number, options: Parameters<typeof groupError>[1]): string {
  const group = `Group ${JSON.stringify(options.groupId)}`;
  switch (errorCode) {
    case 23: {
      const names = options.assignors.map(({ name }) => name).join(', ');
      return `${group} has members with which no assignor of this one (${names}) is shared, or another protocol, configure a common one`;
    }
    case 26:
      return `${group} does not take a sessionTimeoutMs of ${options.sessionTimeoutMs}, choose one between the broker's group.min.session.timeout.ms and group.max.session.timeout.ms`;
    case 30:
      return `${group} may not be read by this principal, grant it READ on the group`;
    case 81:
      return `${group} is full (group.max.size of the broker)`;
    case 82:
      return `${group} has another consumer with groupInstanceId ${JSON.stringify(options.groupInstanceId)}, give each instance its own`;
    default:
      return group;
  }
}
