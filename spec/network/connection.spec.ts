import {
  ConnectionClosedError,
  ConnectionError,
  ConnectTimeoutError,
  RequestTimeoutError,
} from '../../src/errors/connection-error.js';
import { ProtocolDecodeError, UnsupportedVersionError } from '../../src/errors/protocol-error.js';
import { apiVersionsApi } from '../../src/protocol/messages/api-versions.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';
import { produceApi } from '../../src/protocol/messages/produce.js';
import { type Asked } from '../support/scripted-broker.js';
import { ConnectionBench } from './support.js';

const brokers = [{ nodeId: 1, host: 'h', port: 1 }];
let bench: ConnectionBench;

beforeEach(() => {
  bench = new ConnectionBench();
});
// no connection may leave a timer or a hop behind
afterEach(() => {
  bench.connection.destroy(new ConnectionClosedError('end of spec'), 'ended');
  bench.runtime.advance(2);
  expect(bench.runtime.pending).toBe(0);
});

describe('dialling', () => {
  it('asks for versions in v4 with name and version of the client, and is ready with the answer', () => {
    bench.broker.features = { 'group.version': 1 };
    bench.broker.featuresEpoch = 7;
    bench.ready();
    const [asked] = bench.broker.requests;
    expect(asked).toMatchObject({ api: 'ApiVersions', version: 4, clientId: 'me' });
    expect(asked!.body).toMatchObject({ clientSoftwareName: 'rx-kafka' });
    expect(bench.connection.versions!.finalizedFeatures.get('group.version')).toBe(1);
    expect(bench.connection.versions!.finalizedFeaturesEpoch).toBe(7);
  });

  it.each([0, 1, 2, 3])('[D#1085] asks again in v%i after error 35, whose body is v0', (max) => {
    bench.broker.ranges.set('ApiVersions', { min: 0, max });
    bench.ready();
    expect(bench.broker.asked(apiVersionsApi).map(({ version }) => version)).toEqual([4, max]);
  });

  it('goes down to v0 when the refusal lists nothing, and gives up when v0 is refused too', () => {
    bench.broker.on(apiVersionsApi, ({ version, frame, peer }) => {
      if (version === 0) return { errorCode: 35 };
      // the body of a refusal is v0: error, empty list
      peer.send(Uint8Array.of(0, 0, 0, 10, ...frame({}).subarray(4, 8), 0, 35, 0, 0, 0, 0));
      return null;
    });
    bench.dial().runtime.advance(100);
    expect(bench.broker.asked(apiVersionsApi).map(({ version }) => version)).toEqual([4, 0]);
    expect(bench.closedBy).toBeInstanceOf(UnsupportedVersionError);
  });

  it('gives up after connectTimeoutMs, from the first packet to the last answer', () => {
    bench.broker.on(apiVersionsApi, () => null);
    bench.dial({ connectTimeoutMs: 500 }).runtime.advance(499);
    expect(bench.connection.state).toBe('dialing');
    bench.runtime.advance(1);
    expect(bench.closedBy).toBeInstanceOf(ConnectTimeoutError);
    expect(bench.closedBy!.message).toContain('broker:9092 within 500 ms');
  });

  it('says who refuses a connection', () => {
    bench.broker.stop();
    bench.dial().runtime.advance(10);
    expect(bench.closedBy).toBeInstanceOf(ConnectionError);
    expect(bench.closedBy).not.toBeInstanceOf(ConnectionClosedError);
    expect(bench.closedBy!.message).toContain('broker:9092: connect ECONNREFUSED');
  });

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', 'HTTP'],
    ['\x15\x03\x03\x00\x02\x02\x16', 'use tls: true'],
    ['\x16\x03\x01\x00\x02\x02\x16', 'use tls: true'],
    ['SSH-2.0-x', 'SSH'],
  ])('names what is not Kafka: %j', (bytes, hint) => {
    bench.broker.on(apiVersionsApi, ({ peer }) => {
      peer.send(Buffer.from(bytes, 'latin1'));
      return null;
    });
    bench.dial().runtime.advance(10);
    expect(bench.closedBy).toBeInstanceOf(ConnectionError);
    expect(bench.closedBy!.message).toContain(hint);
    expect(bench.broker.live).toHaveLength(0);
  });

  it.each([
    ['TLS or SASL', 0],
    ['closed the connection', 6],
  ])('hints at %s when the peer hangs up after %i bytes', (hint, bytes) => {
    bench.broker.on(apiVersionsApi, ({ peer, frame }) => {
      peer.send(frame({}).subarray(0, bytes));
      peer.end();
      return null;
    });
    bench.dial().runtime.advance(10);
    expect(bench.closedBy!.message).toContain(hint);
  });
});

describe('answers', () => {
  it('belong to the requests in their order, however they are cut', () => {
    bench.runtime.wire.pieceBytes = 3;
    bench.broker.on(metadataApi, ({ correlationId }) => ({ brokers, controllerId: correlationId }));
    bench.ready();
    const outcomes = Array.from({ length: 40 }, () => bench.send(metadataApi, { topics: [] }));
    bench.runtime.advance(10);
    expect(outcomes.map(({ body }) => (body as { controllerId: number }).controllerId)).toEqual(
      outcomes.map((_, index) => index + 1),
    );
    expect(bench.connection.inFlight).toBe(0);
  });

  it('arrive through a transport without readInto as well', () => {
    bench.runtime.wire.direct = false;
    bench.runtime.wire.pieceBytes = 7;
    bench.broker.on(metadataApi, () => ({ brokers }));
    bench.ready();
    const outcome = bench.send(metadataApi, { topics: [] });
    bench.runtime.advance(10);
    expect(outcome).toMatchObject({ error: null, body: { brokers: [{ nodeId: 1, host: 'h', port: 1 }] } });
  });

  it('with another correlation id end the connection', () => {
    bench.broker.on(metadataApi, ({ frame, correlationId, peer }) => {
      peer.send(frame({ brokers }, correlationId + 1));
      return null;
    });
    bench.ready();
    const first = bench.send(metadataApi, {});
    const second = bench.send(metadataApi, {});
    bench.runtime.advance(10);
    // another connection may get it done
    expect(first.error).toMatchObject({ code: 'ERR_KAFKA_CONNECTION_CLOSED', retriable: true });
    expect(first.error!.cause).toBeInstanceOf(ProtocolDecodeError);
    expect(first.error!.message).toContain('correlation id 2 where 1 is due');
    expect(second.error).toBe(first.error);
    expect(bench.log.at(-1)).toBe('closed failed');
    expect(bench.broker.live).toHaveLength(0);
  });

  it('that nobody asked for end the connection', () => {
    bench.ready();
    bench.broker.requests[0]!.answer(bench.broker.versions());
    bench.runtime.advance(5);
    expect(bench.closedBy!.cause).toBeInstanceOf(ProtocolDecodeError);
    expect(bench.closedBy!.message).toContain('where none is due');
  });

  it.each([-1, 104857601])('with a length of %i end the connection', (length) => {
    bench.broker.on(metadataApi, ({ peer }) => {
      const bytes = Buffer.alloc(12);
      bytes.writeInt32BE(length);
      peer.send(bytes);
      return null;
    });
    bench.ready();
    const outcome = bench.send(metadataApi, {});
    bench.runtime.advance(10);
    // it speaks Kafka, as it has agreed on versions: what is damaged is the connection
    expect(outcome.error).toMatchObject({ retriable: true, cause: { code: 'ERR_KAFKA_PROTOCOL_DECODE' } });
    expect(bench.connection.state).toBe('closed');
  });

  it('that cannot be read fail their request and the connection, and nothing behind them is believed', () => {
    let asked: Asked | null = null;
    bench.broker.on(metadataApi, (request) => {
      asked = request;
      return null;
    });
    bench.ready();
    const first = bench.send(metadataApi, {});
    bench.runtime.advance(2);
    const good = asked!.frame({ brokers });
    const cut = good.slice(0, good.length - 3);
    new DataView(cut.buffer).setInt32(0, cut.length - 4);
    asked!.peer.send(Buffer.concat([cut, good]));
    bench.runtime.advance(10);
    expect(first.error).toBeInstanceOf(ProtocolDecodeError);
    expect(first.error!.message).toContain('Metadata');
    expect(bench.log.filter((line) => line.startsWith('done'))).toHaveLength(1);
  });

  it('[S7] are dropped when they come after the end', () => {
    const late: Asked[] = [];
    bench.broker.on(metadataApi, (asked) => {
      late.push(asked);
      return null;
    });
    bench.ready();
    bench.send(metadataApi, {}, 100);
    bench.runtime.advance(101);
    late[0]!.answer({ brokers });
    bench.runtime.advance(10);
    expect(bench.log).toEqual(['ready 2', 'done Metadata', 'closed failed']);
  });
});

describe('the end', () => {
  it('[B42] fails what is unanswered when the peer breaks the connection in the middle of a frame', () => {
    bench.broker.on(metadataApi, ({ peer, frame }) => {
      peer.send(frame({ brokers }).subarray(0, 9));
      peer.fail();
      return null;
    });
    bench.ready();
    const outcome = bench.send(metadataApi, {});
    bench.runtime.advance(10);
    expect(outcome.error).toBeInstanceOf(ConnectionClosedError);
    expect(outcome.error!.message).toContain('read ECONNRESET');
    expect(bench.log).toEqual(['ready 2', 'done Metadata', 'closed failed']);
  });

  it('[B43, KJ#1783, S7] comes with a timeout: the request that waited too long is told so, the others that the connection is gone', () => {
    bench.ready();
    const long = bench.send(metadataApi, {}, 30_000);
    const short = bench.send(fetchApi, {}, 1000);
    bench.runtime.advance(999);
    expect(bench.connection.state).toBe('ready');
    bench.runtime.advance(1);
    expect(short.error).toBeInstanceOf(RequestTimeoutError);
    expect(short.error!.message).toContain('did not answer Fetch in time');
    expect(long.error).toBeInstanceOf(ConnectionClosedError);
    expect(long.error).not.toBeInstanceOf(RequestTimeoutError);
    expect(bench.broker.live).toHaveLength(0);
  });

  it('comes with a timeout although answers for other requests keep coming', () => {
    bench.broker.on(metadataApi, () => ({ brokers }));
    bench.ready();
    for (let i = 0; i < 9; i++) {
      bench.send(metadataApi, {}, 1000);
      bench.runtime.advance(100);
    }
    const stuck = bench.send(fetchApi, {}, 1000);
    bench.runtime.advance(999);
    expect(stuck.at).toBe(-1);
    bench.runtime.advance(1);
    expect(stuck.error).toBeInstanceOf(RequestTimeoutError);
  });

  it('comes after idleMs without traffic; a request that waits is not idle', () => {
    const waiting: Asked[] = [];
    bench.broker.on(metadataApi, (asked) => {
      waiting.push(asked);
      return null;
    });
    bench.dial({ idleMs: 200 });
    bench.runtime.advance(100);
    const outcome = bench.send(metadataApi, {});
    bench.runtime.advance(400);
    expect(bench.connection.state).toBe('ready');
    waiting[0]!.answer({ brokers });
    bench.runtime.advance(2);
    expect(outcome.error).toBeNull();
    const answeredAt = outcome.at;
    bench.runtime.advance(answeredAt + 199 - bench.runtime.now());
    expect(bench.connection.state).toBe('ready');
    // the idle timer looks again at least once per idleMs
    bench.runtime.advance(201);
    expect(bench.reason).toBe('idle');
  });

  it('comes after the last answer when it is drained', () => {
    const waiting: Asked[] = [];
    bench.broker.on(metadataApi, (asked) => {
      waiting.push(asked);
      return null;
    });
    bench.ready();
    const outcome = bench.send(metadataApi, {});
    bench.connection.drain();
    bench.runtime.advance(10);
    expect(bench.connection.state).toBe('draining');
    waiting[0]!.answer({ brokers });
    bench.runtime.advance(10);
    expect(outcome.error).toBeNull();
    expect(bench.reason).toBe('ended');
  });
});

describe('requests without an answer', () => {
  it('leave no trace, and are done in a later turn', () => {
    bench.ready();
    const done: (Error | null)[] = [];
    for (let i = 0; i < 10; i++) bench.connection.sendOnly(produceApi, 3, { acks: 0 }, (error) => done.push(error));
    expect(done).toEqual([]);
    bench.runtime.advance(2);
    expect(done).toEqual(new Array(10).fill(null));
    expect(bench.connection.inFlight).toBe(0);
    expect(bench.broker.asked(produceApi)).toHaveLength(10);
  });

  it('wait for room in the socket, and fail with the connection', () => {
    bench.ready();
    bench.runtime.wire.full = true;
    const done: (Error | null)[] = [];
    bench.connection.sendOnly(produceApi, 3, { acks: 0 }, (error) => done.push(error));
    bench.runtime.advance(50);
    expect(done).toEqual([]);
    bench.broker.live[0]!.drain();
    bench.runtime.advance(2);
    expect(done).toEqual([null]);
    bench.connection.sendOnly(produceApi, 3, { acks: 0 }, (error) => done.push(error));
    bench.broker.live[0]!.fail();
    bench.runtime.advance(5);
    expect(done[1]).toBeInstanceOf(ConnectionClosedError);
  });
});

describe('throttling', () => {
  it('is reported where the broker leaves the waiting to the client, and not where it waited itself', () => {
    bench.broker.on(metadataApi, () => ({ brokers, throttleTimeMs: 250 }));
    bench.ready();
    bench.send(metadataApi, {});
    bench.runtime.advance(5);
    expect(bench.log).toContain('throttled 250');

    const old = new ConnectionBench();
    old.broker.ranges.set('ApiVersions', { min: 0, max: 1 });
    old.broker.on(metadataApi, () => ({ brokers, throttleTimeMs: 250 }));
    old.ready();
    old.send(metadataApi, {});
    old.runtime.advance(5);
    expect(old.log).not.toContain('throttled 250');
  });
});

describe('versions', () => {
  it('[N12] are the highest both know, within the bounds of the call; Produce 0 to 2 are never chosen', () => {
    bench.broker.ranges.set('Metadata', { min: 3, max: 9 });
    bench.broker.ranges.set('Produce', { min: 0, max: 2 });
    bench.ready();
    const versions = bench.connection.versions!;
    expect(versions.choose(metadataApi)).toBe(9);
    expect(versions.choose(metadataApi, 5)).toBe(5);
    expect(versions.choose(metadataApi, 2)).toBe(-1);
    expect(versions.choose(metadataApi, 9, 10)).toBe(-1);
    expect(versions.choose(produceApi)).toBe(-1);
  });
});
