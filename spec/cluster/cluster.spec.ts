import { ConnectionError, ConnectTimeoutError, RequestTimeoutError } from '../../src/errors/connection-error.js';
import { ProtocolDecodeError, UnsupportedVersionError } from '../../src/errors/protocol-error.js';
import { ClientClosedError } from '../../src/errors/usage-error.js';
import { apiVersionsApi } from '../../src/protocol/messages/api-versions.js';
import { initProducerIdApi, type InitProducerIdResponse } from '../../src/protocol/messages/init-producer-id.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';
import { ClusterBench, type Outcome } from './support.js';

let bench: ClusterBench;

const ask = (timeoutMs?: number): Outcome<InitProducerIdResponse> =>
  bench.outcome((done) => bench.cluster.callAny(initProducerIdApi, {}, { timeoutMs }, done));
const refresh = (): Outcome<true> => bench.outcome((done) => bench.cluster.metadata.refresh('spec', done));
const hosts = (): string[] => bench.runtime.dials.map(({ host }) => host);

function start(...options: ConstructorParameters<typeof ClusterBench>): void {
  bench = new ClusterBench(...options);
  for (const [index, broker] of bench.brokers.entries())
    broker.on(initProducerIdApi, () => ({ producerId: index + 1 }));
}

beforeEach(() => {
  start();
});
afterEach(() => {
  bench.end();
});

describe('bootstrap', () => {
  it('[PL#318] goes on to the next server when one is refused, at once', () => {
    bench.broker(1).stop();
    for (let i = 0; i < 2; i++) {
      const outcome = refresh();
      bench.run(outcome);
      expect(outcome.error).toBeNull();
    }
    expect(bench.runtime.now()).toBeLessThan(300);
  });

  it('[PL#318] goes on to the next server when one does not answer within connectTimeoutMs', () => {
    start({ connectTimeoutMs: 1000 });
    bench.runtime.unlisten('b1', 9001, true);
    bench.runtime.unlisten('b2', 9002, true);
    const outcome = ask();
    bench.runtime.advance(500);
    bench.broker(1).start();
    bench.broker(2).start();
    bench.run(outcome);
    expect(new Set(hosts().slice(0, 2))).toEqual(new Set(['b1', 'b2']));
    expect(outcome.at).toBeLessThan(1100);
  });

  it('[D#712, KJ#1513] keeps trying with back-off, tells of it in events, and gets through', () => {
    bench.broker(1).stop();
    bench.broker(2).stop();
    bench.cluster.metadata.retain(['t']);
    bench.runtime.advance(120_000);
    const failures = bench.events.filter(({ type }) => type === 'disconnected');
    expect(failures[0]).toMatchObject({ broker: -1 });
    expect((failures[0] as { error: unknown }).error).toBeInstanceOf(ConnectionError);
    // two servers, at most once per second or so each
    expect(failures.length).toBeGreaterThan(100);
    expect(failures.length).toBeLessThan(320);
    bench.broker(2).start();
    bench.runtime.advance(2500);
    expect(bench.cluster.metadata.brokers.size).toBe(3);
  });

  it('leaves the bootstrap connection when the brokers are known by id', () => {
    bench.run(refresh());
    bench.runtime.advance(5);
    expect(bench.brokers.flatMap(({ live }) => live)).toHaveLength(0);
    expect(bench.events.map(({ type }) => type)).toEqual(['connected', 'disconnected']);
    expect(bench.events[1]).toMatchObject({ broker: -1, error: null });
  });

  it('[D#703] goes back to the bootstrap servers when all known brokers are gone', () => {
    bench.run(refresh());
    // the whole cluster moves: the known addresses are dead, the bootstrap names lead to the new ones
    bench.ids = [3];
    bench.run(refresh());
    bench.broker(3).stop();
    bench.ids = [1, 2];
    const outcome = refresh();
    bench.run(outcome);
    expect(outcome.error).toBeNull();
    expect([...bench.cluster.metadata.brokers.keys()]).toEqual([1, 2]);
  });

  it('goes back to the bootstrap servers when a broker says so', () => {
    bench.run(refresh());
    let refused = 0;
    bench.ids = [3];
    bench.run(refresh());
    bench.ids = [1, 2];
    bench.broker(3).on(metadataApi, () => {
      refused++;
      return { errorCode: 129 };
    });
    const outcome = refresh();
    bench.run(outcome);
    expect(outcome.error).toMatchObject({ errorName: 'REBOOTSTRAP_REQUIRED', retriable: true });
    const next = refresh();
    bench.run(next);
    expect(next.error).toBeNull();
    expect(refused).toBe(1);
  });
});

describe('a call for any broker', () => {
  it('[D#187] goes to connected brokers, by turns', () => {
    bench.run(refresh());
    const ids = new Set<number>();
    for (let i = 0; i < 6; i++) {
      bench.run(
        bench.outcome((done) => bench.cluster.control.broker((i % 3) + 1).call(initProducerIdApi, {}, {}, done)),
      );
    }
    for (let i = 0; i < 6; i++) {
      const outcome = ask();
      bench.run(outcome);
      ids.add(outcome.value!.producerId);
    }
    expect(ids).toEqual(new Set([1, 2, 3]));
    const connectedOnly = bench.runtime.dials.length;
    bench.run(ask());
    expect(bench.runtime.dials).toHaveLength(connectedOnly);
  });

  it('[D#187] does not dial while one broker is connected', () => {
    bench.run(refresh());
    bench.run(bench.outcome((done) => bench.cluster.control.broker(2).call(initProducerIdApi, {}, {}, done)));
    const { length } = bench.runtime.dials;
    for (let i = 0; i < 5; i++) {
      const outcome = ask();
      bench.run(outcome);
      expect(outcome.value).toMatchObject({ producerId: 2 });
    }
    expect(bench.runtime.dials).toHaveLength(length);
  });

  it('goes on when the connection breaks under it', () => {
    bench.run(refresh());
    for (const id of [1, 2]) {
      bench.broker(id).on(initProducerIdApi, ({ peer }) => {
        peer.fail();
        return null;
      });
    }
    const outcome = ask();
    bench.run(outcome);
    expect(outcome.value).toMatchObject({ producerId: 3 });
  });

  it('asks another broker when the first one is silent on an open connection, and takes the first answer', () => {
    bench.run(refresh());
    for (const id of [1, 2, 3]) {
      bench.run(bench.outcome((done) => bench.cluster.control.broker(id).call(initProducerIdApi, {}, {}, done)));
    }
    for (const silent of [1, 2]) {
      bench.broker(silent).on(initProducerIdApi, () => null);
      for (let i = 0; i < 6; i++) {
        const began = bench.runtime.now();
        const outcome = ask();
        bench.run(outcome);
        expect(outcome.value!.producerId).toBeGreaterThan(silent);
        expect(outcome.at - began).toBeLessThan(2 * 1000 + 100);
        expect(outcome.times).toBe(1);
      }
    }
  });

  it('comes back to brokers that had failed while one is silent', () => {
    bench.run(refresh());
    bench.run(bench.outcome((done) => bench.cluster.control.broker(1).call(initProducerIdApi, {}, {}, done)));
    bench.broker(1).on(initProducerIdApi, () => null);
    bench.broker(2).stop();
    bench.broker(3).stop();
    const outcome = ask();
    bench.runtime.advance(4000);
    bench.broker(3).start();
    bench.run(outcome);
    expect(outcome.value).toMatchObject({ producerId: 3 });
    expect(outcome.at).toBeLessThan(6500);
  });

  it('takes the answer of a slow broker that comes after another was asked', () => {
    bench.run(refresh());
    for (const broker of bench.brokers) {
      broker.on(initProducerIdApi, ({ answer }) => {
        bench.runtime.scheduler.schedule(() => {
          answer({ producerId: 7 });
        }, 2500);
        return null;
      });
    }
    const outcome = ask();
    bench.run(outcome);
    expect(outcome.value).toMatchObject({ producerId: 7 });
    expect(bench.brokers.flatMap((broker) => broker.asked(initProducerIdApi)).length).toBeGreaterThan(1);
    bench.runtime.advance(5000);
    expect(outcome.times).toBe(1);
  });

  it('fails at its deadline with the last reason', () => {
    for (const broker of bench.brokers) broker.stop();
    const outcome = ask(3000);
    expect(bench.runtime.alive).toBe(1);
    bench.runtime.advance(2999);
    expect(outcome.times).toBe(0);
    bench.runtime.advance(1);
    expect(outcome.error!.message).toContain('ECONNREFUSED');
    expect(bench.runtime.alive).toBe(0);
  });

  it('fails at its deadline when nobody answers', () => {
    for (const broker of bench.brokers) broker.on(initProducerIdApi, () => null);
    const outcome = ask(3000);
    bench.runtime.advance(3010);
    expect(outcome.error).toBeInstanceOf(RequestTimeoutError);
    start({ connectTimeoutMs: 60_000 });
    for (const id of [1, 2]) bench.runtime.unlisten(`b${id}`, 9000 + id, true);
    const silent = ask(3000);
    bench.runtime.advance(3010);
    expect(silent.error).toBeInstanceOf(ConnectTimeoutError);
  });

  it('fails at once where another broker would not do better', () => {
    for (const broker of bench.brokers) broker.ranges.set('InitProducerId', { min: 90, max: 91 });
    const unsupported = ask();
    bench.run(unsupported);
    expect(unsupported.error).toBeInstanceOf(UnsupportedVersionError);
    expect(unsupported.at).toBeLessThan(10);
    const damaged = new ClusterBench();
    for (const broker of damaged.brokers) {
      broker.on(apiVersionsApi, ({ peer }) => {
        peer.send(Buffer.alloc(64, 0x7f));
        return null;
      });
    }
    const outcome = damaged.outcome((done) => damaged.cluster.callAny(initProducerIdApi, {}, {}, done));
    damaged.runtime.advance(50);
    expect(outcome.error).toBeInstanceOf(ProtocolDecodeError);
    damaged.end();
  });

  it('is over when it is cancelled, and with the cluster', () => {
    bench.broker(1).stop();
    bench.broker(2).stop();
    bench.cluster.callAny(initProducerIdApi, {}, {}, () => {
      throw new Error('called after cancel');
    })();
    expect(bench.runtime.alive).toBe(0);
    const open = ask();
    bench.runtime.advance(10);
    bench.cluster.close();
    bench.cluster.close();
    expect(open.error).toBeInstanceOf(ClientClosedError);
    const late = ask();
    bench.run(late);
    expect(late.error).toBeInstanceOf(ClientClosedError);
    const pool = bench.outcome((done) =>
      bench.cluster.channels('late').broker(1).call(initProducerIdApi, {}, {}, done),
    );
    bench.run(pool);
    expect(pool.error).toBeInstanceOf(ClientClosedError);
  });
});

it('[B42, B51, KJ#950] refreshes metadata as soon as a connection to a broker breaks, while somebody is interested', () => {
  bench.topic('t', [3]);
  bench.cluster.metadata.retain(['t']);
  bench.run(refresh());
  bench.runtime.advance(5000);
  const before = bench.questions.length;
  const channel = bench.cluster.channels('spec').broker(3);
  bench.run(bench.outcome((done) => channel.call(initProducerIdApi, {}, {}, done)));
  bench.broker(3).stop();
  bench.runtime.advance(20);
  expect(bench.questions).toHaveLength(before + 1);
});

it('keeps the finalized features of the highest epoch', () => {
  bench.broker(1).features = { 'group.version': 1 };
  bench.broker(1).featuresEpoch = 8;
  bench.broker(3).features = { 'group.version': 0 };
  bench.broker(3).featuresEpoch = 7;
  expect(bench.cluster.finalizedFeature('group.version')).toBe(0);
  bench.run(refresh());
  for (const id of [1, 2, 3]) {
    bench.run(bench.outcome((done) => bench.cluster.control.broker(id).call(initProducerIdApi, {}, {}, done)));
  }
  expect(bench.cluster.finalizedFeature('group.version')).toBe(1);
  expect(bench.cluster.finalizedFeature('other')).toBe(0);
});

it('does the same things at the same times with the same seed', () => {
  const trace = (seed: number): string => {
    const run = new ClusterBench({}, 3, seed);
    run.broker(1).stop();
    run.topic('t', [1, 2]);
    run.cluster.metadata.retain(['t', 'missing']);
    run.runtime.advance(5000);
    run.broker(2).stop();
    run.runtime.advance(5000);
    run.broker(1).start();
    run.runtime.advance(5000);
    const text = JSON.stringify([run.runtime.dials, run.events, run.questions]);
    run.end();
    return text;
  };
  expect(trace(5)).toBe(trace(5));
  expect(trace(5)).not.toBe(trace(6));
});
