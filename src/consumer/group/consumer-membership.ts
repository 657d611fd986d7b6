import { type Body, type CallOptions } from '../../cluster/channel-pool.js';
import { type Cluster } from '../../cluster/cluster.js';
import { GroupError } from '../../errors/client-errors.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type Runtime } from '../../model/runtime.js';
import { type Api } from '../../protocol/api.js';
import { consumerGroupHeartbeatApi } from '../../protocol/messages/consumer-group-heartbeat.js';
import { backoffMs } from '../../runtime/backoff.js';
import { hop, Timer } from '../../runtime/timer.js';
import { type ConsumerMemberEffect, type ConsumerMemberEvent } from './consumer-events.js';
import { type ConsumerGroupOptions, heartbeatTimeoutMs } from './consumer-group-options.js';
import { type ConsumerMemberPhase } from './consumer-member-state.js';
import { ConsumerReducer } from './consumer-reducer.js';
import { EventPump } from './event-pump.js';
import { GroupLink, isTransport } from './group-link.js';
import { type GroupPort } from './group-port.js';
import { type MembershipHost } from './membership-host.js';
import { TopicNames } from './topic-names.js';

type Effect<D extends ConsumerMemberEffect['do']> = Extract<ConsumerMemberEffect, { do: D }>;

/**
 * A member of a group of the new protocol (KIP-848): the broker assigns, and heartbeats carry everything between the two. The
 * reducer decides, this class does.
 */
export class ConsumerMembership implements GroupPort {
  readonly runtime: Runtime;
  readonly backoff: GroupPort['backoff'];
  readonly memberEpochs: boolean = true;
  readonly #options: ConsumerGroupOptions;
  readonly #host: MembershipHost;
  readonly #cluster: Cluster;
  readonly #link: GroupLink;
  readonly #reducer: ConsumerReducer;
  readonly #pump: EventPump<ConsumerMemberEvent>;
  readonly #names: TopicNames;
  readonly #heartbeat: Timer;
  readonly #silence: Timer;
  readonly #leaveLimit: Timer;
  readonly #listeners: Set<() => void> = new Set<() => void>();
  readonly #whenLeft: (() => void)[] = [];
  #announced = false;
  #hostState = '';
  #releaseTopics: Cancel | null = null;
  #cancelHeartbeat: Cancel | null = null;
  #cancelLeave: Cancel | null = null;

  constructor(cluster: Cluster, options: ConsumerGroupOptions, host: MembershipHost) {
    this.runtime = cluster.runtime;
    const { retryBackoffMs, retryBackoffMaxMs } = cluster.options;
    this.backoff = { initialMs: retryBackoffMs, maxMs: retryBackoffMaxMs };
    this.#cluster = cluster;
    this.#options = options;
    this.#host = host;
    this.#link = new GroupLink(cluster, options.groupId);
    this.#reducer = new ConsumerReducer(options);
    this.#pump = new EventPump(cluster.runtime, (event) => {
      for (const effect of this.#reducer.reduce(event, this.runtime.now()))
        if (!this.#pump.closed) this.#perform(effect);
    });
    this.#names = new TopicNames(cluster, (names) => {
      this.#pump.now({ type: 'named', names });
    });
    this.#heartbeat = new Timer(cluster.runtime, () => {
      this.#pump.now({ type: 'beatDue' });
    });
    this.#silence = new Timer(cluster.runtime, () => {
      this.#pump.now({ type: 'silence' });
    });
    this.#leaveLimit = new Timer(cluster.runtime, () => {
      this.#left();
    });
  }

  get state(): ConsumerMemberPhase {
    return this.#reducer.state.phase;
  }

  /**
   * Joins; a later call replaces the subscription.
   * @param pattern - RE2J over the whole name, evaluated by the broker; null for none
   */
  subscribe(topics: readonly string[], pattern: string | null = null): void {
    this.#pump.command({ type: 'subscribe', topics, pattern });
  }

  /** Heartbeats and commits go on, assignments are not acted on any more: the consumer drains to leave. */
  stopRebalancing(): void {
    this.#pump.command({ type: 'stopRebalancing' });
  }

  /** No progress within `maxPollIntervalMs`: everything is lost, a dynamic member leaves, a static one stops its heartbeats. */
  expire(): void {
    this.#pump.command({ type: 'expire' });
  }

  /** Brings back what {@link expire} took out of the group. */
  progress(): void {
    this.#pump.command({ type: 'progress' });
  }

  /** After the drain. A static member says that it will come back unless `leaveGroup: true`. Bounded. */
  leave(options: { readonly leaveGroup: boolean | undefined }, done: () => void): void {
    this.#whenLeft.push(done);
    if (this.#whenLeft.length === 1) this.#pump.command({ type: 'leave', leaveGroup: options.leaveGroup });
  }

  /** Gives the connections up at once and calls nobody afterwards. */
  close(): void {
    if (this.#pump.closed) return;
    this.#pump.close();
    for (const effect of this.#reducer.reduce({ type: 'close' }, this.runtime.now())) this.#perform(effect);
    this.#listeners.clear();
    this.#whenLeft.length = 0;
    this.#cancelLeave?.();
    this.#leaveLimit.clear();
    this.#release();
  }

  identity(): GroupMetadata {
    const { groupId, groupInstanceId } = this.#options;
    const { epoch, memberId } = this.#reducer.state;
    if (epoch <= 0) return { groupId, generation: -1, memberId: '', groupInstanceId };
    return { groupId, generation: epoch, memberId, groupInstanceId };
  }

  get commitReady(): boolean {
    return this.#reducer.state.epoch > 0;
  }

  onChange(listener: () => void): Cancel {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  groupCall<Req, Res>(api: Api<Req, Res>, body: Body<Req>, done: Done<Res>, options: CallOptions = {}): Cancel {
    const { requestTimeoutMs: timeoutMs } = this.#options;
    return this.#link.call('group', api, body, { timeoutMs, ...options }, (error, response) => {
      if (isTransport(error)) this.#pump.command({ type: 'coordinatorLost' });
      done(error, response);
    });
  }

  forgetCoordinator(): void {
    this.#link.forget();
    this.#pump.command({ type: 'coordinatorLost' });
  }

  refused(errorCode: number, identity: GroupMetadata): void {
    this.#pump.command({ type: 'refused', errorCode, as: identity });
  }

  #perform(effect: ConsumerMemberEffect): void {
    switch (effect.do) {
      case 'heartbeat':
        this.#beat(effect);
        break;
      case 'beatIn':
        this.#heartbeat.set(this.#beatInMs(effect.failures));
        break;
      case 'stopBeating':
        this.#stopBeating();
        break;
      case 'watchSilence':
        this.#silence.set(Math.max(0, effect.until - this.runtime.now()));
        break;
      case 'forgetCoordinator':
        this.#link.forget();
        break;
      case 'resolve':
        this.#names.want(effect.ids, this.#reducer.state.pattern !== null);
        break;
      case 'retain':
        this.#retain(effect.topics);
        break;
      case 'assigned':
        this.#host.assigned(effect.added, effect.all);
        break;
      case 'revoke': {
        const { drain } = effect;
        this.#host.revoke(effect.partitions, effect.deadline, () => {
          this.#pump.now({ type: 'drained', drain });
        });
        break;
      }
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
        this.#leave(effect.epoch);
        break;
      case 'changed':
        this.#announce();
        break;
    }
  }

  #beat({ beat, request }: Effect<'heartbeat'>): void {
    this.#heartbeat.clear();
    const { intervalMs, pattern, patternSaid } = this.#reducer.state;
    const sentAt = this.runtime.now();
    const timeoutMs = heartbeatTimeoutMs(this.#options, intervalMs);
    const minVersion = pattern !== null || patternSaid ? 1 : 0;
    this.#cancelHeartbeat = this.#link.call(
      'group',
      consumerGroupHeartbeatApi,
      request,
      { timeoutMs, minVersion },
      (error, value) => {
        this.#cancelHeartbeat = null;
        const answer =
          value === null
            ? { error: error ?? new GroupError('A heartbeat was answered with nothing'), value }
            : { error: null, value };
        const names = this.#names.known(value?.assignment?.topicPartitions.map(({ topicId }) => topicId) ?? []);
        this.#pump.now({ type: 'answered', beat, sentAt, answer, names });
      },
    );
  }

  #beatInMs(failures: number): number {
    const intervalMs = this.#reducer.state.intervalMs ?? 5000;
    if (failures === 0) return intervalMs;
    const { initialMs, maxMs } = this.backoff;
    return backoffMs(failures - 1, initialMs, maxMs, () => this.runtime.random());
  }

  #stopBeating(): void {
    this.#heartbeat.clear();
    this.#silence.clear();
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = null;
  }

  #leave(memberEpoch: -1 | -2 | null): void {
    this.#cancelLeave?.();
    const { groupId, groupInstanceId, requestTimeoutMs } = this.#options;
    const done = (): void => {
      this.#left();
    };
    if (memberEpoch === null) this.#cancelLeave = hop(this.runtime, done);
    else {
      const { memberId } = this.#reducer.state;
      const body = { groupId, memberId, memberEpoch, instanceId: groupInstanceId };
      // whatever the answer: the session ends by itself
      this.#cancelLeave = this.#link.call(
        'group',
        consumerGroupHeartbeatApi,
        body,
        { timeoutMs: requestTimeoutMs },
        done,
      );
    }
    this.#leaveLimit.set(requestTimeoutMs);
  }

  #left(): void {
    this.#cancelLeave?.();
    this.#cancelLeave = null;
    this.#leaveLimit.clear();
    if (this.#reducer.state.phase === 'leaving') {
      this.#release();
      this.#hostState = '';
    }
    this.#pump.now({ type: 'left' });
    for (const done of this.#whenLeft.splice(0)) done();
  }

  #release(): void {
    this.#names.close();
    this.#retain([]);
    this.#link.close();
  }

  #retain(topics: readonly string[]): void {
    const before = this.#releaseTopics;
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
}
