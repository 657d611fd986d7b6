import { type KafkaError } from '../errors/kafka-error.js';
import { type CommitReceipt, type GroupMetadata } from '../model/commit.js';
import { type ParkedNotice } from '../model/parking.js';
import { type Runtime } from '../model/runtime.js';
import { type TopicPartition, type TopicPartitionOffset } from '../model/topic-partition.js';
import { CaughtUp } from './caught-up.js';
import { commitHeld } from './commit-held.js';
import { ConsumerCommits } from './consumer-commits.js';
import { type ConsumerView, type DrainOutcome } from './consumer-ports.js';
import { type CadenceArguments } from './cursor-commits.js';
import { type CursorListener, type PositionTrouble } from './flow-options.js';
import { HeldPartition } from './held-partition.js';
import { HeldPartitions } from './held-partitions.js';
import { type WindowCommits } from './lease-window.js';
import { type MembershipHost } from './group/membership-host.js';
import { type OpenMembership } from './open-membership.js';
import { type PartitionCursor } from './partition-cursor.js';
import { PartitionDrains } from './partition-drains.js';
import { PartitionOpening } from './partition-opening.js';
import { PositionKeeper } from './position-keeper.js';
import { PollExpiry } from './poll-expiry.js';
import { ProgressWatch } from './progress-watch.js';
import { RebalanceHooks } from './rebalance-hooks.js';
import { type Selection, selects } from './selection.js';
import { type SessionHost } from './session-host.js';
import { type RecordFlow } from './session-parts.js';
import { pollExpired, stalled } from './stall-reports.js';
import { type StartPositions } from './start-positions.js';

/**
 * One membership from joining to leaving, with everything that lives as long: what is held, its cursors, commits and drains.
 * Implements what the group tells (`MembershipHost`) and what the record flow tells (`CursorListener`).
 */
export class ConsumerSession implements MembershipHost, CursorListener {
  readonly runtime: Runtime;
  readonly partitions: HeldPartitions = new HeldPartitions();
  readonly positions: PositionKeeper;
  readonly starts: StartPositions;
  readonly commits: ConsumerCommits;
  readonly kind: Selection['kind'];
  readonly #host: SessionHost;
  readonly #flow: RecordFlow;
  readonly #membership: OpenMembership;
  readonly #watch: ProgressWatch;
  readonly #expiry: PollExpiry;
  readonly #drains: PartitionDrains;
  readonly #caughtUp: CaughtUp;
  readonly #hooks: RebalanceHooks;
  readonly #opening: PartitionOpening;
  #view: ConsumerView | null;
  #closed = false;
  #leaving = false;
  #leaveGroup: boolean | undefined = undefined;

  constructor(host: SessionHost, selection: Selection, view: ConsumerView) {
    const { cluster, options, parts } = host;
    this.kind = selection.kind;
    this.#host = host;
    this.#view = view;
    this.runtime = cluster.runtime;
    this.#flow = parts.flow(this);
    this.#membership = parts.membership(selection, this, () => host.memberId());
    const { committer, committed } = this.#membership;
    this.starts = parts.starts(options.storedOffsets, committed);
    this.#caughtUp = new CaughtUp(options.isolationLevel === 1, (event) => {
      host.surface.event(event);
    });
    this.commits = new ConsumerCommits(this.runtime, committer, options.commit, this.partitions, (offsets, error) => {
      host.surface.event({ type: 'commitFailed', offsets, error });
    });
    this.positions = new PositionKeeper(
      {
        runtime: this.runtime,
        event: (event) => {
          host.surface.event(event);
        },
        moved: (held, reason) => {
          if (reason !== 'abort') this.#caughtUp.moved(held);
          this.commits.settled(held);
          this.#drains.check();
        },
        failed: (error) => {
          host.failed(error);
        },
      },
      this.starts,
      committed,
    );
    this.#hooks = new RebalanceHooks({
      runtime: this.runtime,
      run: (...hook) => {
        host.surface.hook(...hook);
      },
      event: (event) => {
        host.surface.event(event);
      },
      warn: (message) => {
        host.surface.warn(message);
      },
      move: (held, offset) => {
        this.positions.move(held, offset, -1, 'seek');
      },
      failed: (error) => {
        host.failed(error);
      },
    });
    this.#opening = new PartitionOpening({
      runtime: this.runtime,
      starts: this.starts,
      commits: this.commits,
      hooks: this.#hooks,
      hookMs: options.drainTimeoutMs,
      closed: () => this.#closed,
      open: (live) => {
        this.#open(live);
      },
      failed: (error) => {
        host.failed(error);
      },
    });
    this.#drains = new PartitionDrains({
      runtime: this.runtime,
      commits: this.commits,
      view: () => this.#view,
      hook: (partitions, deadline, done) => {
        this.#hooks.run('revoked', partitions, deadline, done);
      },
      end: (held, why) => {
        this.#end(held, why);
      },
      event: (event) => {
        host.surface.event(event);
      },
      over: () => {
        this.#tellAssignment();
      },
    });
    this.#watch = new ProgressWatch(parts.watch, options, () => this.partitions.all(), {
      stalled: (held, offset, why) => {
        stalled(host.surface, held, offset, why);
      },
      expired: (stuck) => {
        this.#expiry.expire(stuck);
      },
    });
    this.#expiry = new PollExpiry({
      isMember: () => this.#membership.identity().generation >= 0,
      expired: (stuck) => {
        pollExpired(host.surface, stuck);
      },
      leave: () => {
        this.#membership.expire();
      },
      rejoin: () => {
        this.#membership.progress();
      },
    });
  }

  start(): void {
    this.#membership.start();
    this.#watch.start();
  }

  /** Out of the group for lack of progress, until there is some. */
  get expired(): boolean {
    return this.#expiry.expired;
  }

  /** Nothing more fits into `bufferBytes`. */
  get bufferFull(): boolean {
    return this.#flow.budget.available <= 0;
  }

  groupMetadata(): GroupMetadata {
    return this.#membership.identity();
  }

  /**
   * Another subscriber, or none. What was delivered to the one before and not settled comes again: each partition goes back to
   * its first unsettled record under a new delivery epoch. Without a subscriber nothing is delivered; leases that operators
   * took over may still settle.
   */
  setView(view: ConsumerView | null): void {
    this.#view = view;
    if (view !== null) this.#expiry.resubscribed();
    for (const held of this.partitions.all()) {
      if (view === null) {
        held.cursor.detach();
        held.cursor.fenceUntaken();
      } else if (held.state === 'active') {
        const value = held.cursor.commitValue;
        if (value !== null) held.cursor.moveTo(value.offset, value.leaderEpoch);
        view.opened(held);
      }
    }
    this.#drains.check();
  }

  /** From now on nothing is delivered of what is not selected, buffered records included; and again of what is. */
  narrow(): void {
    for (const { cursor } of this.partitions.all()) this.#gate(cursor);
  }

  /** Reads what this selection of the same kind says. */
  select(selection: Selection): void {
    if (!this.#leaving && !this.#closed) this.#membership.select(selection);
  }

  /** Drains everything until the deadline, leaves the group and closes. Once more: the earlier deadline counts. */
  shutdown(deadline: number, leaveGroup: boolean | undefined, done: (outcome: DrainOutcome) => void): void {
    if (this.#closed) return;
    this.#leaveGroup ??= leaveGroup;
    if (this.#leaving) {
      this.#drains.hasten(deadline);
      return;
    }
    this.#leaving = true;
    this.#membership.stopRebalancing();
    const before = this.partitions.all();
    this.#drains.drain(before, deadline, 'drained', () => {
      const committed = before.flatMap((held) => {
        const value = held.cursor.commitValue;
        return value === null ? [] : [{ topic: held.topic, partition: held.partition, offset: value.offset }];
      });
      this.#membership.leave({ leaveGroup: this.#leaveGroup }, () => {
        if (this.#closed) return; // failed meanwhile
        this.abort();
        done({ ...this.#drains.totals, committed });
      });
    });
  }

  /**
   * Ends at once after a failure: nothing more is committed, what is open is fenced, `onLost` runs. The group is told, so that
   * others need not wait for the session to expire; `done` when it was, within the time of a request.
   */
  abandon(done: () => void): void {
    const held = this.partitions.all();
    this.#close();
    if (held.length > 0) this.#host.surface.event({ type: 'lost', partitions: held.map(plain) });
    this.#hooks.run('lost', held, this.runtime.now() + this.#host.options.drainTimeoutMs, () => undefined);
    this.#membership.leave({ leaveGroup: this.#leaveGroup }, () => {
      this.#membership.close();
      done();
    });
  }

  /** Ends at once and without a word to anybody. */
  abort(): void {
    if (!this.#closed) this.#close();
    this.#hooks.close();
    this.#membership.close();
  }

  /** Everything but the membership. */
  #close(): void {
    this.#closed = true;
    this.#watch.close();
    this.starts.close();
    this.#drains.close();
    for (const held of this.partitions.all()) this.#end(held, 'lost');
    this.commits.close();
    this.#flow.close();
  }

  // ---- MembershipHost

  held(): readonly TopicPartition[] {
    return this.partitions.all();
  }

  assigned(added: readonly TopicPartition[]): void {
    if (this.#closed || this.#leaving) return;
    const fresh = added.map((tp) => {
      const epoch = this.#host.nextEpoch();
      const cursor = this.#flow.open(tp, epoch, null, -1);
      if (this.#host.isPaused(tp)) cursor.pause('user');
      this.#gate(cursor);
      const held = new HeldPartition(tp, epoch, cursor);
      this.partitions.add(held);
      this.commits.expect(held);
      return held;
    });
    this.#tellAssignment();
    const given = added.filter((tp): tp is TopicPartitionOffset => 'offset' in tp);
    this.#opening.begin(fresh, given);
  }

  revoke(partitions: readonly TopicPartition[], deadline: number, done: () => void): void {
    const held = partitions.flatMap((tp) => this.partitions.get(tp) ?? []);
    this.#drains.drain(held, deadline, 'revoked', done);
  }

  lost(partitions: readonly TopicPartition[], _error: KafkaError | null): void {
    const held = partitions.flatMap((tp) => this.partitions.get(tp) ?? []);
    if (held.length === 0) return;
    for (const partition of held) {
      partition.cursor.press('lost');
      this.#end(partition, 'lost');
    }
    const names = held.map(plain);
    this.#host.surface.event({ type: 'lost', partitions: names });
    this.#tellAssignment();
    this.#hooks.run('lost', held, this.runtime.now() + this.#host.options.drainTimeoutMs, () => undefined);
    this.#drains.check();
  }

  state(state: 'joining' | 'stable' | 'rebalancing'): void {
    if (!this.#leaving && !this.#closed) this.#host.surface.state(state);
  }

  failed(error: KafkaError): void {
    if (!this.#closed) this.#host.failed(error);
  }

  // ---- CursorListener

  settled(cursor: PartitionCursor): void {
    const held = this.partitions.of(cursor);
    if (held === undefined) return;
    this.#expiry.settled(held);
    this.positions.settled(held);
    this.commits.settled(held);
    this.#caughtUp.settled(held);
    this.#drains.check();
  }

  fetched(cursor: PartitionCursor): void {
    const held = this.partitions.of(cursor);
    if (held !== undefined) this.#caughtUp.fetched(held);
  }

  positionInvalid(cursor: PartitionCursor, why: PositionTrouble): void {
    const held = this.partitions.of(cursor);
    if (held !== undefined && held.state !== 'draining') this.positions.invalid(held, why);
    else this.#drains.check();
  }

  fetchFailed(cursor: PartitionCursor, error: KafkaError): void {
    if (this.partitions.of(cursor) !== undefined) this.#host.failed(error);
  }

  pressure(): void {
    // listeners of LeaseOwner.onPressure are told by the cursor itself
  }

  commitNow(cursor: PartitionCursor, done: (receipt: CommitReceipt | null, error?: unknown) => void): () => void {
    return commitHeld(this.#host, this.commits, this.partitions.of(cursor), done);
  }

  commitCadence(cursor: PartitionCursor, ...how: CadenceArguments): () => void {
    return this.commits.override(this.partitions.of(cursor), ...how);
  }

  windowCommits(cursor: PartitionCursor): WindowCommits | undefined {
    return this.commits.window(this.partitions.of(cursor));
  }

  parked({ topic, partition }: PartitionCursor, notice: ParkedNotice): void {
    this.#host.surface.event({ type: 'parked', topic, partition, ...notice });
  }

  rewind(cursor: PartitionCursor): void {
    const held = this.partitions.of(cursor);
    if (held !== undefined) this.positions.rewind(held);
  }

  // ---- inner

  /** Between a change of the selection and the end of what it gives up, the buffer of the old one is not delivered. */
  #gate(cursor: PartitionCursor): void {
    if (selects(this.#host.selection(), cursor)) cursor.resume('deselected');
    else cursor.pause('deselected');
  }

  #open(live: readonly HeldPartition[]): void {
    for (const held of live) held.state = 'active';
    this.#host.surface.event({ type: 'assigned', partitions: live.map(plain) });
    for (const held of live) if (held.state === 'active') this.#view?.opened(held);
  }

  #end(held: HeldPartition, why: 'revoked' | 'lost' | 'drained'): void {
    held.state = 'ended';
    held.cursor.close();
    this.positions.ended(held);
    this.commits.remove(held);
    this.partitions.remove(held);
    this.#view?.ended(held, why);
  }

  #tellAssignment(): void {
    this.#host.surface.assignment(this.partitions.all().map(plain));
  }
}

function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
