import { WholeTopics } from '../../../src/consumer/group/whole-topics.js';
import { FakeMetadataCluster, RecordingHost } from './support/fake-metadata.js';

function opened(topics: readonly string[], autoCreate = true): [FakeMetadataCluster, RecordingHost, WholeTopics] {
  const cluster = new FakeMetadataCluster();
  const host = new RecordingHost();
  const options = { allowAutoCreateTopics: autoCreate, excludeInternalTopics: true, drainTimeoutMs: 5000 };
  return [cluster, host, new WholeTopics(cluster.cluster, { kind: 'topics', topics }, options, host)];
}

describe('topics without a group', () => {
  it('assigns all partitions as soon as they are known, never in the stack of start', () => {
    const [cluster, host, whole] = opened(['a', 'b', 'a'], false);
    cluster.set('a', 2);
    cluster.set('b', 1);
    whole.start();
    expect(host.take()).toEqual([]);
    cluster.runtime.advance(1);
    expect(host.take()).toEqual(['assigned [a-0 a-1 b-0] of [a-0 a-1 b-0]', 'stable']);
    expect(cluster.retained).toEqual([{ topics: ['a', 'b'], autoCreate: false }]);
  });

  it('waits for topics that do not exist, and says nothing meanwhile', () => {
    const [cluster, host, whole] = opened(['a']);
    whole.start();
    for (let answers = 0; answers < 10; answers++) cluster.publish();
    expect(host.take()).toEqual([]);
    cluster.set('a', 1);
    cluster.publish();
    expect(host.take()).toEqual(['assigned [a-0] of [a-0]', 'stable']);
  });

  it('[D#486] picks up new partitions and new topics, each once', () => {
    const [cluster, host, whole] = opened(['a', 'b']);
    cluster.set('a', 1);
    whole.start();
    cluster.publish();
    host.take();
    cluster.set('a', 3);
    cluster.publish();
    expect(host.take()).toEqual(['assigned [a-1 a-2] of [a-0 a-1 a-2]']);
    cluster.set('b', 1);
    cluster.publish();
    cluster.publish();
    expect(host.take()).toEqual(['assigned [b-0] of [a-0 a-1 a-2 b-0]']);
  });

  it('loses a topic only when three answers in a row do not know it', () => {
    const [cluster, host, whole] = opened(['a']);
    cluster.set('a', 2);
    whole.start();
    cluster.publish();
    host.take();
    for (const missing of [2, 2]) {
      cluster.set('a', null);
      for (let answers = 0; answers < missing; answers++) cluster.publish();
      cluster.set('a', 2);
      cluster.publish();
    }
    expect(host.take()).toEqual([]);
    cluster.set('a', 0, 3);
    cluster.publish();
    cluster.publish();
    expect(cluster.refreshes).toBe(6);
    cluster.publish();
    expect(host.take()).toEqual(['lost [a-0 a-1]']);
    cluster.set('a', 1);
    cluster.publish();
    expect(host.take()).toEqual(['assigned [a-0] of [a-0]']);
  });

  it('keeps what it has while a topic has no leaders or another passing error', () => {
    const [cluster, host, whole] = opened(['a']);
    cluster.set('a', 2);
    whole.start();
    cluster.publish();
    host.take();
    cluster.set('a', 0, 5);
    for (let answers = 0; answers < 10; answers++) cluster.publish();
    expect(host.take()).toEqual([]);
  });

  it('loses partitions that a smaller topic of the same name does not have', () => {
    const [cluster, host, whole] = opened(['a']);
    cluster.set('a', 3);
    whole.start();
    cluster.publish();
    host.take();
    cluster.set('a', 1);
    cluster.publish();
    expect(host.take()).toEqual(['lost [a-1 a-2]']);
  });

  it.each([29, 17])('fails once when topics are refused for good (error %d)', (errorCode) => {
    const [cluster, host, whole] = opened(['a', 'b', 'c']);
    cluster.set('a', 1);
    cluster.set('b', 0, errorCode);
    cluster.set('c', 0, errorCode);
    whole.start();
    cluster.publish();
    cluster.publish();
    expect(host.take()).toEqual(['failed']);
    expect(host.error).toMatchObject({ errorCode, topic: 'b', fatal: true });
    expect([cluster.listeners, cluster.released]).toEqual([0, 1]);
  });

  it('changes nothing after stop, and calls nothing and holds nothing after close', () => {
    const [cluster, host, whole] = opened(['a']);
    cluster.set('a', 3);
    whole.start();
    cluster.publish();
    host.take();
    whole.stop();
    cluster.set('a', 4);
    cluster.publish();
    cluster.set('a', 1);
    cluster.publish();
    expect(host.take()).toEqual([]);
    expect(cluster.released).toBe(0);
    whole.close();
    expect([cluster.listeners, cluster.released]).toEqual([0, 1]);
  });

  it('calls nothing when it is closed in the turn in which it started', () => {
    const [cluster, host, whole] = opened(['a', 'b']);
    cluster.set('a', 1);
    cluster.set('b', 0, 29);
    whole.start();
    whole.close();
    cluster.publish();
    expect(host.take()).toEqual([]);
  });
});
