import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { ConsumerRecord } from '../src/model/consumer-record.js';
import type { Leased } from '../src/model/lease.js';
import { type OnFailure, resolveOnFailure } from './failure-policy.js';
import { recordOf } from './internal/leases.js';
import { link } from './internal/link.js';
import { checkNames, invalid } from './internal/options.js';
import { SyncStage } from './internal/sync-stage.js';

/**
 * Decodes key, value and headers of each record now, instead of on first access in the middle of a handler. A record that
 * cannot be decoded goes to `onFailure` with its DeserializationError: `skip` acknowledges it, `fail` releases it and ends the
 * stream, a policy gets the raw record, whose `keyBytes` and `valueBytes` are there. What was decoded is kept, so nothing is
 * decoded twice. A batch is decoded, and fails, as one.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(decodeRecords({ onFailure: 'skip' }), processEach(order => price(order.value)), commitOffsets())
 * ```
 * @public
 */
export function decodeRecords<S extends Leased>(options: {
  readonly onFailure: OnFailure<NoInfer<S>>;
}): MonoTypeOperatorFunction<S> {
  const given = options as { readonly onFailure: OnFailure<S> } | undefined;
  checkNames('decodeRecords', given, ['onFailure']);
  if (given?.onFailure === undefined) throw invalid('decodeRecords', 'onFailure', undefined, 'it must be given');
  const onFailure = resolveOnFailure<S>('decodeRecords', 'onFailure', given.onFailure);
  return (source) =>
    new Observable((downstream) => {
      const step = (item: S): S => {
        decode(recordOf(item));
        return item;
      };
      const stage = new SyncStage(step, onFailure, downstream);
      downstream.add(() => {
        stage.close();
      });
      link(source, downstream, stage);
    });
}

type Decodable = Partial<ConsumerRecord<unknown, unknown>> & { readonly items?: readonly unknown[] };

/** The getters keep what they decoded; headers are walked, which reads every one of them. */
function decode(below: unknown): void {
  const { items, headers } = below as Decodable;
  touch((below as Decodable).key, (below as Decodable).value);
  for (const item of items ?? []) decode(recordOf(item));
  for (const pair of headers ?? []) touch(pair);
}

function touch(..._parts: unknown[]): void {
  // evaluating the arguments was it
}
