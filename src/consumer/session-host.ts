import { type TopicPartition } from '../model/topic-partition.js';
import { type ConsumerCoreOptions, type ConsumerSurface } from './consumer-ports.js';
import { type Selection } from './selection.js';
import { type ConsumerHome, type SessionParts } from './session-parts.js';

/** What a session shares with the consumer that outlives it. */
export interface SessionHost {
  readonly cluster: ConsumerHome;
  readonly parts: SessionParts;
  readonly options: ConsumerCoreOptions;
  readonly surface: ConsumerSurface;
  /** The id that the consumer gives itself in a KIP-848 group; one for its life. */
  memberId(): string;
  /** Assignment epochs grow over the life of the consumer. */
  nextEpoch(): number;
  /** Paused by the user; survives rebalances. */
  isPaused(tp: TopicPartition): boolean;
  /** What is selected at this moment. */
  selection(): Selection | null;
  /** The session cannot go on; the consumer ends it and tells its subscriber. */
  failed(error: unknown): void;
}
