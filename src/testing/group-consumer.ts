import { StartPositions } from '../consumer/start-positions.js';
import { UsageError } from '../errors/usage-error.js';
import type { Consumer } from '../model/consumer.js';
import type { Runtime } from '../model/runtime.js';
import { ConsumerClient } from '../observables/consumer-client.js';
import { resolveConsumerOptions } from '../observables/consumer-options.js';
import type { ScriptedConsumerSettings } from './group-script.js';
import { ScriptedFlow } from './scripted-flow.js';
import type { ScriptedGroup } from './scripted-group.js';
import { ScriptedMembership } from './scripted-membership.js';
import { ScriptedQueries } from './scripted-queries.js';

const nothing = (): void => undefined;
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Where a scripted consumer lives. */
export interface TestHome {
  readonly runtime: Runtime;
  /** For what ticks as long as it lives. */
  readonly background: Runtime;
}

/**
 * The client's own consumer: its surface, delivery, leases, commits, drains, hooks and positions. Scripted are the three parts
 * that would talk to brokers, and nothing else.
 *
 * @throws InvalidOptionError
 */
export function groupConsumer<K, V>(
  { runtime, background }: TestHome,
  group: ScriptedGroup,
  topics: readonly string[],
  settings: ScriptedConsumerSettings,
  commitMs: number,
): Consumer<K, V> {
  const options = resolveConsumerOptions({ ...settings, groupId: group.groupId, topics });
  const queries = new ScriptedQueries(runtime, group);
  const { drainTimeoutMs } = options;
  return new ConsumerClient<K, V>(
    {
      home: { runtime, logger },
      session: {
        flow: (listener) => new ScriptedFlow(runtime, options, listener, group),
        membership: (selection, host) => {
          if (selection.kind === 'partitions') {
            throw new UsageError('A scripted group assigns by its marbles, select topics or a pattern');
          }
          return new ScriptedMembership(runtime, group, selection, host, { drainTimeoutMs, commitMs });
        },
        starts: (stored, committed) =>
          new StartPositions(runtime, queries.lookup, { stored, committed }, options.autoOffsetReset),
        watch: background,
      },
      queries,
      ranges: (core) => ({
        of: (range) => queries.range(core, range),
        close: nothing,
      }),
      warn: nothing,
    },
    options,
    nothing,
  );
}
