import { FetchSession, type WantedPartition } from '../../src/consumer/fetch-session.js';

const want = (topic: string, partition: number, fetchOffset: number, topicId = `id-${topic}`): WantedPartition => ({
  topic,
  topicId,
  partition,
  currentLeaderEpoch: 1,
  fetchOffset,
  partitionMaxBytes: 1000,
});
const named = (topics: readonly { topic: string; partitions: readonly { partition: number }[] }[]): string[] =>
  topics.flatMap(({ topic, partitions }) => partitions.map(({ partition }) => `${topic}-${partition}`));
const forgotten = (topics: readonly { topic: string; partitions: readonly number[] }[]): string[] =>
  topics.flatMap(({ topic, partitions }) => partitions.map((partition) => `${topic}-${partition}`));

describe('FetchSession', () => {
  it('names everything once, then only what changed, then nothing', () => {
    const session = new FetchSession();
    const full = session.request([want('a', 0, 5), want('a', 1, 7), want('b', 0, 1)], true);
    expect([full.sessionId, full.sessionEpoch, named(full.topics)]).toEqual([0, 0, ['a-0', 'a-1', 'b-0']]);
    expect(full.topics.length).toBe(2);
    session.answered(77);
    const changed = session.request([want('a', 0, 5), want('a', 1, 9), want('b', 0, 1)], true);
    expect([changed.sessionId, changed.sessionEpoch, named(changed.topics)]).toEqual([77, 1, ['a-1']]);
    session.answered(77);
    const same = session.request([want('a', 0, 5), want('a', 1, 9), want('b', 0, 1)], true);
    expect([same.sessionEpoch, same.topics, same.forgottenTopicsData]).toEqual([2, [], []]);
  });

  it('[PL#316] forgets what is no longer wanted, and names it again when it comes back', () => {
    const session = new FetchSession();
    session.request([want('a', 0, 5), want('b', 3, 7)], true);
    session.answered(77);
    const less = session.request([want('a', 0, 5)], true);
    expect(less.forgottenTopicsData).toEqual([{ topic: 'b', topicId: 'id-b', partitions: [3] }]);
    session.answered(77);
    const more = session.request([want('a', 0, 5), want('b', 3, 7)], true);
    expect([named(more.topics), more.forgottenTopicsData]).toEqual([['b-3'], []]);
  });

  it('forgets the old id of a topic that was created anew', () => {
    const session = new FetchSession();
    session.request([want('a', 0, 5)], true);
    session.answered(77);
    const next = session.request([want('a', 0, 0, 'other')], true);
    expect(next.forgottenTopicsData).toEqual([{ topic: 'a', topicId: 'id-a', partitions: [0] }]);
    expect(next.topics).toEqual([expect.objectContaining({ topicId: 'other' })]);
  });

  it('stays with full requests when the broker keeps no session', () => {
    const session = new FetchSession();
    for (let i = 0; i < 3; i++) {
      const request = session.request([want('a', 0, 5)], true);
      expect([request.sessionId, request.sessionEpoch, named(request.topics)]).toEqual([0, 0, ['a-0']]);
      session.answered(0);
    }
  });

  it('[PL#316] begins anew without an id after FETCH_SESSION_ID_NOT_FOUND', () => {
    const session = new FetchSession();
    session.request([want('a', 0, 5)], true);
    session.answered(77);
    session.request([want('a', 0, 6)], true);
    session.refused(70);
    const request = session.request([want('a', 0, 6)], true);
    expect([request.sessionId, request.sessionEpoch, named(request.topics)]).toEqual([0, 0, ['a-0']]);
    session.answered(78);
    expect([session.id, session.epoch]).toEqual([78, 1]);
  });

  it.each([
    [
      'INVALID_FETCH_SESSION_EPOCH',
      (session: FetchSession) => {
        session.refused(71);
      },
    ],
    [
      'a lost answer',
      (session: FetchSession) => {
        session.lost();
      },
    ],
  ])('ends the session it had and begins anew after %s', (_name, trouble) => {
    const session = new FetchSession();
    session.request([want('a', 0, 5)], true);
    session.answered(77);
    session.request([], true);
    trouble(session);
    const request = session.request([want('a', 0, 6)], true);
    expect([request.sessionId, request.sessionEpoch, named(request.topics), request.forgottenTopicsData]).toEqual([
      77,
      0,
      ['a-0'],
      [],
    ]);
  });

  it('begins anew when topics change from names to ids', () => {
    const session = new FetchSession();
    session.request([want('a', 0, 5, 'zero')], false);
    session.answered(77);
    const request = session.request([want('a', 0, 5)], true);
    expect([request.sessionId, request.sessionEpoch, named(request.topics)]).toEqual([77, 0, ['a-0']]);
  });

  it('[PL#316] counts the epoch from 2147483647 to 1', () => {
    const stepped = new FetchSession(2147483646, 77);
    stepped.answered(77);
    expect(stepped.epoch).toBe(2147483647);
    stepped.answered(77);
    expect(stepped.epoch).toBe(1);
  });

  it('[PL#316] agrees with a broker over random changes', () => {
    const session = new FetchSession();
    const broker = new Map<string, number>();
    let seed = 5;
    const random = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n;
    for (let round = 0; round < 2000; round++) {
      const wanted = Array.from({ length: 6 }, (_, i) => want(`t${i % 2}`, i, random(3))).filter(() => random(3) > 0);
      const request = session.request(wanted, true);
      if (request.sessionEpoch === 0) broker.clear();
      for (const name of forgotten(request.forgottenTopicsData)) expect(broker.delete(name)).toBe(true);
      for (const { topic, partitions } of request.topics) {
        for (const { partition, fetchOffset } of partitions) broker.set(`${topic}-${partition}`, fetchOffset);
      }
      const trouble = random(20);
      if (trouble === 0) session.lost();
      else if (trouble === 1) session.refused(70);
      else session.answered(request.sessionEpoch === 0 ? round + 1 : request.sessionId);
      expect([...broker].sort()).toEqual(
        wanted.map(({ topic, partition, fetchOffset }) => [`${topic}-${partition}`, fetchOffset] as const).sort(),
      );
    }
  });
});
