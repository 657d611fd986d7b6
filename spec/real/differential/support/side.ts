import type { Api, Input } from '../../../../src/protocol/api.js';
import { createTopic } from '../../../support/peers/kafkajs.js';
import { RawConnection } from '../../../support/raw-client.js';

/** Answers that a moment causes and not the question: a coordinator that loads, the markers of the transaction before. */
const momentary = new Set([14, 15, 16, 19, 51]);

/** The same scene on one of the two kinds of brokers: a topic of one partition, a group and a transactional id. */
export class Side {
  readonly topic: string;
  readonly groupId: string;
  readonly transactionalId: string;
  readonly leader: RawConnection;
  readonly group: RawConnection;
  readonly transactions: RawConnection;
  readonly topicId: string;

  private constructor(name: string, topicId: string, [leader, group, transactions]: readonly RawConnection[]) {
    this.topic = this.groupId = this.transactionalId = name;
    this.topicId = topicId;
    this.leader = leader!;
    this.group = group!;
    this.transactions = transactions!;
  }

  static async open(bootstrapServers: string, name: string): Promise<Side> {
    await createTopic(bootstrapServers, name, { partitions: 1 });
    const { to, topicId } = await RawConnection.toLeader(bootstrapServers, name);
    const group = await RawConnection.toCoordinator(bootstrapServers, name);
    return new Side(name, topicId, [to, group, await RawConnection.toCoordinator(bootstrapServers, name, 1)]);
  }

  /** Asks until the answer is one that both kinds of brokers must give; `code` finds the error in it. */
  async ask<Req, Res>(
    to: RawConnection,
    api: Api<Req, Res>,
    version: number,
    body: NoInfer<Input<Req>>,
    code: (answer: Res) => number,
  ): Promise<Res> {
    for (let tries = 0; ; tries++) {
      const answer = await to.ask(api, version, body);
      if (!momentary.has(code(answer)) || tries === 500) return answer;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  close(): void {
    for (const connection of [this.leader, this.group, this.transactions]) connection.close();
  }
}

/** One request, drawn beforehand; what it answers in words that do not depend on who answers. */
export interface Step {
  readonly text: string;
  run(side: Side): Promise<string>;
}

export interface Chance {
  /** One of these. */
  pick<T>(from: readonly T[]): T;
  /** True so often. */
  rarely(share: number): boolean;
}

export function chanceOf(next: () => number): Chance {
  return {
    pick: (from) => from[Math.floor(next() * from.length)]!,
    rarely: (share) => next() < share,
  };
}
