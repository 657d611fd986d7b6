import { ByteReader } from '../../src/bytes/byte-reader.js';
import { ByteWriter } from '../../src/bytes/byte-writer.js';
import type { Api, Input } from '../../src/protocol/api.js';
import { requestHeaderVersion, responseHeaderVersion } from '../../src/protocol/headers.js';
import { readMessage, writeMessage } from '../../src/protocol/interpreter.js';
import { apiVersionsApi, type ApiVersionsResponse } from '../../src/protocol/messages/api-versions.js';
import { allApis } from '../../src/protocol/messages/index.js';
import type { Peer, VirtualRuntime } from './virtual-runtime.js';

/** A request as it arrived, and ways to answer it. */
export interface Asked {
  readonly at: number;
  readonly api: string;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly body: Record<string, unknown>;
  readonly peer: Peer;
  /** Sends this answer now. */
  readonly answer: (body: object) => void;
  /** The bytes of an answer with length prefix, to be cut, damaged or sent late. */
  readonly frame: (body: object, correlationId?: number) => Uint8Array;
}

type Answerer = (asked: Asked) => object | null;

/**
 * A broker on a memory transport that answers as it is told: by API name; null means silence. It speaks the real bytes, with
 * the project's own tables on the other side of the wire.
 */
export class ScriptedBroker {
  readonly host: string;
  readonly port: number;
  readonly requests: Asked[] = [];
  readonly peers: Peer[] = [];
  /** Version ranges that ApiVersions lists; others than the default for some. */
  readonly ranges: Map<string, { min: number; max: number }> = new Map<string, { min: number; max: number }>();
  features: Record<string, number> = {};
  featuresEpoch = -1;
  readonly #runtime: VirtualRuntime;
  readonly #answers: Map<string, Answerer> = new Map<string, Answerer>();

  constructor(runtime: VirtualRuntime, port: number, host = 'broker') {
    this.#runtime = runtime;
    this.host = host;
    this.port = port;
    for (const { name, minVersion, maxVersion } of allApis) this.ranges.set(name, { min: minVersion, max: maxVersion });
    this.start();
  }

  start(): void {
    this.#runtime.listen(this.host, this.port, (peer) => {
      this.#accept(peer);
    });
  }

  /** Refuses new connections and breaks the existing ones. */
  stop(): void {
    this.#runtime.unlisten(this.host, this.port);
    for (const peer of this.live) peer.fail();
    this.peers.length = 0;
  }

  get live(): Peer[] {
    return this.peers.filter(({ closed }) => !closed);
  }

  on<Req, Res>(
    api: Api<Req, Res>,
    answer: (asked: Asked & { readonly body: Req }) => NoInfer<Input<Res>> | null,
  ): this {
    this.#answers.set(api.name, answer as unknown as Answerer);
    return this;
  }

  asked(api: { readonly name: string }): Asked[] {
    return this.requests.filter(({ api: name }) => name === api.name);
  }

  /** What ApiVersions answers unless told otherwise. */
  versions(): Input<ApiVersionsResponse> {
    return {
      apiKeys: allApis.map((api) => {
        const { min, max } = this.ranges.get(api.name)!;
        return { apiKey: api.key, minVersion: min, maxVersion: max };
      }),
      finalizedFeaturesEpoch: this.featuresEpoch,
      finalizedFeatures: Object.entries(this.features).map(([name, level]) => ({
        name,
        maxVersionLevel: level,
        minVersionLevel: level,
      })),
    };
  }

  #accept(peer: Peer): void {
    this.peers.push(peer);
    let buffer = Buffer.alloc(0);
    peer.onBytes = (bytes) => {
      buffer = Buffer.concat([buffer, bytes]);
      while (buffer.length >= 4 && buffer.length >= 4 + buffer.readInt32BE(0)) {
        const size = buffer.readInt32BE(0);
        const frame = buffer.subarray(4, 4 + size);
        buffer = buffer.subarray(4 + size);
        this.#request(frame, peer);
      }
    };
  }

  #request(frame: Uint8Array, peer: Peer): void {
    const reader = new ByteReader(frame);
    const key = reader.int16();
    const version = reader.int16();
    const correlationId = reader.int32();
    const api = allApis.find((known) => known.key === key)!;
    const { max } = this.ranges.get(api.name)!;
    const clientId = reader.nullableString();
    const unknownVersion = api.key === apiVersionsApi.key && version > max;
    if (!unknownVersion && requestHeaderVersion(api, version) === 2) reader.skipTags();
    const body = unknownVersion ? {} : (readMessage(api.request, version, reader) as Record<string, unknown>);
    const encode = (content: object, id: number = correlationId): Uint8Array => encodeAnswer(api, version, id, content);
    const asked: Asked = {
      at: this.#runtime.now(),
      api: api.name,
      version,
      correlationId,
      clientId,
      body,
      peer,
      answer: (content) => {
        peer.send(encode(content));
      },
      frame: encode,
    };
    this.requests.push(asked);
    const answer = this.#answers.get(api.name);
    if (answer !== undefined) {
      const content = answer(asked);
      if (content !== null) asked.answer(content);
    } else if (unknownVersion) {
      const { apiKeys } = this.versions();
      peer.send(
        encodeAnswer(api, 0, correlationId, { errorCode: 35, apiKeys: apiKeys!.filter(({ apiKey }) => apiKey === 18) }),
      );
    } else if (api.key === apiVersionsApi.key) asked.answer(this.versions());
  }
}

function encodeAnswer(api: Api<unknown, unknown>, version: number, correlationId: number, body: object): Uint8Array {
  const writer = new ByteWriter();
  writer.int32(0);
  writer.int32(correlationId);
  if (responseHeaderVersion(api, version) > 0) writer.uvarint(0);
  writeMessage(api.response, version, body, writer);
  writer.patchInt32(0, writer.size - 4);
  return writer.toBytes();
}
