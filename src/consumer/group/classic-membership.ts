import { type Body, type CallOptions } from '../../cluster/channel-pool.js';
import { type Cluster } from '../../cluster/cluster.js';
import { GroupError } from '../../errors/client-errors.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type Runtime } from '../../model/runtime.js';
import { type Api } from '../../protocol/api.js';
import { heartbeatApi } from '../../protocol/messages/heartbeat.js';
import { type JoinGroupResponse } from '../../protocol/messages/join-group.js';
import { backoffMs } from '../../runtime/backoff.js';
import { hop, Timer } from '../../runtime/timer.js';
import { GroupCalls } from './group-calls.js';
import { GroupLink } from './group-link.js';
import { type GroupOptions } from './group-options.js';
import { type GroupPort } from './group-port.js';
import { groupError } from './group-errors.js';
import { LeaderAssignment } from './leader-assignment.js';
import { type AskAssigned } from './left-over-partitions.js';
import { type Answer, type MembershipEffect, type MembershipEvent } from './membership-events.js';
import { MembershipReducer } from './membership-reducer.js';
import { type MembershipHost } from './membership-host.js';
import { type Phase } from './member-state.js';

/**
 * A member of a classic group (KIP-62): joins, keeps its session alive, tells the host what it holds. The reducer decides, this
 * class does: one event after the other, each with all its effects, so that nothing nests.
 */
export class ClassicMembership implements GroupPort {
  readonly runtime: Runtime;
  readonly backoff: GroupPort['backoff'];
  readonly #options: GroupOptions;
  readonly #host: MembershipHost;
  readonly #cluster: Cluster;
  readonly #link: GroupLink;
  readonly #calls: GroupCalls;
  readonly #reducer: MembershipReducer;
  readonly #leader: LeaderAssignment;
  readonly #retry: Timer;
  readonly #heartbeat: Timer;
  readonly #silence: Timer;
  readonly #leaveLimit: Timer;
  readonly #listeners: Set<() => void> = new Set<() => void>();
  readonly #whenLeft: (() => void)[] = [];
  readonly #events: MembershipEvent[] = [];
  #running = false;
  #closed = false;
  #cancelCommands: Cancel | null = null;
  #announced = false;
  #hostState = '';
  #retryRound = 0;
  #releaseTopics: Cancel | null = null;
  #retained = '';
  /** The JoinGroup or SyncGroup that is out. */
  #cancelRound: Cancel | null = null;
  #cancelHeartbeat: Cancel | null = null;
  #cancelLeave: Cancel | null = null;

  constructor(cluster: Cluster, options: GroupOptions, host: MembershipHost) {
    this.runtime = cluster.runtime;
    const { retryBackoffMs, retryBackoffMaxMs } = cluster.options;
    this.backoff = { initialMs: retryBackoffMs, maxMs: retryBackoffMaxMs };
    this.#cluster = cluster;
    this.#options = options;
    this.#host = host;
    this.#link = new GroupLink(cluster, options.groupId);
    this.#calls = new GroupCalls(this.#link, options);
    this.#reducer = new MembershipReducer(options);
    const ask: AskAssigned = (done) => this.#calls.assigned(done);
    this.#leader = new LeaderAssignment(cluster, ask, () => {
      this.#on({ type: 'partitionsChanged' });
    });
    this.#retry = new Timer(cluster.runtime, () => {
      this.#on({ type: 'retry', round: this.#retryRound });
    });
    this.#heartbeat = new Timer(cluster.runtime, () => {
      this.#beat();
    });
    this.#silence = new Timer(cluster.runtime, () => {
      this.#on({ type: 'silence' });
    });
    this.#leaveLimit = new Timer(cluster.runtime, () => {
      this.#left();
    });
  }

  get state(): Phase {
    return this.#reducer.state.phase;
  }

  /** Joins; the topics replace the earlier ones and make a joined member join again. */
  subscribe(topics: readonly string[]): void {
    this.#command({ type: 'subscribe', topics });
  }

  /** Joins again as soon as nothing else goes on. */
  rejoin(reason: string): void {
    this.#command({ type: 'rejoin', reason });
  }

  /** Heartbeats and commits go on, rebalances are not taken part in any more: the consumer drains to leave. */
  stopRebalancing(): void {
    this.#command({ type: 'stopRebalancing' });
  }

  /**
   * No progress within `maxPollIntervalMs`: everything is lost, a dynamic member leaves, a static one only stops its
   * heartbeats.
   */
  expire(): void {
    this.#command({ type: 'expire' });
  }

  /** Brings back what {@link expire} took out of the group. */
  progress(): void {
    this.#command({ type: 'progress' });
  }

  /** After the drain: LeaveGroup unless static (or `leaveGroup: true`). Bounded; afterwards `subscribe` may join again. */
  leave(options: { readonly leaveGroup: boolean | undefined }, done: () => void): void {
    this.#whenLeft.push(done);
    if (this.#whenLeft.length === 1) this.#command({ type: 'leave', leaveGroup: options.leaveGroup });
  }

  /** Gives the connections up at once and calls nobody afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.length = 0;
    this.#cancelCommands?.();
    for (const effect of this.#reducer.reduce({ type: 'close' }, this.runtime.now())) this.#perform(effect);
    this.#listeners.clear();
    this.#whenLeft.length = 0;
    this.#cancelLeave?.();
    this.#leaveLimit.clear();
    this.#release();
  }

  identity(): GroupMetadata {
    const { groupId, groupInstanceId } = this.#options;
    const { generation, memberId } = this.#reducer.state;
    return { groupId, generation, memberId: generation < 0 ? '' : memberId, groupInstanceId };
  }

  get commitReady(): boolean {
    const { phase, generation } = this.#reducer.state;
    return generation >= 0 && phase !== 'computing' && phase !== 'syncing';
  }

  onChange(listener: () => void): Cancel {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  groupCall<Req, Res>(api: Api<Req, Res>, body: Body<Req>, done: Done<Res>, options: CallOptions = {}): Cancel {
    return this.#link.call('group', api, body, { timeoutMs: this.#options.requestTimeoutMs, ...options }, done);
  }

  forgetCoordinator(): void {
    this.#link.forget();
  }

  refused(errorCode: number, identity: GroupMetadata): void {
    this.#command({ type: 'commitRefused', errorCode, as: identity });
  }

  /** From outside: acted on in a turn of its own, so that the host is not called in the stack of a call of its own. */
  #command(event: MembershipEvent): void {
    if (this.#closed) return;
    this.#events.push(event);
    if (this.#running) return;
    this.#cancelCommands ??= hop(this.runtime, () => {
      this.#run();
    });
  }

  #on(event: MembershipEvent): void {
    if (this.#closed) return;
    this.#events.push(event);
    if (!this.#running) this.#run();
  }

  #run(): void {
    this.#cancelCommands?.();
    this.#cancelCommands = null;
    this.#running = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#reducer.reduce(next, this.runtime.now())) if (!this.#closed) this.#perform(effect);
      }
    } finally {
      this.#running = false;
    }
  }

  #perform(effect: MembershipEffect): void {
    switch (effect.do) {
      case 'join':
        this.#join(effect.round, effect.reason);
        break;
      case 'compute':
        this.#compute(effect.round, effect.response);
        break;
      case 'watch':
        this.#leader.watch(effect.response);
        break;
      case 'sync': {
        const { round } = effect;
        this.#cancelRound = this.#calls.sync(this.#reducer.state, effect.assignments, (answer) => {
          this.#cancelRound = null;
          this.#on({ type: 'synced', round, answer });
        });
        break;
      }
      case 'retry':
        this.#retryRound = effect.round;
        this.#retry.set(this.#pauseMs(effect.failures));
        break;
      case 'dropJoin':
        this.#dropJoin();
        break;
      case 'forgetCoordinator':
        this.#link.forget();
        break;
      case 'beat':
        this.#beatIn(effect.failures);
        break;
      case 'watchSilence':
        this.#silence.set(Math.max(0, effect.until - this.runtime.now()));
        break;
      case 'stopBeating':
        this.#stopBeating();
        break;
      case 'assigned':
        this.#host.assigned(effect.added, effect.all);
        break;
      case 'revoke':
        this.#revoke(effect);
        break;
      case 'lost':
        this.#host.lost(effect.partitions, effect.error);
        break;
      case 'state':
        if (this.#hostState !== effect.state) this.#host.state(effect.state);
        this.#hostState = effect.state;
        break;
      case 'failed':
        // first the reason: what is out on the connections ends with them, and would be taken for one
        this.#host.failed(effect.error);
        this.#release();
        break;
      case 'leave':
        this.#leave(effect.memberId, effect.reason);
        break;
      case 'changed':
        this.#announce();
        break;
    }
  }

  #join(round: number, reason: string): void {
    const { state } = this.#reducer;
    this.#leader.stop();
    this.#retainTopics(state.topics);
    const owned = state.generation < 0 ? [] : this.#host.held();
    this.#cancelRound = this.#calls.join(state, owned, reason, (answer) => {
      this.#cancelRound = null;
      this.#on({ type: 'joined', round, answer });
    });
  }

  #compute(round: number, response: JoinGroupResponse): void {
    const assignor = this.#options.assignors.find(({ name }) => name === response.protocolName);
    if (assignor === undefined) {
      this.#on({ type: 'computed', round, answer: { error: groupError(23, this.#options), value: null } });
      return;
    }
    this.#leader.run(response, assignor, (error, value) => {
      this.#on({ type: 'computed', round, answer: asAnswer(error, value) });
    });
  }

  #revoke({ drain, partitions, deadline }: Extract<MembershipEffect, { do: 'revoke' }>): void {
    this.#host.revoke(partitions, deadline, () => {
      this.#on({ type: 'drained', drain });
    });
  }

  /** Heartbeats keep their own time: neither a join nor a drain nor a slow pipeline is waited for. */
  #beatIn(failures: number): void {
    const { heartbeatIntervalMs } = this.#options;
    this.#heartbeat.set(
      failures === 0 ? heartbeatIntervalMs : Math.min(heartbeatIntervalMs, this.#pauseMs(failures - 1)),
    );
  }

  #beat(): void {
    this.#beatIn(0);
    if (this.#cancelHeartbeat !== null) return;
    const { heartbeatIntervalMs, sessionTimeoutMs, requestTimeoutMs } = this.#options;
    const as = this.identity();
    const sentAt = this.runtime.now();
    const { groupId, generation: generationId, memberId, groupInstanceId } = as;
    // a dead link has to be noticed while the session still stands
    const timeoutMs = Math.min(requestTimeoutMs, Math.max(heartbeatIntervalMs, Math.floor(sessionTimeoutMs / 3)));
    this.#cancelHeartbeat = this.groupCall(
      heartbeatApi,
      { groupId, generationId, memberId, groupInstanceId },
      (error, value) => {
        this.#cancelHeartbeat = null;
        this.#on({ type: 'heartbeat', as, sentAt, answer: asAnswer(error, value) });
      },
      { timeoutMs },
    );
  }

  #stopBeating(): void {
    this.#heartbeat.clear();
    this.#silence.clear();
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = null;
  }

  /** A JoinGroup that the coordinator holds would make the next one on that connection wait: the connection goes. */
  #dropJoin(): void {
    this.#leader.stop();
    this.#retry.clear();
    if (this.#cancelRound === null) return;
    this.#cancelRound();
    this.#cancelRound = null;
    this.#link.drop('join');
  }

  #leave(memberId: string | null, reason: string): void {
    // the leave of an expired member is on its way still
    if (memberId === null && this.#cancelLeave !== null) return;
    this.#cancelLeave?.();
    this.#cancelLeave =
      memberId === null
        ? hop(this.runtime, () => {
            this.#left();
          })
        : this.#calls.leave(memberId, reason, () => {
            this.#left();
          });
    this.#leaveLimit.set(Math.min(this.#options.requestTimeoutMs, this.#options.sessionTimeoutMs));
  }

  #left(): void {
    this.#cancelLeave?.();
    this.#cancelLeave = null;
    this.#leaveLimit.clear();
    if (this.#reducer.state.phase === 'leaving') {
      this.#release();
      this.#hostState = '';
    }
    this.#on({ type: 'left' });
    for (const done of this.#whenLeft.splice(0)) done();
  }

  #release(): void {
    this.#leader.stop();
    this.#retainTopics([]);
    this.#link.close();
  }

  #retainTopics(topics: readonly string[]): void {
    const names = topics.join(',');
    if (names === this.#retained) return;
    const before = this.#releaseTopics;
    this.#retained = names;
    this.#releaseTopics = topics.length === 0 ? null : this.#cluster.metadata.retain(topics);
    before?.();
  }

  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    hop(this.runtime, () => {
      this.#announced = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  #pauseMs(failures: number): number {
    return backoffMs(failures, this.backoff.initialMs, this.backoff.maxMs, () => this.runtime.random());
  }
}

function asAnswer<T>(error: KafkaError | null, value: T | null): Answer<T> {
  if (value !== null) return { error: null, value };
  return { error: error ?? new GroupError('A call was answered with nothing'), value: null };
}
