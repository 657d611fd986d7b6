import { setTimeout as sleep } from 'node:timers/promises';
import { startProxiedCluster } from '../support/kafka/proxied-cluster.js';
import { type Proof, type ProofReport } from '../support/proof.js';
import { EndTxnHold } from './support/end-txn-hold.js';
import { type MemberProcess } from './support/member-process.js';
import { ZombieCase, type ZombieScript } from './support/zombie-case.js';

/** A broker looks for transactions that are too old more often than it would. */
const brokerProperties = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000' };

const told = ({ events }: MemberProcess, type: string, since = 0): number =>
  events.slice(since).filter((event) => event.type === type).length;

/** What a member has to do that was stopped longer than its session: hear of the loss, join again, and go on. */
async function comesBack(zombie: ZombieCase, member: MemberProcess, since: number): Promise<void> {
  await zombie.until(`${member.name} reports the loss`, () => told(member, 'lost', since) > 0);
  await zombie.until(`${member.name} has partitions again`, () => member.held.size > 0);
  await zombie.goesOn(member, member.events.length);
  zombie.say('it reported the loss, joined again and went on');
}

const stoppedPastSession: ZombieScript = async (zombie) => {
  const [one, two] = [zombie.start('1'), zombie.start('2')];
  await zombie.works(one, two);
  one.kill('SIGSTOP');
  await zombie.holdsAll(two);
  const since = one.events.length;
  one.kill('SIGCONT');
  await comesBack(zombie, one, since);
};

const takenOver: ZombieScript = async (zombie) => {
  const one = zombie.start('same');
  await zombie.works(one);
  one.kill('SIGSTOP');
  const two = zombie.start('same');
  await zombie.holdsAll(two);
  await zombie.goesOn(two, two.events.length);
  one.kill('SIGCONT');
  await zombie.until('the first one ends', () => one.over);
  const failed = one.events.find(({ type }) => type === 'failed')?.error ?? 'no error';
  if (!/fenced/i.test(failed)) throw new Error(`It ended without the fencing error: ${failed}`);
  zombie.say(`the one that was replaced ended with: ${failed}`);
};

/** Stopped while its offsets are sent and the end of its transaction is not; continued while the transaction stands. */
const lateCommit: ZombieScript = async (zombie) => {
  const [one, two] = [zombie.start('1', { transactionTimeoutMs: 30_000 }), zombie.start('2')];
  await zombie.works(one, two);
  await zombie.beforeEndTxn(one);
  one.kill('SIGSTOP');
  await zombie.holdsAll(two);
  const since = one.events.length;
  one.kill('SIGCONT');
  zombie.release(one);
  await comesBack(zombie, one, since);
};

/** The same, continued when the broker has aborted the transaction. */
const tooLateCommit: ZombieScript = async (zombie) => {
  const [one, two] = [zombie.start('1'), zombie.start('2')];
  await zombie.works(one, two);
  await zombie.beforeEndTxn(one);
  one.kill('SIGSTOP');
  await zombie.holdsAll(two);
  await sleep(10_000);
  const since = one.events.length;
  one.kill('SIGCONT');
  zombie.release(one);
  await comesBack(zombie, one, since);
};

/** A transaction that the broker ends while its member keeps its partitions. */
const timedOut: ZombieScript = async (zombie) => {
  const one = zombie.start('1', { sessionTimeoutMs: 30_000, transactionTimeoutMs: 4000 });
  await zombie.works(one);
  await zombie.beforeEndTxn(one);
  one.kill('SIGSTOP');
  await sleep(7000);
  const since = one.events.length;
  one.kill('SIGCONT');
  zombie.release(one);
  await zombie.until('the window is aborted', () => told(one, 'discontinuity by abort', since) > 0);
  await zombie.goesOn(one, one.events.length);
  if (told(one, 'lost') > 0) throw new Error('It lost its partitions, the session was long enough');
  zombie.say('its window was aborted and came again, and its producer went on');
};

const cases: readonly { readonly name: string; readonly script: ZombieScript; readonly short: boolean }[] = [
  { name: 'stopped past its session', script: stoppedPastSession, short: true },
  { name: 'replaced under its transactional id', script: takenOver, short: false },
  { name: 'stopped before EndTxn, back in time', script: lateCommit, short: false },
  { name: 'stopped before EndTxn, back too late', script: tooLateCommit, short: false },
  { name: 'timed out at the broker', script: timedOut, short: true },
];

export const proof: Proof = {
  name: 'zombies',
  describe: 'pipelines that stop in the middle and come back, or are replaced, leave every input exactly once',
  async run({ scale }) {
    const hold = new EndTxnHold();
    const brokers = scale === 'short' ? 1 : 3;
    const rig = await startProxiedCluster({ brokers, properties: brokerProperties }, hold.watch);
    const running = cases
      .filter(({ short }) => short || scale === 'full')
      .map(({ name, script }) => new ZombieCase(name, script, rig, hold, scale === 'full'));
    const reports: ProofReport[] = [];
    try {
      // two at a time: each has its topics and its group, and most of the time is waiting
      for (let at = 0; at < running.length; at += 2) {
        reports.push(...(await Promise.all(running.slice(at, at + 2).map((one) => one.run()))));
      }
      return { passed: reports.every(({ passed }) => passed), lines: reports.flatMap(({ lines }) => lines) };
    } finally {
      await Promise.all(running.map((one) => one.end()));
      await rig.stop();
    }
  },
};
