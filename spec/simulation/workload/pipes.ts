import { defer, delay, ignoreElements, map, mergeMap, type Observable, of, tap, throwError } from 'rxjs';
import { commitOffsets, forEachPartition, processEach, produce, transaction } from '../../../operators/index.js';
import { type ProducerRecord, utf8 } from '../../../src/index.js';
import { type World } from '../world.js';
import { type GroupMember, type Rec } from './group-member.js';
import { type PipePlan } from './group-plan.js';

/** What a group writes for a record: some records have no result, some two. */
export function resultsOf(
  group: string,
  fans: boolean,
  record: Pick<Rec, 'topic' | 'partition' | 'offset' | 'value'>,
): string[] {
  const { topic, partition, offset, value } = record;
  const result = `${group}:${topic}/${partition}@${offset} ${value}`;
  if (!fans) return [result];
  if (offset % 7 === 3) return [];
  return offset % 7 === 5 ? [result, `${result} again`] : [result];
}

/** Exactly once from topic to topic: windows of records in transactions. */
export function transactionPipe(world: World, member: GroupMember): Observable<never> {
  const { plan, process, consumer, kafka, place } = member;
  const pipe = plan.pipe!;
  const producer = kafka.transactionalProducer({
    transactionalId: `${plan.id}-tx-${place}`,
    transactionTimeoutMs: pipe.transactionTimeoutMs,
    slots: pipe.slots,
    valueSerializer: utf8,
    deliveryTimeoutMs: pipe.deliveryTimeoutMs,
    lingerMs: 0,
  });
  const write = (record: Rec): ProducerRecord<null, string>[] => recordsOf(plan.id, pipe, record);
  const options = { maxRecords: pipe.maxRecords, maxMs: Math.min(pipe.maxMs, pipe.transactionTimeoutMs / 2) };
  const records$ = consumer.records$.pipe(
    tap((record) => {
      member.took([record], record.lease);
    }),
  );
  const windows$: Observable<unknown> =
    pipe.workMs === 0
      ? records$.pipe(
          transaction(
            producer,
            (window$, tx) => window$.pipe(failing(world, member, pipe), produce(tx, write)),
            options,
          ),
        )
      : records$.pipe(
          processEach((record) => of(record).pipe(delay(workMs(world, member, pipe), process.user)), {
            order: pipe.order,
            emit: pipe.order === 'none' ? 'asCompleted' : 'inOrder',
          }),
          transaction(
            producer,
            (window$, tx) =>
              window$.pipe(
                failing(world, member, pipe),
                produce(tx, ({ record }) => write(record)),
              ),
            options,
          ),
        );
  return windows$.pipe(
    tap(() => {
      world.counts.add('results committed');
    }),
    ignoreElements(),
  );
}

/** At least once: every record is worked on, its result written, then its offset committed. */
export function workPipe(world: World, member: GroupMember): Observable<never> {
  const { plan, process, consumer, kafka, chance } = member;
  const pipe = plan.pipe!;
  const producer = kafka.producer({ valueSerializer: utf8, lingerMs: 0, deliveryTimeoutMs: pipe.deliveryTimeoutMs });
  return consumer.partitions$.pipe(
    forEachPartition(
      (stream$) =>
        defer(() => {
          for (const watch of world.watches) watch.restarted?.(member, stream$.topic, stream$.partition);
          return stream$;
        }).pipe(
          tap((record) => {
            member.took([record], record.lease);
          }),
          processEach(
            (record) => {
              const fails = !world.isCalm && chance.happens(pipe.failPercent);
              const result$ = of(record).pipe(delay(workMs(world, member, pipe), process.user));
              return fails ? result$.pipe(mergeMap(() => throwError(() => new Error('work')))) : result$;
            },
            { order: pipe.order, retry: 1 },
          ),
          produce(producer, ({ record }) => {
            const [value] = resultsOf(plan.id, false, record);
            return { topic: pipe.output, value: value! };
          }),
          tap(({ source, lease }) => {
            if (lease.state === 'open') member.settles(source.record);
          }),
          commitOffsets(plan.commit === 'byHand' ? { everyMs: 300 } : undefined),
          tap({
            error: (error: Error) => {
              world.trace.note(`${member.name} begins ${stream$.topic}/${stream$.partition} again: ${error.message}`);
            },
          }),
        ),
      { onError: { restart: { initialMs: 100, maxMs: 500 } } },
    ),
    ignoreElements(),
  );
}

function recordsOf(group: string, { fans, output }: PipePlan, record: Rec): ProducerRecord<null, string>[] {
  return resultsOf(group, fans, record).map((value) => ({ topic: output, value }));
}

/** How long a record takes. */
function workMs({ isCalm }: World, { chance }: GroupMember, pipe: PipePlan): number {
  return chance.between(0, isCalm ? Math.min(5, pipe.workMs) : pipe.workMs);
}

/** The work of a window fails now and then. */
function failing<T>(world: World, member: GroupMember, pipe: PipePlan): (source$: Observable<T>) => Observable<T> {
  const fails = !world.isCalm && member.chance.happens(pipe.failPercent);
  if (!fails) return map((item) => item);
  world.counts.add('windows made to fail');
  return mergeMap((item, at) => (at > 0 || member.chance.happens(50) ? throwError(() => new Error('work')) : of(item)));
}
