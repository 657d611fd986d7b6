import { checkStorm, type StormVerdict } from './storm-check.js';
import { parseStormLog, type StormLine, type StormLog } from './storm-log.js';
import { killOneIn, planStorm } from './storm-plan.js';

type Plain = StormLine extends infer T ? (T extends unknown ? Omit<T, 't'> : never) : never;

/** Lines at growing times from `at` on, one millisecond apart. */
function log(name: string, at: number, lines: readonly Plain[], killed = false): StormLog {
  return { name, killed, lines: lines.map((line, step) => ({ t: at + step, ...line })) };
}

const opened: Plain = { e: 'opened', p: 0, s: 1 };
const ended: Plain = { e: 'ended', p: 0, s: 1, why: 'revoked' };
const lost: Plain = { e: 'ended', p: 0, s: 1, why: 'lost' };
const answer = (o: number, outcome = 'committed'): Plain => ({ e: 'answer', p: 0, o, outcome });
const delivered = (o: number): Plain => ({ e: 'delivered', p: 0, s: 1, o });
const done = (o: number): Plain => ({ e: 'done', p: 0, s: 1, o });
const worked = (...offsets: number[]): Plain[] => offsets.flatMap((o) => [delivered(o), done(o)]);

const first = log('one', 0, [opened, ...worked(0, 1), answer(2), ended]);
const second = log('two', 100, [opened, ...worked(2, 3), answer(4), ended]);

function check(...logs: StormLog[]): StormVerdict {
  return checkStorm(logs, [4]);
}

describe('a storm', () => {
  it('without a fault has none', () => {
    expect(check(first, second)).toEqual({
      handOvers: 1,
      clean: 1,
      kills: 0,
      lost: 0,
      deadlines: 0,
      repeats: 0,
      longestPauseMs: 0,
      longestSilenceMs: 3,
      records: 4,
      violations: [],
    });
  });

  it('finds a record that nobody worked on to its end', () => {
    const three = log('two', 100, [opened, ...worked(2), delivered(3), answer(4), ended]);
    expect(check(first, three).violations).toContain('partition 0: 1 records lost, the first at offset 3');
    expect(check(first).violations).toEqual(['partition 0: 2 records lost, the first at offset 2']);
  });

  it('finds a record that is repeated after an orderly hand-over', () => {
    const again = log('two', 100, [opened, ...worked(1, 2, 3), answer(4), ended]);
    const verdict = check(first, again);
    expect(verdict.repeats).toBe(1);
    expect(verdict.violations).toEqual(['two/0#1: repeats what one/0#1 had done, from offset 1 on']);
  });

  it('finds a repetition in one stream', () => {
    const twice = log('two', 100, [opened, ...worked(2, 2, 3), answer(4), ended]);
    expect(check(first, twice).violations).toContain('two/0#1: delivered 2 after 2');
  });

  it('finds a first delivery before the last commit answer of the owner before', () => {
    const late = log('one', 0, [opened, ...worked(0, 1)]);
    const lines = [...late.lines, { t: 200, ...answer(2) }, { t: 201, ...ended }] as StormLine[];
    expect(check({ ...late, lines }, second).violations).toEqual([
      'two/0#1: first delivery 99.0 ms before the last commit answer of one/0#1',
    ]);
  });

  it('finds a commit answer that comes after the hand-over', () => {
    const lines = [...first.lines, { t: 150, ...answer(2) }] as StormLine[];
    expect(check({ ...first, lines }, second).violations).toEqual([
      'two/0#1: first delivery 49.0 ms before the last commit answer of one/0#1',
    ]);
  });

  it('finds a delivery of the owner before after the first one of the next', () => {
    const lines = [{ t: 102, ...opened }, ...log('two', 103, [...worked(2, 3), answer(4), ended]).lines] as StormLine[];
    const slow = [...log('one', 0, [opened, ...worked(0)]).lines, ...log('', 110, [...worked(1)]).lines];
    const logs = [
      { name: 'one', killed: false, lines: [...slow, { t: 120, ...answer(2) }, { t: 121, ...ended }] as StormLine[] },
      { name: 'two', killed: false, lines },
    ];
    expect(check(...logs).violations).toContain('two/0#1: first delivery 7.0 ms before the last delivery of one/0#1');
  });

  it('finds a hand-over before the commit, before the work was done, and deliveries afterwards', () => {
    const uncommitted = log('one', 0, [opened, ...worked(0, 1), answer(1), ended]);
    expect(check(uncommitted, second).violations).toEqual(['one/0#1: given up at 2, the last answered commit is 1']);
    const refused = log('one', 0, [opened, ...worked(0, 1), answer(2, 'fenced'), ended]);
    expect(check(refused, second).violations).toEqual(['one/0#1: given up at 2, the last answered commit is none']);
    const undone = log('one', 0, [opened, delivered(0), delivered(1), done(1), answer(2), ended]);
    expect(check(undone, second).violations).toContain('one/0#1: given up before 0 was done');
    const zombie = log('one', 0, [opened, ...worked(0), ended, ...worked(1), answer(2)]);
    expect(check(zombie, second).violations).toContain('one/0#1: delivered 1 after its end');
  });

  it('finds a stream that never ended and a member that failed', () => {
    const endless = log('one', 0, [opened, ...worked(0, 1), answer(2)]);
    expect(check(endless, second).violations).toEqual(['one/0#1: the process ended and its stream did not']);
    const failed = log('three', 0, [{ e: 'failed', text: 'why' }]);
    expect(check(first, second, failed).violations).toEqual(['three: failed, why']);
  });

  it('excuses repetitions after a kill, a loss and a deadline, each counted', () => {
    const again = log('two', 100, [opened, ...worked(1, 2, 3), answer(4), ended]);
    const killed = log('one', 0, [opened, ...worked(0, 1), answer(1)], true);
    expect(check(killed, again)).toMatchObject({ kills: 1, clean: 0, repeats: 1, violations: [] });
    const gone = log('one', 0, [opened, ...worked(0, 1), answer(1), lost]);
    expect(check(gone, again)).toMatchObject({ lost: 1, clean: 0, repeats: 1, violations: [] });
    const late = log('one', 0, [opened, ...worked(0, 1), answer(1), ended, { e: 'abandoned', p: 0, o: 1 }]);
    expect(check(late, again)).toMatchObject({ deadlines: 1, clean: 0, repeats: 1, violations: [] });
  });

  it('excuses no repetition of what an orderly owner had done before the kill', () => {
    const killed = log('two', 100, [opened, ...worked(2)], true);
    const third = log('three', 200, [opened, ...worked(1, 2, 3), answer(4), ended]);
    const verdict = check(first, killed, third);
    expect(verdict.repeats).toBe(2);
    expect(verdict.violations).toEqual(['three/0#1: repeats what one/0#1 had done, from offset 1 on']);
  });

  it('measures the longest pause as long as its samples follow each other', () => {
    const paused = [0, 100, 200, 300, 1000, 1100].map((t): StormLine => ({ t, e: 'paused', p: 0, s: 1, why: ['x'] }));
    const lines = [{ t: -1, ...opened } as StormLine, ...paused, ...first.lines.slice(1)];
    expect(check({ ...first, lines }, second).longestPauseMs).toBe(300);
  });
});

describe('silence', () => {
  const at = (t: number, line: Plain): StormLine => ({ t, ...line });
  const revoking: Plain = { e: 'revoking', p: 0, s: 1 };
  const lines = [at(0, opened), at(50, delivered(0)), at(60, delivered(1)), at(100, done(0)), at(100, done(1))];

  it('is measured from delivery to delivery, and up to the revocation', () => {
    const later = [...lines, at(260, delivered(2)), at(261, done(2)), at(270, revoking), at(900, answer(3))];
    const ending = [...later, at(901, ended)];
    expect(checkStorm([{ name: 'one', killed: false, lines: ending }], [3])).toMatchObject({
      longestSilenceMs: 200,
      violations: [],
    });
    const stuck = [...lines, at(700, revoking), at(701, answer(2)), at(702, ended)];
    expect(checkStorm([{ name: 'one', killed: false, lines: stuck }], [2]).longestSilenceMs).toBe(640);
  });

  it('does not count after the load has ended, nor for one that was killed', () => {
    const stuck = [...lines, at(700, revoking), at(701, answer(2)), at(702, ended)];
    expect(checkStorm([{ name: 'one', killed: false, lines: stuck }], [2], 65).longestSilenceMs).toBe(10);
    expect(checkStorm([{ name: 'one', killed: true, lines }], [2]).longestSilenceMs).toBe(10);
    const early = { name: 'two', killed: true, lines: [at(400, opened)] };
    expect(checkStorm([{ name: 'one', killed: true, lines }, early], [2]).longestSilenceMs).toBe(10);
  });
});

it('reads a log up to the line in which its process was killed', () => {
  const { lines } = parseStormLog('one', true, '{"t":1,"e":"started"}\n{"t":2,"e":"clo');
  expect(lines).toEqual([{ t: 1, e: 'started' }]);
});

describe('a plan', () => {
  const shape = { steps: 90, members: { first: 8, least: 4, most: 8 } };

  it('follows from the seed', () => {
    expect(planStorm(7, shape)).toEqual(planStorm(7, shape));
    expect(planStorm(7, shape)).not.toEqual(planStorm(8, shape));
  });

  it('stays within its members, and one in five steps at most is a kill', () => {
    for (let seed = 0; seed < 50; seed++) {
      const plan = planStorm(seed, shape);
      let living = 8;
      const counts = plan.map((step) => (living += step.do === 'join' ? 1 : -1));
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(4);
      expect(Math.max(...counts)).toBeLessThanOrEqual(8);
      const kills = plan.filter((step) => step.do === 'kill').length;
      expect(kills).toBeGreaterThan(5);
      expect(kills * killOneIn).toBeLessThanOrEqual(plan.length);
    }
  });
});
