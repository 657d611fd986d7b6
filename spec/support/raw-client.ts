import { connect, type Socket } from 'node:net';
import type { Api, Input } from '../../src/protocol/api.js';
import { decodeResponse, encodeRequest } from '../../src/protocol/headers.js';
import { findCoordinatorApi } from '../../src/protocol/messages/find-coordinator.js';
import { listOffsetsApi } from '../../src/protocol/messages/list-offsets.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';

interface Waiting {
  readonly settle: (frame: Uint8Array) => void;
  readonly fail: (error: Error) => void;
}

/** One connection that asks exactly what it is told, in order: for what no client of ours would do. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #correlation = 0;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#arrived(bytes);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      for (const { fail } of this.#waiting.splice(0)) fail(new Error('closed by the broker'));
    });
  }

  static async open(address: string): Promise<RawConnection> {
    const [host = '', port = ''] = address.split(':');
    const socket = connect(Number(port), host);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket);
  }

  /** To the coordinator of a group or transactional id, once there is one. */
  static async toCoordinator(bootstrapServers: string, key: string, keyType: 0 | 1 = 0): Promise<RawConnection> {
    const any = await RawConnection.open(bootstrapServers.split(',')[0]!);
    try {
      for (let tries = 0; tries < 100; tries++) {
        const { coordinators } = await any.ask(findCoordinatorApi, 4, { keyType, coordinatorKeys: [key] });
        const { errorCode, host, port } = coordinators[0]!;
        if (errorCode === 0) return await RawConnection.open(`${host}:${port}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`${key} has no coordinator`);
    } finally {
      any.close();
    }
  }

  /** To the leader of partition 0, once it serves it, with the topic's id. */
  static async toLeader(bootstrapServers: string, topic: string): Promise<{ to: RawConnection; topicId: string }> {
    const any = await RawConnection.open(bootstrapServers.split(',')[0]!);
    try {
      for (let tries = 0; tries < 100; tries++) {
        const { brokers, topics } = await any.ask(metadataApi, 12, { topics: [{ name: topic }] });
        const leader = brokers.find(({ nodeId }) => nodeId === topics[0]!.partitions[0]?.leaderId);
        if (leader !== undefined) {
          const to = await RawConnection.open(`${leader.host}:${leader.port}`);
          const asked = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
          const answer = await to.ask(listOffsetsApi, 8, { topics: asked });
          if (answer.topics[0]!.partitions[0]!.errorCode === 0) return { to, topicId: topics[0]!.topicId };
          to.close();
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`${topic} has no leader`);
    } finally {
      any.close();
    }
  }

  ask<Req, Res>(api: Api<Req, Res>, version: number, body: NoInfer<Input<Req>>): Promise<Res> {
    const chunks = encodeRequest(api, version, this.#correlation++, 'raw', body);
    return new Promise<Res>((resolve, reject) => {
      if (this.#closed) reject(new Error('closed by the broker'));
      this.#waiting.push({
        settle: (frame) => {
          resolve(decodeResponse(api, version, frame).body);
        },
        fail: reject,
      });
      for (const chunk of chunks) this.#socket.write(chunk);
    });
  }

  /** Asks again while a coordinator of a young cluster is not there or loads its log. */
  async askOnceLoaded<Req, Res extends { readonly errorCode: number }>(
    api: Api<Req, Res>,
    version: number,
    body: NoInfer<Input<Req>>,
  ): Promise<Res> {
    for (let tries = 0; ; tries++) {
      const answer = await this.ask(api, version, body);
      if (![14, 15, 16].includes(answer.errorCode) || tries === 200) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #arrived(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readInt32BE(0)) {
      const end = 4 + this.#bytes.readInt32BE(0);
      const frame = Uint8Array.from(this.#bytes.subarray(4, end));
      this.#bytes = this.#bytes.subarray(end);
      this.#waiting.shift()?.settle(frame);
    }
  }
}
