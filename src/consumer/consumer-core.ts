import { randomUuid } from '../bytes/uuid.js';
import { ClientClosedError, UsageError } from '../errors/usage-error.js';
import { type GroupMetadata } from '../model/commit.js';
import { type FlowState } from '../model/consumer.js';
import { type Cancel } from '../model/done.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import {
  type ConsumerCoreOptions,
  type ConsumerSurface,
  type ConsumerView,
  type DrainOutcome,
} from './consumer-ports.js';
import { ConsumerSession } from './consumer-session.js';
import { flowStateOf } from './flow-state.js';
import { type HeldPartition } from './held-partition.js';
import { checkReplaces, type Selection } from './selection.js';
import { type ConsumerHome, type SessionParts } from './session-parts.js';

/** idle: nobody subscribed. lingering: the subscriber left this very turn. leaving: draining towards idle or closed. */
type Phase = 'idle' | 'starting' | 'active' | 'lingering' | 'leaving' | 'closed';

const nothingDrained: DrainOutcome = { drained: 0, abandoned: 0, committed: [] };

/**
 * A consumer across its memberships: who is subscribed, and when to join and leave. One subscription at a time.
 *
 * Race: an unsubscribe is decided one hop later. `switchMap`, `retry` and `repeat` unsubscribe and subscribe again in one turn
 * and must keep the membership; a subscriber that really left leaves the group. A subscription that comes while the group is
 * being left waits until that has ended.
 *
 * What is selected is a state of its own, and membership follows it: each session is one kind of selection, from nothing selected
 * to nothing selected. `select` only notes what is wanted and stops the delivery of the rest; one hop later `#follow` compares
 * and takes one step, and takes the next one when that has ended. So selections of one turn count as one, and one that comes
 * while partitions are still given up waits for that.
 */
export class ConsumerCore {
  readonly cluster: ConsumerHome;
  readonly options: ConsumerCoreOptions;
  readonly #parts: SessionParts;
  readonly #surface: ConsumerSurface;
  readonly #pausedByUser: Map<string, Set<number>> = new Map<string, Set<number>>();
  #selection: Selection | null;
  #cancelFollow: Cancel | null = null;
  /** The session is being shut down, because nothing of its kind is selected or because the subscription ends. */
  #ending = false;
  #phase: Phase = 'idle';
  #session: ConsumerSession | null = null;
  #view: ConsumerView | null = null;
  #waiting: ConsumerView | null = null;
  #cancelHop: Cancel = () => undefined;
  #epochs = 0;
  #memberId: string | null = null;
  #releaseProcess: (() => void) | null = null;
  readonly #whenLeft: ((outcome: DrainOutcome) => void)[] = [];

  constructor(cluster: ConsumerHome, parts: SessionParts, options: ConsumerCoreOptions, surface: ConsumerSurface) {
    this.cluster = cluster;
    this.#parts = parts;
    this.options = options;
    this.#selection = options.selection;
    this.#surface = surface;
  }

  get session(): ConsumerSession | null {
    return this.#session;
  }
  get closed(): boolean {
    return this.#phase === 'closed';
  }

  get selection(): Selection | null {
    return this.#selection;
  }

  /**
   * Replaces what is read, or reads nothing until the next selection. Of what is not selected nothing is delivered from here on.
   * @throws ClientClosedError
   * @throws InvalidOptionError when it is of another kind than the one before
   */
  select(selection: Selection | null): void {
    if (this.#phase === 'closed') throw new ClientClosedError('The consumer is closed, create a new one');
    checkReplaces(this.#selection, selection);
    this.#selection = selection;
    this.#session?.narrow();
    this.#cancelFollow ??= hop(this.cluster.runtime, () => {
      this.#cancelFollow = null;
      this.#follow();
    });
  }

  /** Joins, or takes over the membership of a subscriber that left in this turn. Nothing is called in this stack. */
  subscribe(view: ConsumerView): void {
    if (this.#phase === 'closed') {
      this.#refuse(view, new ClientClosedError('The consumer is closed, create a new one'));
    } else if (this.#phase === 'leaving' && this.#waiting === null) {
      this.#waiting = view;
    } else if (this.#phase === 'idle' || this.#phase === 'lingering') {
      this.#take(view);
    } else {
      this.#refuse(
        view,
        new UsageError('This consumer has a subscription already, give every arm each record with fanOut(...) instead'),
      );
    }
  }

  unsubscribe(view: ConsumerView): void {
    if (this.#waiting === view) this.#waiting = null;
    if (this.#view !== view) return;
    this.#view = null;
    this.#cancelHop();
    if (this.#phase === 'starting') {
      this.#phase = 'idle';
      this.#hold(false);
      return;
    }
    this.#session?.setView(null);
    if (this.#phase !== 'active') return;
    this.#phase = 'lingering';
    this.#cancelHop = hop(this.cluster.runtime, () => {
      this.#leave(this.options.drainTimeoutMs, undefined);
    });
  }

  /** Ends the subscription after everything delivered has settled, or the time is over. Legal in every phase. */
  drain(timeoutMs: number, leaveGroup: boolean | undefined, done: (outcome: DrainOutcome) => void): void {
    if (this.#phase === 'idle' || this.#phase === 'closed') {
      hop(this.cluster.runtime, () => {
        done(nothingDrained);
      });
      return;
    }
    this.#whenLeft.push(done);
    if (this.#phase === 'leaving') {
      this.#session?.shutdown(this.cluster.runtime.now() + timeoutMs, leaveGroup, () => undefined);
      return;
    }
    this.#cancelHop();
    this.#leave(timeoutMs, leaveGroup);
  }

  /** Drains and refuses everything afterwards. */
  close(timeoutMs: number, leaveGroup: boolean | undefined, done: () => void): void {
    this.#waiting = null;
    this.drain(timeoutMs, leaveGroup, () => {
      if (this.#phase !== 'closed') {
        this.#phase = 'closed';
        this.#surface.state('closed');
      }
      done();
    });
  }

  pause(partitions: readonly TopicPartition[] | undefined): void {
    for (const tp of partitions ?? this.#session?.partitions.all() ?? []) {
      let paused = this.#pausedByUser.get(tp.topic);
      if (paused === undefined) this.#pausedByUser.set(tp.topic, (paused = new Set<number>()));
      paused.add(tp.partition);
      this.#session?.partitions.get(tp)?.cursor.pause('user');
    }
  }

  resume(partitions: readonly TopicPartition[] | undefined): void {
    for (const tp of partitions ?? this.paused) {
      const paused = this.#pausedByUser.get(tp.topic);
      paused?.delete(tp.partition);
      if (paused?.size === 0) this.#pausedByUser.delete(tp.topic);
      this.#session?.partitions.get(tp)?.cursor.resume('user');
    }
  }

  get paused(): readonly TopicPartition[] {
    return [...this.#pausedByUser].flatMap(([topic, set]) => [...set].map((partition) => ({ topic, partition })));
  }

  isPaused(tp: TopicPartition): boolean {
    return this.#pausedByUser.get(tp.topic)?.has(tp.partition) === true;
  }

  /** @throws UsageError when the partition is not assigned now. */
  held(tp: TopicPartition): HeldPartition {
    const held = this.#session?.partitions.get(tp);
    if (held !== undefined) return held;
    throw new UsageError(`Partition ${tp.partition} of ${tp.topic} is not assigned to this consumer`, {
      topic: tp.topic,
      partition: tp.partition,
    });
  }

  why(tp: TopicPartition): FlowState {
    return flowStateOf(this.#session?.partitions.get(tp), this.#session, this.cluster.runtime.now());
  }

  groupMetadata(): GroupMetadata {
    const { groupId, groupInstanceId } = this.options;
    if (groupId === null) throw new UsageError('A consumer without groupId has no group metadata, give it a groupId');
    return this.#session?.groupMetadata() ?? { groupId, generation: -1, memberId: '', groupInstanceId };
  }

  #take(view: ConsumerView): void {
    const keeps = this.#phase === 'lingering';
    this.#cancelHop();
    this.#view = view;
    this.#phase = 'starting';
    this.#hold(true);
    this.#cancelHop = hop(this.cluster.runtime, () => {
      this.#phase = 'active';
      if (keeps) this.#session?.setView(view);
      this.#follow();
    });
    // an unsubscribe before that hop has to leave a membership that exists
    if (keeps) this.#phase = 'active';
  }

  /** One step from the session there is to the selection there is. */
  #follow(): void {
    if (this.#phase !== 'active' || this.#ending) return;
    const selection = this.#selection;
    const session = this.#session;
    if (session === null) {
      if (selection !== null && this.#view !== null) this.#join(selection, this.#view);
    } else if (session.kind === selection?.kind) session.select(selection);
    else {
      this.#surface.state('draining');
      this.#end(session, this.options.drainTimeoutMs, undefined);
    }
  }

  #join(selection: Selection, view: ConsumerView): void {
    const session = new ConsumerSession(
      {
        cluster: this.cluster,
        parts: this.#parts,
        options: this.options,
        surface: this.#surface,
        memberId: () => (this.#memberId ??= randomUuid(() => this.cluster.runtime.random())),
        nextEpoch: () => ++this.#epochs,
        isPaused: (tp) => this.isPaused(tp),
        selection: () => this.#selection,
        failed: (error) => {
          hop(this.cluster.runtime, () => {
            this.#failed(session, error);
          });
        },
      },
      selection,
      view,
    );
    this.#session = session;
    this.#surface.state('joining');
    session.start();
  }

  #leave(timeoutMs: number, leaveGroup: boolean | undefined): void {
    const session = this.#session;
    this.#phase = 'leaving';
    this.#surface.state('draining');
    if (session !== null) this.#end(session, timeoutMs, leaveGroup);
    else {
      hop(this.cluster.runtime, () => {
        this.#left(nothingDrained);
      });
    }
  }

  /** Drained and left: on to the next selection, or to the end of the subscription, whichever is wanted by then. */
  #end(session: ConsumerSession, timeoutMs: number, leaveGroup: boolean | undefined): void {
    const deadline = this.cluster.runtime.now() + timeoutMs;
    this.#ending = true;
    session.shutdown(deadline, leaveGroup, (outcome) => {
      // failed meanwhile, and what came after that is not ours to end
      if (this.#session !== session) return;
      this.#session = null;
      this.#ending = false;
      if (this.#phase === 'leaving') {
        this.#left(outcome);
        return;
      }
      this.#surface.assignment([]);
      this.#surface.state('idle');
      this.#follow();
    });
  }

  #left(outcome: DrainOutcome): void {
    const view = this.#view;
    this.#session = null;
    this.#view = null;
    this.#phase = 'idle';
    this.#hold(false);
    this.#surface.assignment([]);
    this.#surface.state('idle');
    view?.completed();
    for (const done of this.#whenLeft.splice(0)) done(outcome);
    this.#startWaiting();
  }

  /** The membership is over for good; the subscriber learns why, and may subscribe again. */
  #failed(session: ConsumerSession, error: unknown): void {
    if (this.#session !== session) return;
    const view = this.#view;
    this.#session = null;
    this.#ending = false;
    this.#view = null;
    this.#cancelHop();
    this.#phase = 'leaving';
    this.#surface.assignment([]);
    session.abandon(() => {
      this.#left(nothingDrained);
    });
    if (view !== null) view.failed(error);
    // nobody is subscribed any more who could be told
    else this.#surface.warn(error instanceof Error ? error.message : String(error));
  }

  #startWaiting(): void {
    const next = this.#waiting;
    this.#waiting = null;
    if (next !== null) this.subscribe(next);
  }

  #refuse(view: ConsumerView, error: UsageError): void {
    hop(this.cluster.runtime, () => {
      view.failed(error);
    });
  }

  /** A process with a subscribed consumer does not end by itself. */
  #hold(on: boolean): void {
    if (on) this.#releaseProcess ??= this.cluster.runtime.keepAlive?.() ?? null;
    else {
      this.#releaseProcess?.();
      this.#releaseProcess = null;
    }
  }
}
