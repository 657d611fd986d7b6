import { concatMap, firstValueFrom, from, lastValueFrom, NEVER, Subject, tap, throwError, toArray } from 'rxjs';
import { type BrokerError } from '../../../src/index.js';
import { uniqueName } from '../../support/kafka/shared-brokers.js';
import { storedBatches } from '../../support/peers/stored-batches.js';
import { writeForeign } from './foreign-batch.js';
import { begun, failure, type TransactionBench, transactionFailure, writeOne } from './transaction-bench.js';

/** What both protocols do alike on a real cluster. */
export function transactionCases(bench: TransactionBench): void {
  it('commits what a transaction wrote to several topics and partitions [T1] [PM9] [B90]', async () => {
    const [a, b] = [await bench.topic(2), await bench.topic()];
    const producer = bench.producer();
    const records = [
      { topic: a, partition: 0, value: 'a0', timestamp: 5000 },
      { topic: a, partition: 1, value: 'a1', timestamp: 6000 },
      { topic: b, partition: 0, value: 'b0', timestamp: 7000 },
    ];
    const written = await lastValueFrom(
      producer.transaction((tx) => from(records).pipe(concatMap((record) => tx.send(record)))).pipe(toArray()),
    );
    expect(written.map(({ topic, partition, offset, timestamp }) => [topic, partition, offset, timestamp])).toEqual([
      [a, 0, 0, 5000],
      [a, 1, 0, 6000],
      [b, 0, 0, 7000],
    ]);
    expect(await bench.read(a, 'read_committed')).toEqual(['0:a0', '1:a1']);
    expect(await bench.read(b, 'read_committed')).toEqual(['0:b0']);
  }, 60_000);

  it('shows nothing of an open transaction, and all of it once it is committed [T1]', async () => {
    const topic = await bench.topic(2);
    const tx = await begun(bench.producer());
    for (const partition of [0, 1]) await firstValueFrom(tx.send({ topic, partition, value: 'v' }));
    const consumer = bench.kafka().consumer({ topics: topic, isolationLevel: 'read_committed' });
    const ends = async (): Promise<number[]> => {
      const partitions = await firstValueFrom(consumer.partitionsFor(topic));
      return (await firstValueFrom(consumer.endOffsets(partitions))).map(({ offset }) => offset);
    };
    expect(await ends()).toEqual([0, 0]);
    await firstValueFrom(tx.commit());
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:v', '1:v']);
    // a record and a marker each
    expect(await ends()).toEqual([2, 2]);
  }, 60_000);

  it('hides what an aborted transaction wrote [T3] [PM11]', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    for (const [value, end] of [
      ['x', 'abort'],
      ['y', 'commit'],
      ['z', 'abort'],
    ] as const) {
      const tx = await begun(producer);
      await firstValueFrom(tx.send({ topic, value }));
      expect(await lastValueFrom(tx[end]().pipe(toArray()))).toEqual([undefined]);
    }
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:y']);
    expect(await bench.read(topic, 'read_uncommitted')).toEqual(['0:x', '0:y', '0:z']);
  }, 60_000);

  it('aborts when the stream fails, and when its subscriber leaves; the same producer goes on [PM9] [T3]', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const failing$ = producer.transaction((tx) =>
      tx.send({ topic, value: 'fails' }).pipe(concatMap(() => throwError(() => new Error('mine')))),
    );
    expect((await failure(lastValueFrom(failing$))).message).toBe('mine');
    const left$ = producer.transaction((tx) => tx.send({ topic, value: 'left' }).pipe(concatMap(() => from([1, 2]))));
    // leaves with the first value: the abort goes on by itself, the next transaction waits for it
    expect(await firstValueFrom(left$)).toBe(1);
    await lastValueFrom(producer.transaction((tx) => tx.send({ topic, value: 'stays' })));
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:stays']);
    expect(await bench.read(topic, 'read_uncommitted')).toEqual(['0:fails', '0:left', '0:stays']);
  }, 60_000);

  it('commits offsets of several groups with the records, and drops them with an abort [T2] [PM10] [D#R2]', async () => {
    const [input, output] = [await bench.topic(), await bench.topic()];
    const groups = ['first', 'second', 'third'].map(uniqueName);
    const producer = bench.producer();
    for (const [n, end] of (['commit', 'abort'] as const).entries()) {
      const tx = await begun(producer);
      await firstValueFrom(tx.send({ topic: output, value: `${n}` }));
      for (const [at, groupId] of groups.entries()) {
        const group = { groupId, generation: -1, memberId: '', groupInstanceId: null };
        const offsets = [{ topic: input, partition: 0, offset: 10 * n + at + 1 }];
        expect(await lastValueFrom(tx.sendOffsets(offsets, group).pipe(toArray()))).toEqual([undefined]);
      }
      await firstValueFrom(tx[end]());
    }
    await bench.stable(output);
    expect(await Promise.all(groups.map((group) => bench.committed(group, input)))).toEqual([1, 2, 3]);
    expect(await bench.read(output, 'read_committed')).toEqual(['0:0']);
  }, 60_000);

  it('commits offsets alone, and ends a transaction of nothing by itself [T2]', async () => {
    const input = await bench.topic();
    const groupId = uniqueName('alone');
    const producer = bench.producer();
    for (const end of ['commit', 'abort'] as const) await firstValueFrom((await begun(producer))[end]());
    const tx = await begun(producer);
    const group = { groupId, generation: -1, memberId: '', groupInstanceId: null };
    await firstValueFrom(tx.sendOffsets([{ topic: input, partition: 0, offset: 5, metadata: 'm' }], group));
    await firstValueFrom(tx.commit());
    expect(await bench.committed(groupId, input)).toBe(5);
  }, 60_000);

  it('aborts when the member of the group is not of its generation any more, and goes on [PM10]', async () => {
    const [input, output] = [await bench.topic(), await bench.topic()];
    const producer = bench.producer();
    const group = { groupId: uniqueName('gone'), generation: 7, memberId: 'nobody', groupInstanceId: null };
    const error = transactionFailure(
      await failure(
        lastValueFrom(
          producer.transaction((tx) =>
            tx
              .send({ topic: output, value: 'x' })
              .pipe(concatMap(() => tx.sendOffsets([{ topic: input, partition: 0, offset: 1 }], group))),
          ),
        ),
      ),
    );
    expect([error.abortable, (error.cause as BrokerError).errorName]).toEqual([true, 'ILLEGAL_GENERATION']);
    await writeOne(producer, output, 'y');
    expect(await bench.read(output, 'read_committed')).toEqual(['0:y']);
  }, 60_000);

  it('gets its producer id back with a higher epoch; the older instance is fenced for good [P25] [T4] [B93]', async () => {
    const topic = await bench.topic();
    const id = uniqueName('taken');
    const older = bench.producer(id);
    await writeOne(older, topic, 'before');
    const open = await begun(older);
    await firstValueFrom(open.send({ topic, value: 'open' }));
    const younger = bench.producer(id);
    await writeOne(younger, topic, 'younger');
    // the transaction of the older one was aborted under its hands
    const [late, ended] = [await failure(firstValueFrom(open.send({ topic, value: 'late' }))), open.abort()];
    expect(late.message).toMatch(/INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/u);
    const fenced = transactionFailure(await failure(firstValueFrom(ended)));
    expect([fenced.abortable, fenced.fatal, fenced.retriable]).toEqual([false, true, false]);
    expect(fenced.message).toContain('took over');
    expect((fenced.cause as BrokerError).errorName).toMatch(/PRODUCER_FENCED|INVALID_PRODUCER_EPOCH/u);
    // for good, and without asking again
    expect(await failure(begun(older))).toBe(fenced);
    await writeOne(younger, topic, 'after');
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:after', '0:before', '0:younger']);
    const batches = (await storedBatches(bench.brokers(), topic, 0)).filter(({ baseSequence }) => baseSequence >= 0);
    expect(new Set(batches.map(({ producerId }) => producerId)).size).toBe(1);
    const epochs = batches.map(({ producerEpoch }) => producerEpoch);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    expect(epochs.at(-1)).toBeGreaterThan(epochs[0]!);
  }, 60_000);

  it('fences an idle instance with its first transaction after the other one came [P25]', async () => {
    const topic = await bench.topic();
    const id = uniqueName('idle');
    const [older, younger] = [bench.producer(id), bench.producer(id)];
    await writeOne(older, topic, 'before');
    await writeOne(younger, topic, 'younger');
    const error = transactionFailure(
      await failure(lastValueFrom(older.transaction((tx) => tx.send({ topic, value: 'late' })))),
    );
    expect([error.abortable, error.fatal]).toEqual([false, true]);
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:before', '0:younger']);
  }, 60_000);

  it('aborts what a dead predecessor left open, in every slot [T4] [L27]', async () => {
    const topic = await bench.topic(2);
    const id = uniqueName('dead');
    const dead = bench.producer(id, { slots: 2 });
    for (const partition of [0, 1]) {
      await firstValueFrom((await begun(dead)).send({ topic, partition, value: 'lost' }));
    }
    const next = bench.producer(id, { slots: 2 });
    // one transaction, which needs one slot, and both are initialised
    await lastValueFrom(next.transaction((tx) => tx.send({ topic, partition: 0, value: 'kept' })));
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:kept']);
  }, 60_000);

  it('has as many transactions open as it has slots, each seen by itself', async () => {
    const topic = await bench.topic();
    const producer = bench.producer(undefined, { slots: 2 });
    const [one, two] = [await begun(producer), await begun(producer)];
    expect((await failure(begun(producer))).message).toMatch(/All 2 slots have an open transaction/u);
    await firstValueFrom(one.send({ topic, value: 'one' }));
    await firstValueFrom(two.send({ topic, value: 'two' }));
    await firstValueFrom(one.abort());
    await firstValueFrom(two.commit());
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:two']);
    await writeOne(producer, topic, 'three');
  }, 60_000);

  it('refuses records and offsets of a transaction that is over, and arguments that cannot be [T7] [B97]', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const tx = await begun(producer);
    const none = (await failure(firstValueFrom(tx.sendOffsets([], null as never)))).message;
    expect(none).toMatch(/needs the groupMetadata/u);
    const group = { groupId: 'g', generation: -1, memberId: '', groupInstanceId: null };
    const badOffset = tx.sendOffsets([{ topic, partition: 0, offset: -1 }], group);
    expect((await failure(firstValueFrom(badOffset))).name).toBe('UsageError');
    expect(await lastValueFrom(tx.sendOffsets([], group).pipe(toArray()))).toEqual([undefined]);
    await firstValueFrom(tx.send({ topic, value: 'in' }));
    await firstValueFrom(tx.commit());
    const late = [
      failure(firstValueFrom(tx.send({ topic, value: 'late' }))),
      failure(firstValueFrom(tx.sendOffsets([{ topic, partition: 0, offset: 1 }], group))),
      failure(firstValueFrom(tx.commit())),
      failure(firstValueFrom(tx.abort())),
      new Promise<Error>((resolve) => {
        tx.bytes.write({ topic, value: null, key: null }, (error) => {
          resolve(error as Error);
        });
      }),
    ];
    for (const error of await Promise.all(late)) {
      expect([error.name, error.message]).toEqual(['UsageError', expect.stringMatching(/transaction is over/u)]);
    }
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:in']);
  }, 60_000);

  it('aborts what is open when the producer is closed, and tells its owner [PM11]', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    const running$ = new Subject<unknown>();
    const error = failure(
      lastValueFrom(
        producer.transaction((tx) =>
          tx.send({ topic, value: 'x' }).pipe(
            tap(running$),
            concatMap(() => NEVER),
          ),
        ),
      ),
    );
    await firstValueFrom(running$);
    await producer.close({ timeoutMs: 10_000 });
    expect((await error).name).toBe('ClientClosedError');
    expect((await failure(begun(producer))).name).toBe('ClientClosedError');
    expect(await bench.read(topic, 'read_committed')).toEqual([]);
  }, 60_000);

  it('passes a lost sequence on to its caller, aborts, and goes on under the next epoch [B94]', async () => {
    const topic = await bench.topic();
    const transactionalId = uniqueName('sequence');
    const producer = bench.producer(transactionalId);
    const tx = await begun(producer);
    await firstValueFrom(tx.send({ topic, value: 'a' }));
    const [behind] = await storedBatches(bench.brokers(), topic, 0);
    expect(await writeForeign(bench.brokers(), { topic, transactionalId, behind: behind!, records: 5 })).toBe(0);
    const error = await failure(firstValueFrom(tx.send({ topic, value: 'b' })));
    expect((error.cause as BrokerError).errorName).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    const commit = transactionFailure(await failure(firstValueFrom(tx.commit())));
    expect(commit.abortable).toBe(true);
    await firstValueFrom(tx.abort());
    await writeOne(producer, topic, 'c');
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:c']);
  }, 60_000);
}
