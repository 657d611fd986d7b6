import { InvalidOptionError } from '../errors/usage-error.js';

/** The options that decide about the protocol of the group. */
export interface GroupProtocolOptions {
  readonly groupId: string | null;
  readonly groupProtocol: 'classic' | 'consumer';
  readonly serverAssignor: string | null;
  readonly serverPattern: string | null;
  readonly rebalanceTimeoutMs: number;
}

/** What the broker decides in a KIP-848 group, and what to use instead. */
const classicOnly: Readonly<Record<string, string>> = Object.freeze({
  assignors: 'choose an assignor of the broker with serverAssignor instead',
  sessionTimeoutMs: 'set group.consumer.session.timeout.ms of the broker, or consumer.session.timeout.ms of the group',
  heartbeatIntervalMs:
    'set group.consumer.heartbeat.interval.ms of the broker, or consumer.heartbeat.interval.ms of the group',
});

/**
 * @param input - the options as they were given, without defaults
 * @throws InvalidOptionError
 */
export function checkGroupProtocol(given: GroupProtocolOptions, input: object): void {
  const { groupId, groupProtocol, serverAssignor, serverPattern } = given;
  if (groupProtocol === 'classic') {
    refuse(
      'serverAssignor',
      serverAssignor,
      "needs groupProtocol: 'consumer', use assignors with the classic protocol",
    );
    refuse('serverPattern', serverPattern, "needs groupProtocol: 'consumer', or use pattern, a RegExp");
    return;
  }
  if (groupId === null) refuse('groupProtocol', groupProtocol, 'needs a groupId, set both or neither');
  for (const [name, instead] of Object.entries(classicOnly)) {
    const value = (input as Record<string, unknown>)[name];
    if (value !== undefined) refuse(name, value, `has no meaning with groupProtocol: 'consumer', ${instead}`);
  }
}

/**
 * The broker's heartbeat interval shortens the drain further; that is checked when it is known.
 * @throws InvalidOptionError
 */
export function checkConsumerTimes({ rebalanceTimeoutMs }: GroupProtocolOptions, drainTimeoutMs: number): void {
  const longest = rebalanceTimeoutMs - 2000;
  if (drainTimeoutMs < longest) return;
  const limit = `must be below rebalanceTimeoutMs - 2000 = ${longest} by the broker's heartbeat interval`;
  refuse(
    'drainTimeoutMs',
    drainTimeoutMs,
    `${limit}, got ${drainTimeoutMs}, or the group gives the partitions away during the drain`,
  );
}

function refuse(option: string, value: unknown, text: string): void {
  if (value !== null) throw new InvalidOptionError(option, value, `Option ${option} ${text}`);
}
