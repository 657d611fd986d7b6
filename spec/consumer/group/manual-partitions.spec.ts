import { ManualPartitions } from '../../../src/consumer/group/manual-partitions.js';
import { FakeMetadataCluster, RecordingHost } from './support/fake-metadata.js';

const options = { allowAutoCreateTopics: true, drainTimeoutMs: 5000 };

describe('partitions chosen by hand', () => {
  const chosen = [
    { topic: 'a', partition: 1, offset: 7 },
    { topic: 'b', partition: 0 },
    { topic: 'a', partition: 1, offset: 9 },
  ];

  it('assigns them once, as they were named first, never in the stack of start', () => {
    const cluster = new FakeMetadataCluster();
    const host = new RecordingHost();
    const manual = new ManualPartitions(cluster.cluster, chosen, options, host);
    manual.start();
    expect(host.take()).toEqual([]);
    cluster.runtime.advance(1);
    cluster.publish();
    expect(host.take()).toEqual(['assigned [a-1 b-0] of [a-1 b-0]', 'stable']);
    expect(host.assignedObjects[0]).toEqual({ topic: 'a', partition: 1, offset: 7 });
    expect(cluster.retained).toEqual([{ topics: ['a', 'b'], autoCreate: true }]);
  });

  it('fails when a topic may not be read', () => {
    const cluster = new FakeMetadataCluster();
    const host = new RecordingHost();
    const manual = new ManualPartitions(cluster.cluster, chosen, options, host);
    manual.start();
    cluster.runtime.advance(1);
    host.take();
    cluster.set('b', 0, 29);
    cluster.publish();
    expect(host.take()).toEqual(['failed']);
    expect(cluster.listeners).toBe(0);
  });

  it('calls nothing after close', () => {
    const cluster = new FakeMetadataCluster();
    const host = new RecordingHost();
    const manual = new ManualPartitions(cluster.cluster, chosen, options, host);
    manual.start();
    manual.close();
    cluster.publish();
    expect(host.take()).toEqual([]);
    expect(cluster.released).toBe(1);
  });
});
