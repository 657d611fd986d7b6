import { GroupError } from '../../errors/client-errors.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type JoinGroupResponse } from '../../protocol/messages/join-group.js';
import { groupError, groupVerdict, type Verdict } from './group-errors.js';
import { drainMs, type GroupOptions } from './group-options.js';
import { isTransport } from './group-link.js';
import { type Answer, type MembershipEffect, type MembershipEvent, type SentAs } from './membership-events.js';
import { MemberState } from './member-state.js';
import { applyAssignment, finishDrain, giveUpAll, giveUpTopics, loseAll } from './partition-moves.js';
import { consumerProtocolType } from './subscription-codec.js';

type Event<T extends MembershipEvent['type']> = Extract<MembershipEvent, { type: T }>;

/**
 * The rules of a classic member (KIP-62, 345, 394, 429, 814): from (state, event, time) to the next state and what is to be done.
 * Does nothing itself.
 *
 * Race that shapes it: JoinGroup and Heartbeat travel on two connections, so a heartbeat can be told that the generation ended
 * (22) or that it is over for the member (25) before the JoinGroup that caused it is answered. While a join is out, its own
 * answer decides.
 */
export class MembershipReducer {
  readonly state: MemberState = new MemberState();
  readonly #options: GroupOptions;
  /** Every assignor must be able to work cooperatively, else the group is eager for this member. */
  readonly #cooperative: boolean;
  #now = 0;
  #effects: MembershipEffect[] = [];

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#cooperative = options.assignors.every(({ protocol }) => protocol === 'cooperative');
  }

  reduce(event: MembershipEvent, now: number): readonly MembershipEffect[] {
    this.#now = now;
    this.#effects = [];
    const { phase } = this.state;
    if (phase !== 'closed' && (phase !== 'failed' || event.type === 'close' || event.type === 'leave')) this.#on(event);
    return this.#effects;
  }

  #on(event: MembershipEvent): void {
    const { state } = this;
    switch (event.type) {
      case 'subscribe':
        this.#subscribe(event.topics);
        break;
      case 'rejoin':
        this.#rejoin(event.reason);
        break;
      case 'retry':
        if (state.phase === 'waiting' && event.round === state.round) this.#join();
        break;
      case 'joined':
        if (state.phase === 'joining' && event.round === state.round) this.#joined(event.answer);
        break;
      case 'computed':
        if (state.phase === 'computing' && event.round === state.round) this.#computed(event);
        break;
      case 'synced':
        if (state.phase === 'syncing' && event.round === state.round) this.#synced(event);
        break;
      case 'heartbeat':
        this.#heartbeat(event);
        break;
      case 'silence':
        this.#silence();
        break;
      case 'drained':
        this.#drained(event.drain);
        break;
      case 'commitRefused':
        if (this.#isCurrent(event.as)) this.#told(event.errorCode);
        break;
      case 'partitionsChanged':
        if (state.phase === 'stable' || state.phase === 'syncing')
          this.#rejoin('partitions of subscribed topics changed');
        break;
      case 'stopRebalancing':
        state.frozen = true;
        break;
      case 'expire':
        if (state.phase !== 'idle' && state.phase !== 'leaving' && state.phase !== 'failed') this.#expire();
        break;
      case 'progress':
        if (state.phase === 'expired') this.#begin('makes progress again');
        break;
      case 'leave':
        this.#leave(event.leaveGroup);
        break;
      case 'left':
        this.#left();
        break;
      case 'close':
        state.reset();
        state.phase = 'closed';
        this.#do({ do: 'stopBeating' }, { do: 'dropJoin' });
        break;
    }
  }

  #subscribe(topics: readonly string[]): void {
    const { state } = this;
    state.topics = [...new Set(topics)].sort();
    if (!state.frozen) giveUpTopics(state, this.#deadline(), this.#effects);
    if (state.phase === 'idle') this.#begin('joins');
    else if (!sameTopics(state.topics, state.joinedTopics)) this.#rejoin('subscription changed');
  }

  /** Now if nothing else goes on, else after that; a round that is only about to begin takes the news along. */
  #rejoin(reason: string): void {
    const { state } = this;
    if (state.phase === 'stable') this.#begin(reason);
    else if (state.phase === 'joining' || state.phase === 'computing' || state.phase === 'syncing')
      state.again = reason;
  }

  #begin(reason: string): void {
    const { state } = this;
    if (state.frozen) return;
    state.reason = reason;
    this.#do({ do: 'state', state: state.generation < 0 ? 'joining' : 'rebalancing' });
    if (!this.#cooperative && giveUpAll(state, this.#deadline(), this.#effects)) state.phase = 'draining';
    else this.#join();
  }

  #join(): void {
    const { state } = this;
    state.round++;
    state.again = null;
    if (state.frozen && state.generation < 0) {
      state.phase = 'waiting';
      return;
    }
    state.phase = 'joining';
    state.joinedTopics = state.topics;
    state.drainedSinceJoin.clear();
    this.#do({ do: 'changed' }, { do: 'join', round: state.round, reason: state.reason });
  }

  #joined({ error, value }: Answer<JoinGroupResponse>): void {
    const { state } = this;
    if (value === null) {
      this.#noAnswer(error);
      return;
    }
    const verdict = groupVerdict(value.errorCode);
    if (verdict === 'named') {
      state.memberId = value.memberId;
      this.#join();
      return;
    }
    if (verdict !== 'ok') {
      this.#refusedRound(value.errorCode);
      return;
    }
    if ((value.protocolType ?? consumerProtocolType) !== consumerProtocolType) {
      this.#fail(groupError(23, this.#options));
      return;
    }
    this.#loseIfPassedBy(value.generationId);
    state.memberId = value.memberId;
    state.generation = value.generationId;
    state.heartbeatFailures = 0;
    this.#heard(this.#now);
    this.#do({ do: 'changed' }, { do: 'beat', failures: 0 });
    const leads = value.leader === value.memberId;
    if (leads && !value.skipAssignment) {
      state.phase = 'computing';
      this.#do({ do: 'compute', round: state.round, response: value });
    } else {
      state.phase = 'syncing';
      // a static leader that came back keeps the group's assignment, and still has to notice new partitions (KIP-814)
      if (leads) this.#do({ do: 'watch', response: value });
      this.#do({ do: 'sync', round: state.round, assignments: new Map() });
    }
  }

  /**
   * A static member stays in the group while it is away, and a generation that begins without it may give its partitions to others: its
   * leader knows only what the member held when it last joined. It learns of that by a heartbeat (22), unless a join is out by then, and
   * that join brings it into the generation behind that one. One generation more is its own; a join whose answer was lost counts as one
   * that passed by, to be on the safe side. A dynamic member would have been removed.
   */
  #loseIfPassedBy(next: number): void {
    const { state } = this;
    if (this.#options.groupInstanceId === null || state.generation < 0 || next <= state.generation + 1) return;
    const text = `The group went on to generation ${next - 1} without this static member, whose last one was ${state.generation}`;
    loseAll(state, new GroupError(text, { retriable: true }), this.#effects);
  }

  #computed({ round, answer }: Event<'computed'>): void {
    if (answer.value === null) {
      this.#fail(answer.error);
      return;
    }
    this.state.phase = 'syncing';
    this.#do({ do: 'sync', round, assignments: answer.value });
  }

  #synced({ answer }: Event<'synced'>): void {
    const { state } = this;
    if (answer.value === null) {
      this.#noAnswer(answer.error);
      return;
    }
    if (groupVerdict(answer.value.errorCode) !== 'ok') {
      this.#refusedRound(answer.value.errorCode);
      return;
    }
    state.phase = 'stable';
    state.failures = 0;
    applyAssignment(state, answer.value.assignment, this.#deadline(), this.#effects);
    this.#do({ do: 'changed' }, { do: 'state', state: 'stable' });
    if (!sameTopics(state.topics, state.joinedTopics)) state.again ??= 'subscription changed';
    if (state.again !== null) this.#begin(state.again);
  }

  /** JoinGroup or SyncGroup was answered with an error. */
  #refusedRound(errorCode: number): void {
    const verdict = groupVerdict(errorCode);
    if (verdict === 'find') this.#do({ do: 'forgetCoordinator' });
    if (verdict === 'wait' || verdict === 'find') this.#pause();
    else if (verdict === 'again') this.#again();
    else if (verdict === 'stale' || verdict === 'unknown') this.#lose(verdict, groupError(errorCode, this.#options));
    else this.#fail(groupError(errorCode, this.#options));
  }

  #noAnswer(error: KafkaError): void {
    if (isTransport(error) || error.retriable) this.#pause();
    else this.#fail(error);
  }

  #heartbeat({ as, sentAt, answer }: Event<'heartbeat'>): void {
    const { state } = this;
    if (!this.#isCurrent(as)) return;
    if (answer.value === null) {
      if (!isTransport(answer.error) && !answer.error.retriable) this.#fail(answer.error);
      else this.#heartbeatFailed(true);
      return;
    }
    const { errorCode } = answer.value;
    const verdict = groupVerdict(errorCode);
    if (verdict === 'wait' || verdict === 'find') {
      this.#heartbeatFailed(verdict === 'find');
      return;
    }
    if (state.heartbeatFailures > 0) this.#do({ do: 'beat', failures: 0 });
    state.heartbeatFailures = 0;
    this.#heard(sentAt);
    this.#told(errorCode);
  }

  /**
   * The coordinator may be gone or be another one now. A join that hangs there would hang until its deadline, which is longer
   * than the session, so it is sent again to whoever is found.
   */
  #heartbeatFailed(lookAgain: boolean): void {
    const { state } = this;
    state.heartbeatFailures++;
    if (lookAgain) this.#do({ do: 'forgetCoordinator' });
    this.#do({ do: 'beat', failures: state.heartbeatFailures });
    if (lookAgain && (state.phase === 'joining' || state.phase === 'syncing')) this.#pause();
  }

  /** What a heartbeat or a commit under the present identity was told about it. */
  #told(errorCode: number): void {
    const { state } = this;
    switch (groupVerdict(errorCode)) {
      case 'again':
        if (state.phase === 'computing') this.#again();
        else if (state.phase === 'stable') this.#rejoin('group is rebalancing');
        break;
      case 'stale':
      case 'unknown':
        if (state.phase !== 'joining') this.#lose(groupVerdict(errorCode), groupError(errorCode, this.#options));
        break;
      case 'fatal':
        this.#fail(groupError(errorCode, this.#options));
        break;
      default:
        break;
    }
  }

  /** The session is judged here too: behind a dead link nobody else tells us that our partitions were given away. */
  #silence(): void {
    const { state } = this;
    if (state.generation < 0 || state.phase === 'leaving') return;
    const left = state.heardAt + this.#options.sessionTimeoutMs - this.#now;
    if (left > 0) {
      this.#do({ do: 'watchSilence', until: this.#now + left });
      return;
    }
    const text = `No heartbeat of this member was answered for ${this.#options.sessionTimeoutMs} ms, it counts as expelled`;
    this.#do({ do: 'forgetCoordinator' });
    this.#lose('stale', new GroupError(text, { retriable: true }));
  }

  #drained(id: number): void {
    const { state } = this;
    const partitions = state.draining.get(id);
    if (partitions === undefined) return; // lost meanwhile
    state.draining.delete(id);
    const gone = finishDrain(state, partitions, this.#effects);
    if (state.phase === 'draining') {
      if (!state.frozen && state.draining.size === 0) this.#join();
    } else if (gone && state.phase === 'stable') this.#rejoin('gave partitions up');
    // while a round is under way, its result decides whether another one is needed
  }

  #lose(verdict: Verdict, error: KafkaError): void {
    const { state } = this;
    if (verdict === 'unknown') state.memberId = '';
    loseAll(state, error, this.#effects);
    this.#do({ do: 'stopBeating' }, { do: 'dropJoin' });
    if (!state.frozen) this.#do({ do: 'state', state: 'joining' });
    this.#again();
  }

  /** At once the first time, with a growing pause when it goes on. */
  #again(): void {
    if (this.state.failures > 0) this.#pause();
    else {
      this.state.failures = 1;
      this.#join();
    }
  }

  #pause(): void {
    const { state } = this;
    state.phase = 'waiting';
    state.round++;
    this.#do({ do: 'dropJoin' }, { do: 'retry', round: state.round, failures: state.failures });
    state.failures++;
  }

  #expire(): void {
    const { state } = this;
    const { memberId } = state;
    const isStatic = this.#options.groupInstanceId !== null;
    loseAll(state, null, this.#effects);
    state.round++;
    state.phase = 'expired';
    if (!isStatic) state.memberId = '';
    this.#do({ do: 'stopBeating' }, { do: 'dropJoin' });
    if (!isStatic && memberId !== '') this.#do({ do: 'leave', memberId, reason: 'no progress' });
  }

  #leave(leaveGroup: boolean | undefined): void {
    const { state } = this;
    const leaves = leaveGroup ?? this.#options.groupInstanceId === null;
    const { memberId } = state;
    state.round++;
    state.phase = 'leaving';
    state.topics = [];
    this.#do({ do: 'stopBeating' }, { do: 'dropJoin' });
    this.#do({ do: 'leave', memberId: leaves && memberId !== '' ? memberId : null, reason: 'consumer closed' });
  }

  #left(): void {
    const { state } = this;
    if (state.phase !== 'leaving') return; // the answer to the leave of an expired member
    const { topics } = state;
    state.reset();
    this.#do({ do: 'changed' });
    if (topics.length > 0) this.#subscribe(topics);
  }

  #fail(error: KafkaError): void {
    const { state } = this;
    state.phase = 'failed';
    state.round++;
    this.#do({ do: 'stopBeating' }, { do: 'dropJoin' }, { do: 'failed', error });
  }

  #heard(at: number): void {
    this.state.heardAt = Math.max(this.state.heardAt, at);
    this.#do({ do: 'watchSilence', until: this.state.heardAt + this.#options.sessionTimeoutMs });
  }

  #isCurrent(as: SentAs): boolean {
    const { phase, generation, memberId } = this.state;
    return phase !== 'leaving' && generation >= 0 && as.generation === generation && as.memberId === memberId;
  }

  #deadline(): number {
    return this.#now + Math.max(0, drainMs(this.#options));
  }

  #do(...effects: readonly MembershipEffect[]): void {
    this.#effects.push(...effects);
  }
}

function sameTopics(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((topic, at) => topic === right[at]);
}
