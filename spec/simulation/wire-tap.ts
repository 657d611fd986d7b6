import { apiHandlers } from '../../src/testing/broker/api-handlers.js';
import { readRequest } from '../../src/testing/broker/wire/request-frame.js';
import { decodeResponse } from '../../src/protocol/headers.js';
import { type ClientProcess } from './client-process.js';

/** A request as it left a process. */
export interface SentRequest {
  readonly apiKey: number;
  readonly api: string;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** Decoded when somebody asks. */
  body(): unknown;
}

/** Reads along on one connection of a process: what leaves it and what comes back, as whole frames. */
export class WireTap {
  readonly process: ClientProcess;
  readonly address: string;
  /** Sent and not answered, oldest first. */
  readonly inFlight: SentRequest[] = [];
  /** Until when the broker asked to be left alone (KIP-219). */
  quietUntil = 0;

  constructor(process: ClientProcess, address: string) {
    this.process = process;
    this.address = address;
  }

  sent(bytes: Uint8Array): void {
    const { watches } = this.process.world;
    eachFrame(bytes, (frame) => {
      const request = requestOf(frame);
      for (const watch of watches) watch.sent?.(request, this);
      this.inFlight.push(request);
    });
  }

  /** Bytes of before reach the broker only now. */
  late(bytes: Uint8Array): void {
    const { watches } = this.process.world;
    eachFrame(bytes, (frame) => {
      const request = requestOf(frame);
      for (const watch of watches) watch.late?.(request, this);
    });
  }

  /** @returns the request that is answered */
  received(bytes: Uint8Array): SentRequest | null {
    if (bytes.length < 8) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const correlationId = view.getInt32(4);
    const at = this.inFlight.findIndex((request) => request.correlationId === correlationId);
    if (at < 0) return null;
    // answers come in order: what was skipped has none (acks 0)
    const request = this.inFlight.splice(0, at + 1).at(-1)!;
    if (!this.process.world.isThrottling) return request;
    const { api } = apiHandlers.get(request.apiKey)!;
    try {
      const { body } = decodeResponse(api, request.apiVersion, bytes.subarray(4));
      const ms = (body as { throttleTimeMs?: number }).throttleTimeMs ?? 0;
      if (ms > 0) this.quietUntil = this.process.world.clock.now + ms;
    } catch {
      // a damaged answer says nothing
    }
    return request;
  }
}

/** Frames in bytes that are a whole number of them, without their length. */
export function eachFrame(bytes: Uint8Array, work: (frame: Uint8Array) => void): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + view.getInt32(at);
    work(bytes.subarray(at + 4, end));
    at = end;
  }
}

export function requestOf(frame: Uint8Array): SentRequest {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const apiKey = view.getInt16(0);
  const apiVersion = view.getInt16(2);
  const { api } = apiHandlers.get(apiKey)!;
  return {
    apiKey,
    api: api.name,
    apiVersion,
    correlationId: view.getInt32(4),
    body: () => readRequest(api, apiVersion, frame).body,
  };
}
