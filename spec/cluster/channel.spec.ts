import type { BrokerChannel } from '../../src/cluster/channel-pool.js';
import {
  ConnectionClosedError,
  ConnectionError,
  ConnectTimeoutError,
  RequestTimeoutError,
} from '../../src/errors/connection-error.js';
import { UnsupportedVersionError } from '../../src/errors/protocol-error.js';
import { ClientClosedError, UsageError } from '../../src/errors/usage-error.js';
import { heartbeatApi, type HeartbeatResponse } from '../../src/protocol/messages/heartbeat.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';
import { produceApi } from '../../src/protocol/messages/produce.js';
import { ClusterBench, type Outcome } from './support.js';

let bench: ClusterBench;
let channel: BrokerChannel;

beforeEach(() => {
  bench = new ClusterBench();
  bench.brokers.forEach((broker) => broker.on(heartbeatApi, () => ({ errorCode: 0 })));
  bench.run(bench.outcome((done) => bench.cluster.metadata.refresh('spec', done)));
  channel = bench.cluster.channels('spec').broker(3);
});
afterEach(() => {
  bench.end();
});

const beat = (timeoutMs?: number, on = channel): Outcome<HeartbeatResponse> =>
  bench.outcome((done) => on.call(heartbeatApi, { groupId: 'g' }, { timeoutMs }, done));
const dials = (): number[] => bench.runtime.dials.filter(({ host }) => host === 'b3').map(({ at }) => at);

it('[KJ#1768] dials for the first call only, and keeps the process alive while calls are open', () => {
  bench.runtime.advance(1000);
  expect(dials()).toEqual([]);
  expect(channel.connected).toBe(false);
  const outcomes = [beat(), beat()];
  expect(bench.runtime.alive).toBe(1);
  expect(channel.inFlight).toBe(2);
  outcomes.forEach((outcome) => {
    bench.run(outcome);
  });
  expect(outcomes.map(({ error }) => error)).toEqual([null, null]);
  expect(dials()).toHaveLength(1);
  expect(channel.connected).toBe(true);
  expect(bench.runtime.alive).toBe(0);
  expect(bench.events).toContainEqual({ type: 'connected', broker: 3, host: 'b3', port: 9003 });
});

it('knows the version of a call once somebody has spoken with that broker', () => {
  expect(channel.version(heartbeatApi)).toBeNull();
  bench.run(beat());
  expect(channel.version(heartbeatApi)).toBe(heartbeatApi.maxVersion);
  expect(channel.version(heartbeatApi, 2)).toBe(2);
  expect(bench.cluster.channels('other').broker(3).version(heartbeatApi)).toBe(heartbeatApi.maxVersion);
});

it('gives the body the version that is used', () => {
  const seen: number[] = [];
  const body = (version: number): object => {
    seen.push(version);
    return { groupId: 'g' };
  };
  bench.run(bench.outcome((done) => channel.call(heartbeatApi, body, { maxVersion: 2 }, done)));
  expect(seen).toEqual([2]);
});

it('fails what waits when the dial fails, and dials again after a back-off that grows', () => {
  bench.broker(3).stop();
  for (let i = 0; i < 7; i++) {
    const outcome = beat();
    bench.run(outcome);
    // a plain ConnectionError: it was never sent
    expect(outcome.error!.constructor).toBe(ConnectionError);
  }
  const at = dials();
  const waits = at.slice(1).map((time, index) => time - at[index]!);
  // 50 * 2^n, capped at 1000, spread by 20 %, plus the dial itself
  [50, 100, 200, 400, 800, 1000].forEach((base, index) => {
    expect(waits[index]).toBeGreaterThanOrEqual(base * 0.8);
    expect(waits[index]).toBeLessThanOrEqual(base * 1.2 + 3);
  });
  bench.broker(3).start();
  const outcome = beat();
  bench.run(outcome);
  expect(outcome.error).toBeNull();
  const closed = bench.events.filter(({ type }) => type === 'disconnected');
  expect(closed.filter((event) => 'broker' in event && event.broker === 3)).toHaveLength(7);
});

it('begins with the shortest back-off again after it was connected', () => {
  bench.broker(3).stop();
  for (let i = 0; i < 5; i++) bench.run(beat());
  bench.broker(3).start();
  bench.run(beat());
  bench.broker(3).stop();
  bench.runtime.advance(5);
  bench.broker(3).start();
  const outcome = beat();
  const before = bench.runtime.now();
  bench.run(outcome);
  expect(outcome.error).toBeNull();
  expect(bench.runtime.now() - before).toBeLessThan(70);
});

it('[B42] fails with the connection what was sent, and dials again for the next call', () => {
  bench.broker(3).on(heartbeatApi, ({ peer }) => {
    peer.fail();
    return null;
  });
  const broken = beat();
  bench.run(broken);
  expect(broken.error).toBeInstanceOf(ConnectionClosedError);
  bench.broker(3).on(heartbeatApi, () => ({ errorCode: 0 }));
  const next = beat();
  bench.run(next);
  expect(next.error).toBeNull();
  expect(dials()).toHaveLength(2);
});

it('ends a call that waited for the connection at its deadline', () => {
  bench.broker(3).stop();
  bench.runtime.unlisten('b3', 9003, true);
  const outcome = beat(300);
  bench.runtime.advance(299);
  expect(outcome.times).toBe(0);
  bench.runtime.advance(1);
  expect(outcome.error).toBeInstanceOf(ConnectTimeoutError);
  const longer = beat();
  bench.runtime.advance(10_000);
  expect(longer.error).toBeInstanceOf(ConnectTimeoutError);
});

it('[B43] tells of a request that was sent and not answered in time', () => {
  bench.broker(3).on(heartbeatApi, () => null);
  const outcome = beat(500);
  bench.runtime.advance(500);
  expect(outcome.error).toBeInstanceOf(RequestTimeoutError);
  expect(bench.broker(3).live).toHaveLength(0);
});

it('forgets a cancelled call, waiting or sent', () => {
  let answered = 0;
  const count = (): void => {
    answered++;
  };
  const cancelWaiting = channel.call(heartbeatApi, {}, {}, count);
  cancelWaiting();
  expect(bench.runtime.alive).toBe(0);
  bench.run(beat());
  const cancelSent = channel.call(heartbeatApi, {}, {}, count);
  cancelSent();
  cancelSent();
  expect(channel.inFlight).toBe(0);
  bench.run(beat());
  expect(answered).toBe(0);
});

it('answers in a later turn what cannot be sent', () => {
  bench.run(beat());
  const unsupported = bench.outcome((done) => channel.call(produceApi, {}, { maxVersion: 2 }, done));
  const unwritable = bench.outcome((done) => channel.call(heartbeatApi, { generationId: 2 ** 40 }, {}, done));
  const thrown = bench.outcome((done) =>
    channel.call(
      heartbeatApi,
      () => {
        throw new TypeError('of the caller');
      },
      {},
      done,
    ),
  );
  const unknown = bench.outcome((done) => bench.cluster.control.broker(77).call(heartbeatApi, {}, {}, done));
  bench.runtime.advance(1);
  expect(unsupported.error).toBeInstanceOf(UnsupportedVersionError);
  expect(unwritable.error).toBeInstanceOf(UsageError);
  expect(thrown.error).toMatchObject({ cause: { message: 'of the caller' } });
  expect(unknown.error).toBeInstanceOf(ConnectionError);
  expect(channel.connected).toBe(true);
});

it('sends nothing for as long as the broker asked for, other than what was in flight', () => {
  bench.broker(3).on(heartbeatApi, () => ({ throttleTimeMs: 400 }));
  bench.run(beat());
  expect(bench.events).toContainEqual({ type: 'throttled', broker: 3, throttleTimeMs: 400 });
  const from = bench.runtime.now();
  const outcome = beat();
  bench.run(outcome);
  expect(bench.broker(3).asked(heartbeatApi).at(-1)!.at - from).toBe(401);
  expect(bench.runtime.now() - from).toBe(402);
});

it('[D#252] is closed by its idle limit without an error, and without a refresh', () => {
  bench.run(beat());
  const questions = bench.questions.length;
  bench.runtime.advance(1_100_000);
  expect(channel.connected).toBe(false);
  expect(bench.events.at(-1)).toMatchObject({ type: 'disconnected', error: null });
  expect(bench.questions).toHaveLength(questions);
  const outcome = beat();
  bench.run(outcome);
  expect(outcome.error).toBeNull();
});

it('settles everything with ClientClosedError when its pool closes, and every call afterwards', () => {
  const pool = bench.cluster.channels('spec');
  const owned = pool.broker(2);
  bench.run(beat(undefined, owned));
  bench.broker(2).on(heartbeatApi, () => null);
  const sent = beat(undefined, owned);
  const waiting = beat(undefined, pool.broker(3));
  pool.close();
  pool.close();
  const late = beat(undefined, owned);
  const later = beat(undefined, pool.broker(1));
  bench.runtime.advance(2);
  for (const { error, times } of [sent, waiting, late, later]) {
    expect(error).toBeInstanceOf(ClientClosedError);
    expect(times).toBe(1);
  }
  expect(channel.connected).toBe(false);
  bench.run(beat());
});

it('leaves no entries for requests without an answer', () => {
  const outcomes = Array.from({ length: 10 }, () =>
    bench.outcome((done) => channel.call(produceApi, { acks: 0 }, { expectResponse: false }, done)),
  );
  bench.run(outcomes[9]!);
  expect(outcomes.map(({ error }) => error)).toEqual(new Array(10).fill(null));
  expect(channel.inFlight).toBe(0);
  bench.runtime.advance(5);
  expect(bench.broker(3).asked(produceApi)).toHaveLength(10);
  expect(bench.broker(3).asked(metadataApi)).toHaveLength(0);
});
