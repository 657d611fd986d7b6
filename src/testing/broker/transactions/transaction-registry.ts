import { type BatchHeader } from '../../../codecs/record-batch-reader.js';
import {
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../../../protocol/messages/init-producer-id.js';
import { type Answer, type Call } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { type Partition } from '../topic.js';
export class TransactionRegistry {
  constructor(_cluster: ClusterState) {}
  coordinatorMoved(_index: number): void {}
  admit(_version: number, _id: string, _header: BatchHeader, _partition: Partition): number {
    return 0;
  }
  init(_call: Call<InitProducerIdRequest>, answer: Answer<InitProducerIdResponse>): void {
    answer({ errorCode: 35 });
  }
  stop(): void {}
}
