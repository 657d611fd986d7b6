import { type ClusterState } from '../cluster-state.js';
export class GroupRegistry {
  constructor(_cluster: ClusterState) {}
  topicsChanged(): void {}
  topicDeleted(_name: string): void {}
  coordinatorMoved(_index: number): void {}
  stop(): void {}
}
