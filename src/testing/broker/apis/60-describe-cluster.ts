import {
  describeClusterApi,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
} from '../../../protocol/messages/describe-cluster.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const unsupportedEndpoint = code('UNSUPPORTED_ENDPOINT_TYPE');
const brokersEndpoint = 1;

/** DescribeCluster (key 60). @internal */
export const describeCluster = handler(describeClusterApi, handle, (_body, errorCode) => ({ errorCode, brokers: [] }));

function handle(call: Call<DescribeClusterRequest>, answer: Answer<DescribeClusterResponse>): void {
  const { body, cluster, version } = call;
  if (version >= 1 && body.endpointType !== brokersEndpoint) {
    answer({ errorCode: unsupportedEndpoint, brokers: [] });
    return;
  }
  answer({
    errorCode: none,
    endpointType: brokersEndpoint,
    clusterId: cluster.settings.clusterId,
    controllerId: cluster.controllerId,
    brokers: [...cluster.brokers.values()]
      .filter(({ reachable }) => reachable)
      .map(({ id, host, port, rack }) => ({ brokerId: id, host, port, rack, isFenced: false })),
    clusterAuthorizedOperations: -2147483648,
  });
}
