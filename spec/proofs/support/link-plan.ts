import { type ProxyDirection } from '../../support/kafka/proxy.js';
import { randomFrom } from './seeded-random.js';

/** What is done to the way to one broker. */
export type LinkTrouble =
  | { readonly do: 'cut' }
  | { readonly do: 'delay'; readonly ms: number; readonly directions: readonly ProxyDirection[] }
  | {
      readonly do: 'blackout';
      readonly directions: readonly ProxyDirection[];
      readonly held: 'dropped' | 'late';
      readonly lateMs: number;
    };

/** One fault; times in milliseconds from the start of the run. */
export type LinkFault = LinkTrouble & { readonly broker: number; readonly at: number; readonly until: number };

export interface LinkPlanShape {
  readonly brokers: number;
  readonly durationMs: number;
  readonly longestBlackoutMs: number;
  /** Healthy time of a broker's way between two of its faults, at least; at most twice that. */
  readonly calmMs: number;
  /** Held bytes of connections that were open when a blackout began come so much after its end, at most. */
  readonly longestLateMs: number;
}

const both: readonly ProxyDirection[] = ['toBroker', 'toClient'];
const sides: readonly (readonly ProxyDirection[])[] = [both, ['toBroker'], ['toClient']];

/**
 * The faults of a run, by the seed alone, sorted by time. Each broker has a sequence of its own, so that any number of brokers
 * may be in trouble at once. Every run has a blackout of full length whose requests arrive late, one that loses everything, and,
 * with three brokers, one that holds answers alone.
 */
export function planLinkFaults(seed: number, shape: LinkPlanShape): readonly LinkFault[] {
  const { brokers, durationMs, longestBlackoutMs, calmMs, longestLateMs } = shape;
  const random = randomFrom(seed);
  const plan: LinkFault[] = [];
  for (let broker = 1; broker <= brokers; broker++) {
    let at = 200 + Math.round(random() * calmMs);
    for (let step = 0; ; step++) {
      const first = step === 0 ? firstOf(broker, longestLateMs) : null;
      const trouble = first ?? anyTrouble(random, longestLateMs);
      const part = first !== null && broker === 1 ? 1 : 0.1 + random() * (trouble.do === 'blackout' ? 0.9 : 0.3);
      const until = trouble.do === 'cut' ? at : at + Math.round(longestBlackoutMs * part);
      if (until > durationMs) {
        if (first !== null) throw new Error('The run is too short for the blackouts that it has to have');
        break;
      }
      plan.push({ ...trouble, broker, at, until });
      at = until + calmMs + Math.round(random() * calmMs);
    }
  }
  return plan.sort((left, right) => left.at - right.at);
}

function firstOf(broker: number, longestLateMs: number): LinkTrouble | null {
  if (broker === 1) return { do: 'blackout', directions: ['toBroker'], held: 'late', lateMs: longestLateMs };
  if (broker === 2) return { do: 'blackout', directions: both, held: 'dropped', lateMs: 0 };
  return broker === 3 ? { do: 'blackout', directions: ['toClient'], held: 'late', lateMs: 0 } : null;
}

function anyTrouble(random: () => number, longestLateMs: number): LinkTrouble {
  const kind = random();
  if (kind < 0.25) return { do: 'cut' };
  const directions = sides[Math.floor(random() * sides.length)]!;
  if (kind < 0.45) return { do: 'delay', ms: Math.round(20 + random() * 780), directions };
  const held = random() < 0.5 ? 'late' : 'dropped';
  return { do: 'blackout', directions, held, lateMs: held === 'late' ? Math.round(random() * longestLateMs) : 0 };
}
