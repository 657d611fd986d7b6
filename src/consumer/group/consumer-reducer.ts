import { GroupError } from '../../errors/client-errors.js';
import { UnsupportedVersionError } from '../../errors/protocol-error.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type ConsumerGroupHeartbeatResponse } from '../../protocol/messages/consumer-group-heartbeat.js';
import { consumerGroupError, heartbeatVerdict, unsupported, unsupportedPattern } from './consumer-errors.js';
import { type ConsumerMemberEffect, type ConsumerMemberEvent, type TopicNamesById } from './consumer-events.js';
import {
  type ConsumerGroupOptions,
  drainRefusal,
  longestDrainMs,
  silenceLimitMs,
  unreleasedLimitMs,
} from './consumer-group-options.js';
import { fieldsOf, heartbeatRequest } from './consumer-heartbeat.js';
import { ConsumerMemberState } from './consumer-member-state.js';
import { isTransport } from './group-link.js';

type Event<T extends ConsumerMemberEvent['type']> = Extract<ConsumerMemberEvent, { type: T }>;

/**
 * The rules of a member of a KIP-848 group: from (state, event, time) to the next state and what is to be done. Does nothing
 * itself.
 *
 * The coordinator takes a partition for given up when a heartbeat lists what is owned without it, and gives it to somebody
 * else in that instant. Hence what drains is listed as owned until its drain has ended, also in a heartbeat that repeats
 * everything because the one before got lost; and one heartbeat is out at a time, so that a list never overtakes a later one.
 */
export class ConsumerReducer {
  readonly state: ConsumerMemberState;
  readonly #options: ConsumerGroupOptions;
  #now = 0;
  #effects: ConsumerMemberEffect[] = [];

  constructor(options: ConsumerGroupOptions) {
    this.#options = options;
    this.state = new ConsumerMemberState(options.memberId);
  }

  reduce(event: ConsumerMemberEvent, now: number): readonly ConsumerMemberEffect[] {
    this.#now = now;
    this.#effects = [];
    const { phase } = this.state;
    if (phase !== 'closed' && (phase !== 'failed' || event.type === 'close' || event.type === 'leave')) this.#on(event);
    return this.#effects;
  }

  #on(event: ConsumerMemberEvent): void {
    const { state } = this;
    switch (event.type) {
      case 'subscribe':
        this.#subscribe(event);
        break;
      case 'beatDue':
        if (state.phase === 'member' && state.epoch >= 0 && state.inFlight === null) this.#send();
        break;
      case 'answered':
        if (event.beat === state.beats && state.inFlight !== null) this.#answered(event);
        break;
      case 'named':
        if (state.phase === 'member' && state.epoch > 0) this.#named(event.names);
        break;
      case 'silence':
        this.#silence();
        break;
      case 'drained':
        this.#drained(event.drain);
        break;
      case 'refused':
        this.#refused(event);
        break;
      case 'coordinatorLost':
        state.full = true;
        break;
      case 'stopRebalancing':
        state.frozen = true;
        break;
      case 'expire':
        if (state.phase === 'member') this.#expire();
        break;
      case 'progress':
        if (state.phase === 'expired') this.#join();
        break;
      case 'leave':
        this.#leave(event.leaveGroup);
        break;
      case 'left':
        this.#left();
        break;
      case 'close':
        state.forgetMembership();
        state.phase = 'closed';
        this.#do({ do: 'stopBeating' }, { do: 'resolve', ids: [] });
        break;
    }
  }

  #subscribe({ topics, pattern }: Event<'subscribe'>): void {
    const { state } = this;
    state.topics = [...new Set(topics)].sort();
    state.pattern = pattern;
    if (state.phase === 'idle') this.#join();
    else if (state.phase === 'member') {
      this.#retain();
      this.#sendSoon();
    }
  }

  #join(): void {
    const { state } = this;
    if (state.frozen) return;
    state.phase = 'member';
    state.epoch = 0;
    this.#do({ do: 'state', state: 'joining' });
    this.#retain();
    this.#send();
  }

  #send(): void {
    const { state } = this;
    const fields = fieldsOf(state);
    const request = heartbeatRequest(this.#options, state, fields);
    state.inFlight = fields;
    state.full = false;
    state.due = false;
    state.known = true;
    state.patternSaid ||= state.pattern !== null;
    this.#do({ do: 'heartbeat', beat: ++state.beats, request });
  }

  /** At once, or right after the one that is out. While heartbeats fail, the next try is paced and says everything anyway. */
  #sendSoon(): void {
    const { state } = this;
    if (state.inFlight !== null) state.due = true;
    else if (state.failures === 0 && state.epoch >= 0) this.#send();
  }

  #answered({ sentAt, answer, names }: Event<'answered'>): void {
    const { state } = this;
    const fields = state.inFlight;
    state.inFlight = null;
    const { error, value } = answer;
    if (value === null) {
      if (isTransport(error) || error.retriable) this.#again(false);
      else this.#fail(this.#explained(error));
      return;
    }
    const verdict = heartbeatVerdict(value.errorCode, state.epoch <= 0);
    if (verdict === 'ok') {
      state.said = fields;
      this.#accepted(value, sentAt, names);
    } else if (verdict === 'wait' || verdict === 'find') this.#again(verdict === 'find');
    else if (verdict === 'lost') this.#lose(this.#errorOf(value));
    else if (verdict === 'taken' && !this.#waitedLongEnough()) this.#again(false);
    else this.#fail(this.#errorOf(value));
  }

  #accepted(value: ConsumerGroupHeartbeatResponse, sentAt: number, names: TopicNamesById): void {
    const { state } = this;
    state.failures = 0;
    state.takenSince = null;
    if (!this.#paced(value.heartbeatIntervalMs)) return;
    state.heardAt = Math.max(state.heardAt, sentAt);
    this.#do({ do: 'watchSilence', until: state.heardAt + silenceLimitMs(this.#intervalMs) });
    if (value.memberId !== null && value.memberId !== '') state.memberId = value.memberId;
    if (state.epoch !== value.memberEpoch) {
      state.epoch = value.memberEpoch;
      this.#do({ do: 'changed' });
    }
    // an answer to a heartbeat of before the drain ended confirms nothing
    if (state.said?.owned === fieldsOf(state).owned) state.shrunk = false;
    if (value.assignment !== null) {
      state.target = value.assignment.topicPartitions;
      for (const [id, name] of names) state.names.set(id, name);
      this.#reconcile();
    }
    this.#tellState();
    if (state.due || fieldsChanged(state)) this.#send();
    else this.#do({ do: 'beatIn', failures: 0 });
  }

  /** False when the drain timeout does not fit the first interval that the broker gives; later ones shorten drains. */
  #paced(intervalMs: number): boolean {
    const { state } = this;
    const first = state.intervalMs === null;
    if (intervalMs > 0) state.intervalMs = intervalMs;
    const refusal = first && intervalMs > 0 ? drainRefusal(this.#options, intervalMs) : null;
    if (refusal === null) return true;
    this.#fail(refusal);
    return false;
  }

  #named(names: TopicNamesById): void {
    const { state } = this;
    for (const [id, name] of names) state.names.set(id, name);
    this.#reconcile();
    this.#tellState();
    if (fieldsChanged(state)) this.#sendSoon();
  }

  /**
   * The target against what is held. A topic id without a name is waited for: its partitions are neither handed out nor listed
   * as owned, and the coordinator keeps them for this member.
   */
  #reconcile(): void {
    const { state } = this;
    if (state.frozen) return; // the host drains everything on its own account
    const { added, drain } = state.held.move(state.wanted());
    if (drain !== null) {
      const { id, partitions } = drain;
      this.#do({ do: 'revoke', drain: id, partitions, deadline: this.#deadline() });
    }
    this.#retain();
    if (added.length > 0 || !state.told) this.#do({ do: 'assigned', added, all: state.held.owned() });
    state.told = true;
    this.#resolve(state.nameless());
    state.pruneNames();
  }

  /** The heartbeat that lists the rest leaves at once: others wait for these partitions. */
  #drained(id: number): void {
    const { state } = this;
    const ended = state.held.drained(id);
    if (ended === null || state.phase !== 'member') return; // lost meanwhile, or said with leaving
    if (state.frozen) return;
    if (ended.back.length > 0) this.#do({ do: 'assigned', added: ended.back, all: state.held.owned() });
    this.#retain();
    if (ended.gone) {
      state.shrunk = true;
      this.#sendSoon();
    }
    this.#tellState();
  }

  /** A commit or a look-up of offsets under that identity was refused. */
  #refused({ errorCode, as }: Event<'refused'>): void {
    const { state } = this;
    if (state.phase !== 'member' || state.epoch <= 0) return;
    if (as.generation !== state.epoch || as.memberId !== state.memberId) return;
    // the epoch moved on in an answer that is still to come, or was lost with its connection: a heartbeat brings it
    if (errorCode === 113 || errorCode === 22 || errorCode === 27) this.#sendSoon();
    else {
      const verdict = heartbeatVerdict(errorCode, false);
      if (verdict === 'lost') this.#lose(consumerGroupError(errorCode, this.#options, null));
      else if (verdict === 'fatal') this.#fail(consumerGroupError(errorCode, this.#options, null));
    }
  }

  /** Behind a dead link nobody tells that our partitions were given away. */
  #silence(): void {
    const { state } = this;
    if (state.phase !== 'member' || state.epoch <= 0) return;
    const limit = silenceLimitMs(this.#intervalMs);
    const left = state.heardAt + limit - this.#now;
    if (left > 0) {
      this.#do({ do: 'watchSilence', until: this.#now + left });
      return;
    }
    this.#do({ do: 'forgetCoordinator' });
    const text = `No heartbeat of this member was answered for ${limit} ms, it counts as expelled`;
    this.#lose(new GroupError(text, { retriable: true }));
  }

  /** Nobody knows what the coordinator heard or answered: the next heartbeat says everything. */
  #again(find: boolean): void {
    const { state } = this;
    state.full = true;
    if (find) this.#do({ do: 'forgetCoordinator' });
    this.#do({ do: 'beatIn', failures: ++state.failures });
  }

  /** Joins again with the same id: at once the first time, with a growing pause when it goes on. */
  #lose(error: KafkaError): void {
    const { state } = this;
    this.#loseAll(error);
    if (state.frozen) return;
    state.epoch = 0;
    this.#do({ do: 'state', state: 'joining' });
    if (state.failures > 0) this.#do({ do: 'beatIn', failures: ++state.failures });
    else {
      state.failures = 1;
      this.#send();
    }
  }

  #loseAll(error: KafkaError | null): void {
    const partitions = this.state.forgetMembership();
    this.#do({ do: 'stopBeating' }, { do: 'resolve', ids: [] });
    this.state.unresolved = '';
    if (partitions.length > 0) this.#do({ do: 'lost', partitions, error });
    this.#do({ do: 'changed' });
  }

  /** A dynamic member leaves; a static one only falls silent, so that its name stays taken until its session ends. */
  #expire(): void {
    const { state } = this;
    this.#loseAll(null);
    state.phase = 'expired';
    state.failures = 0;
    if (this.#options.groupInstanceId !== null) return;
    state.known = false;
    this.#do({ do: 'leave', epoch: -1 });
  }

  #leave(leaveGroup: boolean | undefined): void {
    const { state } = this;
    const isStatic = this.#options.groupInstanceId !== null;
    const epoch = isStatic ? (leaveGroup === true ? -1 : -2) : leaveGroup === false ? null : -1;
    const known = state.known && state.phase !== 'failed';
    state.phase = 'leaving';
    state.topics = [];
    state.pattern = null;
    this.#do({ do: 'stopBeating' }, { do: 'resolve', ids: [] }, { do: 'leave', epoch: known ? epoch : null });
  }

  #left(): void {
    const { state } = this;
    if (state.phase !== 'leaving') return; // the answer to the leave of an expired member
    state.forgetMembership();
    state.phase = 'idle';
    state.failures = 0;
    state.frozen = false;
    state.known = false;
    state.unresolved = '';
    state.retained = '';
    state.patternSaid = false;
    this.#do({ do: 'changed' });
    // what was subscribed while the member left
    if (state.topics.length > 0 || state.pattern !== null) this.#join();
  }

  #fail(error: KafkaError): void {
    const { state } = this;
    state.phase = 'failed';
    state.inFlight = null;
    this.#do({ do: 'stopBeating' }, { do: 'resolve', ids: [] }, { do: 'failed', error });
  }

  #tellState(): void {
    const { state } = this;
    if (state.frozen || state.epoch <= 0) return;
    const moves = state.held.isDraining || state.shrunk || state.nameless().length > 0;
    this.#do({ do: 'state', state: moves ? 'rebalancing' : 'stable' });
  }

  #resolve(ids: readonly string[]): void {
    const key = ids.join();
    if (key === this.state.unresolved) return;
    this.state.unresolved = key;
    this.#do({ do: 'resolve', ids });
  }

  /** What is subscribed by name, and what is held or wanted through a pattern. */
  #retain(): void {
    const { state } = this;
    const held = [...state.held.all(), ...state.wanted().list()];
    const topics = [...new Set([...state.topics, ...held.map(({ topic }) => topic)])].sort();
    const key = topics.join();
    if (key === state.retained) return;
    state.retained = key;
    this.#do({ do: 'retain', topics });
  }

  #waitedLongEnough(): boolean {
    const { state } = this;
    state.takenSince ??= this.#now;
    return this.#now - state.takenSince >= unreleasedLimitMs;
  }

  #errorOf({ errorCode, errorMessage }: ConsumerGroupHeartbeatResponse): KafkaError {
    return consumerGroupError(errorCode, this.#options, errorMessage);
  }

  #explained(error: KafkaError): KafkaError {
    if (!(error instanceof UnsupportedVersionError)) return error;
    return this.state.pattern === null ? unsupported(error) : unsupportedPattern(error);
  }

  get #intervalMs(): number {
    return this.state.intervalMs ?? 5000;
  }

  #deadline(): number {
    return this.#now + Math.min(this.#options.drainTimeoutMs, longestDrainMs(this.#options, this.#intervalMs));
  }

  #do(...effects: readonly ConsumerMemberEffect[]): void {
    this.#effects.push(...effects);
  }
}

/** Whether the coordinator has not heard of the present subscription and possession. */
function fieldsChanged(state: ConsumerMemberState): boolean {
  const now = fieldsOf(state);
  const { said } = state;
  return said?.topics !== now.topics || said.pattern !== now.pattern || said.owned !== now.owned;
}
