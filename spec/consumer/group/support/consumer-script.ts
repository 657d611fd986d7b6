import type { ConsumerMemberEffect, ConsumerMemberEvent } from '../../../../src/consumer/group/consumer-events.js';
import type { ConsumerGroupOptions } from '../../../../src/consumer/group/consumer-group-options.js';
import { ConsumerReducer } from '../../../../src/consumer/group/consumer-reducer.js';
import { RequestTimeoutError } from '../../../../src/errors/connection-error.js';
import type { KafkaError } from '../../../../src/errors/kafka-error.js';
import type { ConsumerGroupHeartbeatResponse } from '../../../../src/protocol/messages/consumer-group-heartbeat.js';
import { text, tps } from './checking-host.js';

export const consumerGroupOptions: ConsumerGroupOptions = {
  groupId: 'g',
  groupInstanceId: null,
  memberId: 'me',
  serverAssignor: null,
  rebalanceTimeoutMs: 60_000,
  drainTimeoutMs: 30_000,
  requestTimeoutMs: 30_000,
  clientRack: '',
};

/** What is read of a heartbeat: only the fields that it has. */
export type Said = Readonly<Record<string, unknown>>;

/** Topic ids of the specs: `id-t` is `t`. */
export function byId(names: string): { topicId: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of tps(names)) {
    const list = topics.get(topic) ?? [];
    topics.set(topic, list);
    list.push(partition);
  }
  return [...topics].map(([topic, partitions]) => ({ topicId: `id-${topic}`, partitions }));
}

/** `t-0 t-1`, from a heartbeat that lists what is owned; null when it does not. */
export function ownedIn(said: Said): string | null {
  const list = said['topicPartitions'] as { topicId: string; partitions: number[] }[] | undefined;
  if (list === undefined) return null;
  return text(
    list.flatMap(({ topicId, partitions }) =>
      partitions.map((partition) => ({ topic: topicId.slice('id-'.length), partition })),
    ),
  );
}

/** Drives the reducer event by event; effects are read as lines, heartbeats as what they say. */
export class ConsumerScript {
  readonly reducer: ConsumerReducer;
  now = 0;
  /** Effects since `take`. */
  effects: ConsumerMemberEffect[] = [];
  readonly heartbeats: Said[] = [];
  #beat = 0;
  #sentAt = 0;

  constructor(options: Partial<ConsumerGroupOptions> = {}) {
    this.reducer = new ConsumerReducer({ ...consumerGroupOptions, ...options });
  }

  on(event: ConsumerMemberEvent): this {
    for (const effect of this.reducer.reduce(event, this.now)) {
      this.effects.push(effect);
      if (effect.do !== 'heartbeat') continue;
      this.heartbeats.push(effect.request);
      this.#beat = effect.beat;
      this.#sentAt = this.now;
    }
    return this;
  }

  /** What the member did since the last call, without bookkeeping. */
  take(): string[] {
    return this.effects.splice(0).flatMap((effect) => {
      switch (effect.do) {
        case 'heartbeat':
          return [`beat ${String(effect.request.memberEpoch)} ${ownedIn(effect.request) ?? '.'}`.trimEnd()];
        case 'assigned':
          return [`assigned ${text(effect.added)}`.trimEnd()];
        case 'revoke':
          return [`revoke ${text(effect.partitions)} as ${effect.drain} until ${effect.deadline}`];
        case 'lost':
          return [`lost ${text(effect.partitions)}`];
        case 'state':
          return [effect.state];
        case 'failed':
          return ['failed'];
        case 'leave':
          return [`leave ${String(effect.epoch)}`];
        case 'beatIn':
          return effect.failures === 0 ? [] : [`again ${effect.failures}`];
        case 'forgetCoordinator':
          return ['find'];
        case 'resolve':
          return [`resolve ${effect.ids.join(' ')}`.trimEnd()];
        default:
          return [];
      }
    });
  }

  /** The last heartbeat. */
  get said(): Said {
    return this.heartbeats.at(-1)!;
  }

  get error(): KafkaError | null {
    const failed = this.effects.find((effect) => effect.do === 'failed');
    return failed?.error ?? null;
  }

  subscribe(...topics: string[]): this {
    return this.on({ type: 'subscribe', topics, pattern: null });
  }

  /** The heartbeat that is out is answered. */
  answer(memberEpoch: number, assignment: string | null, more: Partial<ConsumerGroupHeartbeatResponse> = {}): this {
    const value: ConsumerGroupHeartbeatResponse = {
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      memberId: null,
      memberEpoch,
      heartbeatIntervalMs: 5000,
      assignment: assignment === null ? null : { topicPartitions: byId(assignment) },
      ...more,
    };
    const names = new Map<string, string>();
    for (const { topicId } of value.assignment?.topicPartitions ?? []) {
      const name = topicId.slice('id-'.length);
      // what the metadata of the spec does not know
      if (!name.startsWith('new')) names.set(topicId, name);
    }
    const answer = { error: null, value };
    return this.on({ type: 'answered', beat: this.#beat, sentAt: this.#sentAt, answer, names });
  }

  refuse(errorCode: number, errorMessage: string | null = null): this {
    return this.answer(0, null, { errorCode, errorMessage, heartbeatIntervalMs: 0 });
  }

  fail(error: KafkaError = new RequestTimeoutError('scripted')): this {
    const answer = { error, value: null };
    return this.on({ type: 'answered', beat: this.#beat, sentAt: this.#sentAt, answer, names: new Map() });
  }

  beatDue(): this {
    this.now += 5000;
    return this.on({ type: 'beatDue' });
  }

  drained(drain: number): this {
    return this.on({ type: 'drained', drain });
  }

  /** A member of epoch 1 that has told what it got. */
  enter(assignment: string): this {
    this.subscribe('t').answer(1, assignment).answer(1, null);
    this.effects = [];
    return this;
  }
}
