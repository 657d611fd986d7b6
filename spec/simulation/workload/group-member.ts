import { mergeMap, type Observable, type Subscription } from 'rxjs';
import {
  type Consumer,
  type ConsumerEvent,
  type ConsumerRecord,
  CrcMismatchError,
  cooperativeSticky,
  type Kafka,
  type Lease,
  ProtocolDecodeError,
  range,
  type TopicPartition,
  utf8,
} from '../../../src/index.js';
import { type ClientProcess } from '../client-process.js';
import { type Chance } from '../chance.js';
import { type Delivered } from '../invariant.js';
import { type World } from '../world.js';
import { type GroupPlan } from './group-plan.js';
import { transactionPipe, workPipe } from './pipes.js';

/** What members read. */
export type Rec = ConsumerRecord<string | null, string>;

/** A record whose lease the workload holds. */
export interface OpenLease extends Delivered {
  readonly lease: Lease;
  readonly since: number;
}

/** One member of a group: a consumer, and a user that settles, pauses, seeks and commits as the plan says. */
export class GroupMember {
  readonly name: string;
  readonly plan: GroupPlan;
  readonly process: ClientProcess;
  readonly kafka: Kafka;
  readonly consumer: Consumer<string | null, string>;
  /** Its place among those who are there at the same time: names its static membership and its transactional id. */
  readonly place: number;
  /** Somebody else has its place, while it does not run. */
  isReplaced = false;
  /** Another member has or had its place at the same time: either may fence the other. */
  isContested = false;
  /** What it got and has not settled, by partition. */
  readonly open: Map<string, Set<OpenLease>> = new Map<string, Set<OpenLease>>();
  isLeaving = false;
  hasLeft = false;
  readonly #world: World;
  readonly chance: Chance;
  #subscription: Subscription | null = null;
  #pipe: Observable<never> | null = null;

  /** @param housemate - member whose process and Kafka object it shares */
  constructor(world: World, plan: GroupPlan, name: string, place: number, housemate: GroupMember | null) {
    this.#world = world;
    this.process = housemate?.process ?? world.process(name);
    this.plan = plan;
    this.name = name;
    this.place = place;
    this.chance = world.chance.fork(`member ${name}`);
    this.kafka =
      housemate?.kafka ?? this.process.kafka({ requestTimeoutMs: plan.requestTimeoutMs, connectTimeoutMs: 2000 });
    const { commit } = plan;
    this.consumer = this.kafka.consumer<string | null, string>({
      topics: plan.topics,
      groupId: plan.id,
      autoOffsetReset: 'earliest',
      keyDeserializer: { name: 'ignored', deserialize: () => null },
      valueDeserializer: utf8,
      isolationLevel: plan.isolationLevel,
      window: { records: plan.windowRecords },
      bufferBytes: plan.bufferBytes,
      commit: commit === 'byHand' ? false : commit,
      maxPollRecords: plan.maxPollRecords,
      maxPartitionFetchBytes: plan.fetchBytes,
      rebalanceTimeoutMs: plan.rebalanceTimeoutMs,
      drainTimeoutMs: plan.drainTimeoutMs,
      ...(plan.isStatic ? { groupInstanceId: `${plan.id}-${place}` } : {}),
      ...(plan.protocol === 'consumer'
        ? { groupProtocol: 'consumer' }
        : {
            assignors: [plan.protocol === 'eager' ? range : cooperativeSticky],
            sessionTimeoutMs: plan.sessionTimeoutMs,
            heartbeatIntervalMs: plan.heartbeatIntervalMs,
          }),
    });
    this.consumer.events$.subscribe((event) => {
      this.#told(event);
    });
  }

  /** In the group as far as it knows, and able to do something about it. */
  get isActive(): boolean {
    return this.process.isAlive && !this.isLeaving;
  }

  join(): void {
    this.#world.trace.note(`${this.name} joins ${this.plan.id}`);
    this.#subscribe();
    this.#user();
  }

  /** Leaves in order: closes, or unsubscribes first. */
  leave(): void {
    if (!this.isActive) return;
    this.isLeaving = true;
    this.#world.trace.note(`${this.name} leaves`);
    if (this.chance.happens(30)) this.#subscription?.unsubscribe();
    const left = (): void => {
      this.hasLeft = true;
      this.#world.trace.note(`${this.name} has left`);
    };
    if (this.plan.together) this.consumer.close().then(left, left);
    else this.process.close(left);
  }

  /** Records of a partition that it holds a lease of. */
  openIn(topic: string, partition: number): OpenLease[] {
    const open = this.open.get(`${topic}/${partition}`);
    if (open === undefined) return [];
    for (const each of open) {
      const { state } = each.lease;
      if (state === 'open') continue;
      open.delete(each);
      this.#world.settled(each, state);
    }
    return [...open];
  }

  holds({ topic, partition }: TopicPartition): boolean {
    return this.consumer.assignment.some((held) => held.partition === partition && held.topic === topic);
  }

  #subscribe(): void {
    const { consumer, plan } = this;
    const observer = {
      error: (error: unknown) => {
        this.#failed(error);
      },
    };
    switch (plan.source) {
      case 'batches':
        this.#subscription = consumer.batches$.subscribe({
          ...observer,
          next: (batch) => {
            this.#got(batch.items, batch.lease);
          },
        });
        return;
      case 'work':
        this.#pipe ??= workPipe(this.#world, this);
        this.#subscription = this.#pipe.subscribe(observer);
        return;
      case 'transaction':
        this.#pipe ??= transactionPipe(this.#world, this);
        this.#subscription = this.#pipe.subscribe(observer);
        return;
      case 'records':
        this.#read(consumer.records$, observer);
        return;
      case 'partitions':
        this.#read(consumer.partitions$.pipe(mergeMap((stream$) => stream$)), observer);
    }
  }

  #read(records$: Observable<Rec>, observer: { readonly error: (error: unknown) => void }): void {
    this.#subscription = records$.subscribe({
      ...observer,
      next: (record) => {
        this.#got([record], record.lease);
      },
    });
  }

  #failed(error: unknown): void {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#world.trace.note(`${this.name} failed: ${text}`);
    this.#world.counts.add('streams failed');
    // the older protocol cannot tell a transaction that timed out from a producer that took over
    const isOld = this.#world.state.feature('transaction.version') < 2 && this.plan.source === 'transaction';
    if ((this.isContested || isOld) && isFencing(error)) {
      this.#world.counts.add(this.isContested ? 'fenced by another instance' : 'timed out by the older protocol');
      this.process.kill();
    } else if (
      this.plan.isStatic &&
      this.#world.forgotten.has(this.plan.id) &&
      codesOf(error).includes('FENCED_INSTANCE_ID')
    ) {
      this.#world.counts.add('fenced by what it was before');
      this.process.kill();
    } else if (this.process.readDamage && isDamage(error)) {
      this.#world.counts.add('damage noticed');
      this.process.user.schedule(() => {
        if (!this.isLeaving) this.#subscribe();
      }, 200);
    } else this.#world.violate('no stream fails', `${this.name}: ${text}`);
  }

  /** Notes what was delivered; who settles it tells the world, or `openIn` finds out. */
  took(records: readonly Rec[], lease: Lease): readonly OpenLease[] {
    const since = this.process.now();
    const taken = records.map(({ topic, partition, offset, value }): OpenLease => {
      return { member: this, topic, partition, offset, value, lease, since };
    });
    const [first] = taken;
    const key = `${first!.topic}/${first!.partition}`;
    let open = this.open.get(key);
    if (open === undefined) this.open.set(key, (open = new Set<OpenLease>()));
    for (const each of taken) {
      open.add(each);
      this.#world.delivered(each);
    }
    return taken;
  }

  /** An operator is about to acknowledge it. */
  settles({ topic, partition, offset }: Rec): void {
    const open = this.open.get(`${topic}/${partition}`);
    for (const each of open ?? []) {
      if (each.offset !== offset || each.lease.state !== 'open') continue;
      open!.delete(each);
      this.#world.settled(each, 'acked');
    }
  }

  #got(records: readonly Rec[], lease: Lease): void {
    const taken = this.took(records, lease);
    const { latePercent, slowPercent, releasePercent } = this.plan;
    const lateMs = this.#world.isCalm ? Math.min(20, this.plan.lateMs) : this.plan.lateMs;
    const draw = this.chance.random() * 100;
    const wait = Math.floor(this.chance.random() * lateMs);
    if (draw < releasePercent) this.#later(wait, taken, 'released');
    else if (draw < releasePercent + slowPercent) this.#later(1000 + 8 * wait, taken, 'acked');
    else if (draw < releasePercent + slowPercent + latePercent) this.#later(wait, taken, 'acked');
    else this.#settle(taken, 'acked');
  }

  #later(ms: number, taken: readonly OpenLease[], how: 'acked' | 'released'): void {
    this.process.user.schedule(() => {
      this.#settle(taken, how);
    }, ms);
  }

  #settle(taken: readonly OpenLease[], how: 'acked' | 'released'): void {
    const [first] = taken;
    const open = this.open.get(`${first!.topic}/${first!.partition}`)!;
    const { lease } = first!;
    const answer = how === 'acked' ? lease.ack() : lease.release();
    for (const each of taken) {
      if (!open.delete(each)) continue;
      this.#world.settled(each, answer === 'accepted' ? how : 'fenced');
    }
  }

  #told(event: ConsumerEvent): void {
    const partitions =
      'partitions' in event
        ? event.partitions.map(({ topic, partition }) => `${topic}/${partition}`).join(' ')
        : 'topic' in event
          ? `${event.topic}/${event.partition}`
          : '';
    const more = event.type === 'discontinuity' ? ` ${event.reason} ${event.from} to ${event.to}` : '';
    this.#world.trace.note(`${this.name} ${event.type} ${partitions}${more}`);
    this.#world.counts.add(event.type);
    for (const watch of this.#world.watches) watch.told?.(this, event);
  }

  /** What a user does now and then. */
  #user(): void {
    const { process, consumer, plan } = this;
    process.user.schedule(
      () => {
        if (this.isLeaving) return;
        const [held] = consumer.assignment;
        if (plan.commit === 'byHand') this.#commit();
        if (held !== undefined && !this.#world.isCalm) {
          if (this.chance.happens(8)) this.#pause(this.chance.pick(consumer.assignment));
          if (plan.seeks && this.chance.happens(8)) this.#seekBack(this.chance.pick(consumer.assignment));
        }
        this.#user();
      },
      this.chance.between(100, 600),
    );
  }

  #commit(): void {
    const ended = this.process.began('commit');
    this.consumer.commit().subscribe({ next: ended, error: ended, complete: ended });
  }

  #pause(tp: TopicPartition): void {
    this.#world.trace.note(`${this.name} pauses ${tp.topic}/${tp.partition}`);
    this.#world.counts.add('paused');
    this.consumer.pause([tp]);
    this.process.user.schedule(
      () => {
        if (!this.isLeaving) this.consumer.resume([tp]);
      },
      this.chance.between(50, 2000),
    );
  }

  #seekBack(tp: TopicPartition): void {
    const committed = this.#world.committed(this.plan.id, tp.topic, tp.partition) ?? 0;
    const back = this.chance.pick([
      'committed',
      'beginning',
      Math.floor(this.chance.random() * (committed + 1)),
    ] as const);
    // what was read before would be written again, and rightly so
    const to = this.plan.source === 'transaction' ? 'committed' : back;
    this.#world.trace.note(`${this.name} seeks ${tp.topic}/${tp.partition} to ${to}`);
    this.#world.counts.add('sought');
    for (const watch of this.#world.watches) watch.restarted?.(this, tp.topic, tp.partition);
    const ended = this.process.began('seek');
    this.consumer.seek(tp, to).subscribe({ next: ended, error: ended, complete: ended });
  }
}

/** Told to the old instance when another one with the same id is there. */
function isFencing(error: unknown): boolean {
  return codesOf(error).some((name) =>
    ['FENCED_INSTANCE_ID', 'PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'].includes(name),
  );
}

/** Names of broker errors, of this one and what is below it. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause)
    codes.push(String((at as { errorName?: unknown }).errorName));
  return codes;
}

function isDamage(error: unknown): boolean {
  return error instanceof CrcMismatchError || error instanceof ProtocolDecodeError;
}
