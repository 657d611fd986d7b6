import { MemberProcess } from './member-process.js';

const script = 'spec/proofs/support/exactly-once-member.ts';

/** What one pipeline process is. */
export interface PipelineOptions {
  readonly protocol: 'classic' | 'consumer';
  /** Its transactional id is made of it, and its group instance id if it is a static member. */
  readonly instance: string;
  readonly isStatic: boolean;
  /** Of a classic member; the broker's under KIP-848. */
  readonly sessionTimeoutMs: number;
  readonly transactionTimeoutMs: number;
}

/** Where the pipelines of one group work. */
export interface PipelineRoute {
  readonly bootstrapServers: string;
  readonly group: string;
  readonly from: string;
  readonly to: string;
}

/** Starts a pipeline; its name is the client id of everything it does. */
export function startPipeline(route: PipelineRoute, options: PipelineOptions, name: string): MemberProcess {
  const { bootstrapServers, group, from, to } = route;
  return new MemberProcess(script, [bootstrapServers, group, from, to, JSON.stringify(options)], name);
}
