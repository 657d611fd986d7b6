import { type StormLog } from './storm-log.js';

/** How a session, one stream of a partition in one process, came to its end. */
export type Ending = 'given up' | 'lost' | 'deadline' | 'killed' | 'open';

interface Session {
  readonly process: string;
  readonly partition: number;
  readonly epoch: number;
  readonly openedAt: number;
  readonly delivered: { readonly offset: number; readonly at: number }[];
  readonly done: Set<number>;
  lastAnswerAt: number | null;
  /** Highest offset that the group took. */
  committed: number | null;
  revokingAt: number | null;
  endedAt: number | null;
  ending: Ending;
  /** Longest uninterrupted pause while it was kept. */
  pausedMs: number;
  pausedSince: number | null;
  pausedLast: number;
}

export interface StormVerdict {
  /** Changes of the process that reads a partition. */
  readonly handOvers: number;
  /** Of these, without kill, `lost` or deadline event of the owner before. */
  readonly clean: number;
  readonly kills: number;
  readonly lost: number;
  readonly deadlines: number;
  readonly repeats: number;
  /** Longest time a kept partition had a reason not to deliver that neither user nor window set, milliseconds. */
  readonly longestPauseMs: number;
  /** Longest time between two deliveries of a partition that was kept, while records were being written, milliseconds. */
  readonly longestSilenceMs: number;
  readonly records: number;
  /** What must not be, one sentence each. */
  readonly violations: readonly string[];
}

/** Two samples further apart than this are two pauses, milliseconds. */
const sampleGapMs = 350;

/**
 * Holds the logs of a storm against the claim. Judges by order alone, on the one clock of the host:
 * - every offset below `ends` was worked on to its end by somebody;
 * - what a session did not end by kill, loss or deadline is delivered by no later session, was committed by its own, and the
 *   later owner's first delivery comes after the last commit answer and the last delivery of it;
 * - a session delivers ascending offsets, each once.
 *
 * @param ends - past-the-end offset per partition; the topic has no gaps
 * @param writtenUntil - when the load ended: a partition may be silent afterwards
 */
export function checkStorm(logs: readonly StormLog[], ends: readonly number[], writtenUntil = Infinity): StormVerdict {
  const violations: string[] = [];
  const sessions = logs.flatMap((log) => sessionsOf(log, violations));
  const facts = { handOvers: 0, clean: 0, kills: 0, lost: 0, deadlines: 0, repeats: 0 };
  ends.forEach((end, partition) => {
    const chain = sessions
      .filter((session) => session.partition === partition)
      .sort((left, right) => left.openedAt - right.openedAt);
    checkLoss(partition, end, chain, violations);
    for (const session of chain) checkSession(session, violations);
    checkOrder(chain, violations);
    facts.repeats += countRepeats(chain, violations);
    chain.forEach((session, at) => {
      if (session.ending === 'lost') facts.lost++;
      if (session.ending === 'deadline') facts.deadlines++;
      const next = chain[at + 1];
      if (next === undefined || next.process === session.process) return;
      facts.handOvers++;
      if (session.ending === 'given up') facts.clean++;
      if (session.ending === 'killed') facts.kills++;
    });
  });
  const longestPauseMs = sessions.reduce((longest, { pausedMs }) => Math.max(longest, pausedMs), 0);
  const longestSilenceMs = sessions.reduce(
    (longest, session) => Math.max(longest, silenceOf(session, writtenUntil)),
    0,
  );
  return { ...facts, longestPauseMs, longestSilenceMs, records: ends.reduce((sum, end) => sum + end, 0), violations };
}

function sessionsOf(log: StormLog, violations: string[]): Session[] {
  const all: Session[] = [];
  const current = new Map<number, Session>();
  const of = (partition: number, epoch: number, what: string): Session | undefined => {
    const found = all.findLast((session) => session.partition === partition && session.epoch === epoch);
    if (found === undefined) violations.push(`${log.name}: ${what} of partition ${partition} without a stream`);
    return found;
  };
  for (const line of log.lines) {
    switch (line.e) {
      case 'opened': {
        const before = current.get(line.p);
        if (before?.ending === 'open')
          violations.push(`${log.name}: partition ${line.p} began anew before it had ended`);
        const session = newSession(log.name, line.p, line.s, line.t);
        all.push(session);
        current.set(line.p, session);
        break;
      }
      case 'delivered': {
        const session = of(line.p, line.s, 'delivery');
        session?.delivered.push({ offset: line.o, at: line.t });
        if (session !== undefined && session.ending !== 'open')
          violations.push(`${name(session)}: delivered ${line.o} after its end`);
        break;
      }
      case 'done':
        of(line.p, line.s, 'work')?.done.add(line.o);
        break;
      case 'answer': {
        // an answer names no epoch: it is that of the stream which is there, or was last
        const session = current.get(line.p);
        if (session === undefined) break;
        session.lastAnswerAt = line.t;
        if (line.outcome === 'committed') session.committed = Math.max(session.committed ?? 0, line.o);
        break;
      }
      case 'abandoned': {
        const session = current.get(line.p);
        if (session !== undefined && session.ending !== 'lost') session.ending = 'deadline';
        break;
      }
      case 'revoking': {
        const session = of(line.p, line.s, 'revocation');
        if (session !== undefined) session.revokingAt ??= line.t;
        break;
      }
      case 'ended': {
        const session = of(line.p, line.s, 'end');
        if (session === undefined) break;
        session.endedAt = line.t;
        if (session.ending === 'open') session.ending = line.why === 'lost' ? 'lost' : 'given up';
        break;
      }
      case 'paused': {
        const session = of(line.p, line.s, 'pause');
        if (session === undefined) break;
        if (session.pausedSince === null || line.t - session.pausedLast > sampleGapMs) session.pausedSince = line.t;
        session.pausedLast = line.t;
        session.pausedMs = Math.max(session.pausedMs, line.t - session.pausedSince);
        break;
      }
      case 'failed':
        violations.push(`${log.name}: failed, ${line.text ?? ''}`);
        break;
      default:
        break;
    }
  }
  for (const session of all) {
    if (session.ending !== 'open') continue;
    if (log.killed) session.ending = 'killed';
    else violations.push(`${name(session)}: the process ended and its stream did not`);
  }
  return all;
}

function newSession(process: string, partition: number, epoch: number, openedAt: number): Session {
  return {
    process,
    partition,
    epoch,
    openedAt,
    delivered: [],
    done: new Set<number>(),
    lastAnswerAt: null,
    committed: null,
    revokingAt: null,
    endedAt: null,
    ending: 'open',
    pausedMs: 0,
    pausedSince: null,
    pausedLast: 0,
  };
}

function checkLoss(partition: number, end: number, chain: readonly Session[], violations: string[]): void {
  let missing = 0;
  let first = -1;
  for (let offset = 0; offset < end; offset++) {
    if (chain.some(({ done }) => done.has(offset))) continue;
    missing++;
    if (first < 0) first = offset;
  }
  if (missing > 0) violations.push(`partition ${partition}: ${missing} records lost, the first at offset ${first}`);
}

function checkSession(session: Session, violations: string[]): void {
  const { delivered, done, ending, committed } = session;
  for (let at = 1; at < delivered.length; at++) {
    const [before, now] = [delivered[at - 1]!, delivered[at]!];
    if (now.offset > before.offset) continue;
    violations.push(`${name(session)}: delivered ${now.offset} after ${before.offset}`);
    break;
  }
  if (ending !== 'given up') return;
  const undone = delivered.find(({ offset }) => !done.has(offset));
  if (undone !== undefined) violations.push(`${name(session)}: given up before ${undone.offset} was done`);
  const last = delivered.at(-1);
  if (last !== undefined && committed !== last.offset + 1)
    violations.push(
      `${name(session)}: given up at ${last.offset + 1}, the last answered commit is ${committed ?? 'none'}`,
    );
}

/** The owner before must have heard the answer to its last commit, and have delivered its last record. */
function checkOrder(chain: readonly Session[], violations: string[]): void {
  chain.forEach((session, at) => {
    const first = session.delivered[0]?.at;
    if (first === undefined) return;
    for (const before of chain.slice(0, at)) {
      if (before.ending !== 'given up') continue;
      const delivery = before.delivered.at(-1)?.at ?? -Infinity;
      const answer = before.lastAnswerAt ?? -Infinity;
      if (answer >= first)
        violations.push(
          `${name(session)}: first delivery ${ms(answer - first)} before the last commit answer of ${name(before)}`,
        );
      if (delivery >= first)
        violations.push(
          `${name(session)}: first delivery ${ms(delivery - first)} before the last delivery of ${name(before)}`,
        );
    }
  });
}

function countRepeats(chain: readonly Session[], violations: string[]): number {
  const latest = new Map<number, Session>();
  let repeats = 0;
  const told = new Set<string>();
  for (const session of chain) {
    for (const { offset } of session.delivered) {
      const before = latest.get(offset);
      latest.set(offset, session);
      if (before === undefined) continue;
      repeats++;
      if (before !== session && before.ending !== 'given up') continue;
      const who = `${name(session)}: repeats what ${name(before)} had done`;
      if (!told.has(who)) violations.push(`${who}, from offset ${offset} on`);
      told.add(who);
    }
  }
  return repeats;
}

/** From delivery to delivery, the last one to the end of keeping it. */
function silenceOf({ delivered, revokingAt, endedAt }: Session, writtenUntil: number): number {
  const until = Math.min(revokingAt ?? endedAt ?? delivered.at(-1)?.at ?? -Infinity, writtenUntil);
  if (until === -Infinity) return 0; // killed before it delivered anything
  let longest = 0;
  let before = Math.min(delivered[0]?.at ?? until, until);
  for (const { at } of delivered) {
    if (at > until) break;
    longest = Math.max(longest, at - before);
    before = at;
  }
  return Math.max(longest, until - before);
}

function name({ process, partition, epoch }: Session): string {
  return `${process}/${partition}#${epoch}`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
