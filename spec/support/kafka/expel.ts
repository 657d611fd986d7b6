import type { Channel } from '../../../src/cluster/channel.js';
import { Cluster } from '../../../src/cluster/cluster.js';
import { resolveKafkaOptions } from '../../../src/observables/kafka-options.js';
import { leaveGroupApi } from '../../../src/protocol/messages/leave-group.js';
import { nodeRuntime } from '../../../src/runtime/node/node-runtime.js';
import { sharedBrokers } from './shared-brokers.js';

/** Leaves the group in the name of a member that does not know: the next it hears of the group is that it moved on. */
export async function expel(groupId: string, memberId: string): Promise<void> {
  const cluster = new Cluster(
    resolveKafkaOptions({ bootstrapServers: sharedBrokers() }).cluster,
    nodeRuntime(),
    () => undefined,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      cluster.coordinator('group', groupId, (error, node) => {
        if (node === null) {
          reject(error ?? new Error('no coordinator'));
          return;
        }
        const channel: Pick<Channel, 'call'> = cluster.control.broker(node);
        const body = { groupId, members: [{ memberId, groupInstanceId: null, reason: 'spec' }] };
        channel.call(leaveGroupApi, body, {}, (failure) => {
          if (failure === null) resolve();
          else reject(failure);
        });
      });
    });
  } finally {
    cluster.close();
  }
}
