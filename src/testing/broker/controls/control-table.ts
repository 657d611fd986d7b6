import { type Call } from '../call.js';
import { type ClusterState } from '../cluster-state.js';

/**
 * What happens to a request that an intercept caught. `when` says whether the broker has done what was asked: `before` is the
 * default, the request has no effect; `after`, it has, and only the answer suffers.
 * @public
 */
export type Interception =
  /** This body is the answer. */
  | { readonly type: 'answer'; readonly body: object }
  /** Everything that was asked for is refused with this error, by number or Kafka name. */
  | { readonly type: 'error'; readonly error: number | string }
  /** Milliseconds of waiting before the request is handled, or before its answer leaves. */
  | { readonly type: 'delay'; readonly ms: number; readonly when?: 'before' | 'after' }
  /** No answer; the connection stays open, and nothing behind the request is answered either. */
  | { readonly type: 'drop'; readonly when?: 'before' | 'after' }
  /** The connection breaks. */
  | { readonly type: 'cut'; readonly when?: 'before' | 'after' }
  /** The request is handled, and one byte of its answer, chosen by the seed behind the header, is damaged. */
  | { readonly type: 'corrupt' };

const types: readonly Interception['type'][] = ['answer', 'error', 'delay', 'drop', 'cut', 'corrupt'];

/** @throws TypeError for a type that does not exist: the request would pass as if nothing was asked for @internal */
export function checkInterception(interception: Interception): void {
  if (types.includes(interception.type)) return;
  throw new TypeError(`There is no interception ${interception.type}, there are ${types.join(', ')}`);
}

/** A request as an intercept sees it. @public */
export interface InterceptedRequest {
  /** Name of the request, `Produce`. */
  readonly api: string;
  /** Its version. */
  readonly apiVersion: number;
  /** As the client has named itself. */
  readonly clientId: string | null;
  /** Node id of the broker that got it. */
  readonly broker: number;
  /** The body by the protocol's field names. */
  readonly body: unknown;
}

/** How an intercept is limited. @public */
export interface InterceptOptions {
  /** It ends by itself after so many requests that it caught. */
  readonly times?: number | undefined;
  /** Only requests to this broker. */
  readonly broker?: number | undefined;
}

interface Rule {
  readonly api: string | null;
  readonly options: InterceptOptions;
  readonly decide: (request: InterceptedRequest) => Interception | null;
  caught: number;
}

/** Intercepts and throttles of a cluster. @internal */
export class Controls {
  readonly #cluster: ClusterState;
  readonly #rules = new Set<Rule>();
  /** Milliseconds by API name, `*` for every API. */
  readonly #throttles = new Map<string, number>();
  /** Sees every request, before it is handled. */
  onRequest: ((request: InterceptedRequest) => void) | null = null;

  constructor(cluster: ClusterState) {
    this.#cluster = cluster;
  }

  intercept(
    api: string | null,
    decide: (request: InterceptedRequest) => Interception | null,
    options: InterceptOptions,
  ): () => void {
    const rule: Rule = { api, decide, options, caught: 0 };
    this.#rules.add(rule);
    return () => {
      this.#rules.delete(rule);
    };
  }

  /** What to do with the request; the first intercept that has an opinion wins. */
  decide(call: Call): Interception | null {
    const request: InterceptedRequest = {
      api: call.api.name,
      apiVersion: call.version,
      clientId: call.clientId,
      broker: call.broker.id,
      body: call.body,
    };
    this.onRequest?.(request);
    for (const rule of [...this.#rules]) {
      if (rule.api !== null && rule.api !== request.api) continue;
      if (rule.options.broker !== undefined && rule.options.broker !== request.broker) continue;
      const decision = rule.decide(request);
      if (decision === null) continue;
      checkInterception(decision);
      if (++rule.caught >= (rule.options.times ?? Infinity)) this.#rules.delete(rule);
      return decision;
    }
    return null;
  }

  throttle(api: string, ms: number): void {
    if (ms > 0) this.#throttles.set(api, ms);
    else this.#throttles.delete(api);
  }

  /** How long a client is told to be quiet, and is not listened to (KIP-219). */
  throttleMs(api: string): number {
    return this.#throttles.get(api) ?? this.#throttles.get('*') ?? 0;
  }

  /** Flips bits of one byte behind the first eight of a frame. */
  damage(frame: Uint8Array): void {
    const { runtime } = this.#cluster;
    if (frame.length <= 8) return;
    const at = 8 + Math.floor(runtime.random() * (frame.length - 8));
    frame[at] = frame[at]! ^ (1 + Math.floor(runtime.random() * 255));
  }
}
