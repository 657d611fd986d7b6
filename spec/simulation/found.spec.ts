import { delayWhen, mergeMap, of, type SchedulerLike, Subject, type Subscription, tap, throwError } from 'rxjs';
import { commitOffsets, forEachPartition, produce, transaction } from '../../operators/index.js';
import { type Consumer, Kafka, type Runtime, utf8 } from '../../src/index.js';
import { GroupOffsets, type StoredOffset } from '../../src/testing/broker/groups/group-offsets.js';
import { VirtualWorld } from '../testing/broker/support/virtual-world.js';

/** The runtime of a world with something of its own. */
function runtimeOf({ cluster, scheduler }: VirtualWorld, own: Partial<Runtime>): Runtime {
  return {
    scheduler,
    now: () => cluster.now(),
    wallClock: () => cluster.wallClock(),
    random: () => cluster.random(),
    connect: (host, port) => cluster.connect(host, port),
    ...own,
  };
}

/** What simulated worlds found, each in the smallest world that shows it. */
describe('found by simulation', () => {
  it('a window whose records have no result, all in one batch, settles every one of them', () => {
    const world = new VirtualWorld();
    world.cluster.createTopic('in');
    world.cluster.createTopic('out');
    const kafka = world.kafka();
    const producer = kafka.producer({ valueSerializer: utf8, lingerMs: 10 });
    for (const value of ['drop', 'a', 'b']) producer.send({ topic: 'in', value }).subscribe();
    world.until('written', () => world.cluster.partition('in', 0).endOffset === 3);
    expect(world.cluster.partition('in', 0).batches).toHaveLength(1);
    const consumer = kafka.consumer({
      topics: 'in',
      groupId: 'g',
      autoOffsetReset: 'earliest',
      valueDeserializer: utf8,
    });
    const pipe$ = consumer.records$.pipe(
      transaction(
        kafka.transactionalProducer({ transactionalId: 'x', valueSerializer: utf8 }),
        (window$, tx) => window$.pipe(produce(tx, ({ value }) => (value === 'drop' ? null : { topic: 'out', value }))),
        { maxRecords: 1 },
      ),
    );
    pipe$.subscribe();
    const committed = (): number | null => world.cluster.committed('g', 'in', 0);
    world.until('committed', () => committed() === 3);
    world.advance(100);
    expect(consumer.why({ topic: 'in', partition: 0 }).openLeases).toBe(0);
    world.advance(20_000);
    expect(committed()).toBe(3);
  });

  it('a pipeline that restarts waits by chance of the runtime, whatever object that is', () => {
    const world = new VirtualWorld();
    world.cluster.createTopic('in');
    const kafka = world.kafka();
    kafka.producer({ valueSerializer: utf8 }).send({ topic: 'in', value: 'a' }).subscribe();
    let tries = 0;
    const consumer = kafka.consumer({ topics: 'in', groupId: 'g', autoOffsetReset: 'earliest' });
    consumer.partitions$
      .pipe(
        forEachPartition(
          (stream$) =>
            stream$.pipe(
              tap(() => tries++),
              mergeMap((record) => (tries < 3 ? throwError(() => new Error('work')) : of(record))),
            ),
          { onError: { restart: { initialMs: 10 } } },
        ),
        commitOffsets({ everyMs: 10 }),
      )
      .subscribe();
    world.until('committed', () => world.cluster.committed('g', 'in', 0) === 1);
    expect(tries).toBe(3);
  });

  it('a broker that throttles with its very first answer is left alone as long as it says (KIP-219)', () => {
    const world = new VirtualWorld();
    world.cluster.createTopic('in');
    world.cluster.throttle('ApiVersions', 2000);
    const { cluster, scheduler } = world;
    const written: number[] = [];
    const runtime = runtimeOf(world, {
      connect: (host, port) => {
        const transport = cluster.connect(host, port);
        const write = transport.write.bind(transport);
        transport.write = (chunks) => {
          written.push(scheduler.frame);
          return write(chunks);
        };
        return transport;
      },
    });
    const kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers.split(',')[0], runtime });
    kafka.producer({ valueSerializer: utf8 }).send({ topic: 'in', value: 'a' }).subscribe();
    world.until('written', () => cluster.partition('in', 0).endOffset === 1);
    expect(written.filter((at) => at > 0 && at < 2000)).toEqual([]);
    expect(written.length).toBeGreaterThan(2);
  });

  it('a retry of a batch that followers do not have yet is not acknowledged before they do', () => {
    const world = new VirtualWorld({ failoverMs: 60_000 });
    const { cluster } = world;
    cluster.createTopic('in');
    const producer = world.kafka().producer({ valueSerializer: utf8 });
    let acknowledged = 0;
    const send = (value: string): void => {
      producer.send({ topic: 'in', value }).subscribe(() => acknowledged++);
    };
    send('first');
    world.until('first', () => acknowledged === 1);
    const { leader, replicas } = cluster.partition('in', 0);
    const follower = replicas.find((id) => id !== leader)!;
    cluster.pauseBroker(follower);
    send('second');
    world.until('appended', () => cluster.partition('in', 0).endOffset === 2);
    let tries = 0;
    cluster.onRequest(({ api }) => {
      if (api === 'Produce') tries++;
    });
    cluster.cutConnections(leader);
    world.until('tried again', () => tries === 1);
    world.advance(2000);
    expect([acknowledged, cluster.partition('in', 0).highWatermark]).toEqual([1, 1]);
    cluster.startBroker(follower);
    world.until('second', () => acknowledged === 2);
    expect(cluster.partition('in', 0).endOffset).toBe(2);
  });

  it('an end marker that a leader takes along when it is replaced is written again', () => {
    const world = new VirtualWorld({ failoverMs: 60_000 });
    const { cluster } = world;
    cluster.createTopic('in');
    const producer = world.kafka().transactionalProducer({ transactionalId: 'x', valueSerializer: utf8 });
    let written = false;
    const stored = new Subject<void>();
    let committed = false;
    producer
      .transaction((tx) => {
        return tx.send({ topic: 'in', value: 'a' }).pipe(
          tap(() => (written = true)),
          delayWhen(() => stored),
        );
      })
      .subscribe({ complete: () => (committed = true) });
    world.until('written', () => written);
    const { leader, replicas } = cluster.partition('in', 0);
    const [follower, other] = replicas.filter(
      (id) => id !== leader && id !== cluster.coordinatorOf('transaction', 'x'),
    );
    cluster.pauseBroker(other ?? follower!);
    stored.next();
    world.until('committed', () => committed);
    world.advance(500);
    expect(cluster.partition('in', 0)).toMatchObject({ highWatermark: 1, endOffset: 2 });
    cluster.moveLeader(
      'in',
      0,
      replicas.find((id) => id !== leader && id !== (other ?? follower))!,
    );
    expect(cluster.partition('in', 0).endOffset).toBe(1);
    cluster.startBroker(other ?? follower!);
    world.until('decided', () => cluster.partition('in', 0).lastStableOffset === 2);
  });

  it('a seek to the committed offset does not go back over the window of a transaction that is being committed', () => {
    const world = new VirtualWorld();
    const { cluster } = world;
    for (const topic of ['in', 'out']) cluster.createTopic(topic);
    const kafka = world.kafka();
    const producer = kafka.producer({ valueSerializer: utf8 });
    for (const value of ['a', 'b', 'c']) producer.send({ topic: 'in', value }).subscribe();
    const consumer = kafka.consumer({
      topics: 'in',
      groupId: 'g',
      autoOffsetReset: 'earliest',
      valueDeserializer: utf8,
    });
    const transactional = kafka.transactionalProducer({ transactionalId: 'x', valueSerializer: utf8 });
    consumer.records$
      .pipe(
        transaction(
          transactional,
          (window$, tx) => window$.pipe(produce(tx, ({ value }) => ({ topic: 'out', value }))),
          { maxRecords: 1 },
        ),
      )
      .subscribe();
    // while the second window is under way; the answer is of before its end, and takes its time
    let windows = 0;
    cluster.onRequest(({ api, body }) => {
      if (api !== 'Produce' || (body as { transactionalId: string | null }).transactionalId === null) return;
      if (++windows !== 2) return;
      cluster.intercept('OffsetFetch', { type: 'delay', ms: 10, when: 'after' }, { times: 1 });
      consumer.seek({ topic: 'in', partition: 0 }, 'committed').subscribe();
    });
    world.until('all of it', () => cluster.committed('g', 'in', 0) === 3);
    world.advance(1000);
    const read: string[] = [];
    const reader = kafka.consumer({
      topics: 'out',
      autoOffsetReset: 'earliest',
      isolationLevel: 'read_committed',
      valueDeserializer: utf8,
    });
    reader.records$.subscribe(({ value }) => read.push(value));
    world.advance(2000);
    expect(read).toEqual(['a', 'b', 'c']);
  });

  it("of a transaction's offsets and a plain commit the group keeps the one that was written later", () => {
    const offsets = new GroupOffsets();
    const at = (offset: number): StoredOffset => ({ offset, leaderEpoch: -1, metadata: '' });
    offsets.add(7, 'in', 0, at(22));
    offsets.commit('in', 0, at(23));
    offsets.end(7, true);
    expect(offsets.get('in', 0)?.offset).toBe(23);
    offsets.add(7, 'in', 0, at(25));
    offsets.end(7, true);
    expect(offsets.get('in', 0)?.offset).toBe(25);
  });

  it('a consumer that fails while it hands partitions over leaves no deadline of that behind', async () => {
    const world = new VirtualWorld();
    const { cluster, scheduler } = world;
    cluster.createTopic('in', { partitions: 2 });
    const waiting = new Set<Subscription>();
    const counted: SchedulerLike = {
      now: () => scheduler.now(),
      schedule: (work, delay, state) => {
        const action = scheduler.schedule(
          function (this, given) {
            waiting.delete(action);
            work.call(this, given!);
          },
          delay,
          state,
        );
        waiting.add(action);
        action.add(() => waiting.delete(action));
        return action;
      },
    };
    const first = world.kafka({ runtime: runtimeOf(world, { scheduler: counted }) });
    const second = world.kafka();
    const producer = second.producer({ valueSerializer: utf8 });
    for (const partition of [0, 1]) producer.send({ topic: 'in', partition, value: 'a' }).subscribe();
    const options = { topics: 'in', groupId: 'g', autoOffsetReset: 'earliest' } as const;
    const consumer = first.consumer(options);
    let open = 0;
    let failed = false;
    consumer.records$.subscribe({ next: () => open++, error: () => (failed = true) });
    world.until('both open', () => open === 2);
    second.consumer(options).records$.subscribe({ error: () => undefined });
    let beats = 0;
    cluster.onRequest(({ api }) => {
      if (api === 'Heartbeat') beats++;
    });
    world.until('the first one hears of it', () => beats > 0);
    world.advance(100);
    cluster.intercept('Heartbeat', { type: 'error', error: 'GROUP_AUTHORIZATION_FAILED' });
    world.until('failed', () => failed);
    const closed = first.close();
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve();
      world.advance(100);
    }
    await closed;
    expect(waiting.size).toBe(0);
  });

  it('a member that is fenced while it looks its offsets up says that it was fenced', () => {
    const world = new VirtualWorld();
    const { cluster } = world;
    for (const topic of ['in', 'side']) cluster.createTopic(topic);
    const options = { topics: 'in', groupId: 'g', groupInstanceId: 'i', autoOffsetReset: 'earliest' } as const;
    cluster.intercept('OffsetFetch', { type: 'delay', ms: 10_000, when: 'before' });
    let failure: unknown;
    const first = world.kafka().consumer(options);
    first.records$.subscribe({ error: (error: unknown) => (failure = error) });
    let asked = 0;
    cluster.onRequest(({ api }) => {
      if (api === 'OffsetFetch') asked++;
    });
    world.until('offsets asked for', () => asked === 1);
    world.kafka().consumer(options).records$.subscribe();
    world.until('another one has its place', () => asked === 2);
    // joins again, on a connection of its own
    first.select({ topics: ['in', 'side'] });
    world.until('fenced', () => failure !== undefined, 5000);
    expect(failure).toMatchObject({ errorName: 'FENCED_INSTANCE_ID' });
  });

  it('a position behind an aborted transaction of the next leader is not taken for one in a lost log', () => {
    const world = new VirtualWorld();
    const { cluster } = world;
    cluster.createTopic('in');
    const kafka = world.kafka();
    kafka.producer({ valueSerializer: utf8 }).send({ topic: 'in', value: 'a' }).subscribe();
    world.until('written', () => cluster.partition('in', 0).highWatermark === 1);
    const move = (): void => {
      const { leader, isr } = cluster.partition('in', 0);
      cluster.moveLeader(
        'in',
        0,
        isr.find((id) => id !== leader)!,
      );
    };
    const told: string[] = [];
    const read = (): Consumer<Uint8Array | null, Uint8Array | null> => {
      const consumer = world.kafka().consumer({
        topics: 'in',
        groupId: 'g',
        groupInstanceId: 'i',
        autoOffsetReset: 'earliest',
        isolationLevel: 'read_committed',
        commit: { everyMs: 100 },
      });
      consumer.events$.subscribe((event) => told.push(event.type));
      consumer.records$.subscribe({ next: ({ lease }) => lease.ack(), error: () => undefined });
      return consumer;
    };
    read();
    world.until('read', () => cluster.committed('g', 'in', 0) === 1);
    move();
    const transactional = kafka.transactionalProducer({ transactionalId: 'x', valueSerializer: utf8 });
    transactional
      .transaction((tx) => tx.send({ topic: 'in', value: 'b' }).pipe(mergeMap(() => throwError(() => new Error('no')))))
      .subscribe({ error: () => undefined });
    world.until('passed', () => cluster.committed('g', 'in', 0) === 3);
    move();
    told.length = 0;
    const next = read();
    world.until('assigned', () => told.includes('assigned'));
    world.advance(2000);
    expect(told).not.toContain('discontinuity');
    expect(next.why({ topic: 'in', partition: 0 }).openLeases).toBe(0);
    expect(cluster.committed('g', 'in', 0)).toBe(3);
  });

  it('a static member that the group went on without hears that it has lost what it held', () => {
    const world = new VirtualWorld();
    const { cluster } = world;
    cluster.createTopic('in', { partitions: 2 });
    const told: string[] = [];
    const join = (name: string): void => {
      const consumer = world.kafka({ clientId: name }).consumer({
        topics: 'in',
        groupId: 'g',
        groupInstanceId: name,
        autoOffsetReset: 'earliest',
        sessionTimeoutMs: 20_000,
        rebalanceTimeoutMs: 5000,
        heartbeatIntervalMs: 500,
      });
      consumer.events$.subscribe((event) => {
        if (!('partitions' in event)) return;
        told.push(`${name} ${event.type} ${event.partitions.map(({ partition }) => partition).join()}`);
      });
      consumer.records$.subscribe();
    };
    join('away');
    world.until('assigned', () => told.length > 0);
    // it hears of the rebalance when that is over: its JoinGroup is out when the next heartbeat is told of the new generation
    let joined = '';
    cluster.intercept(
      'Heartbeat',
      ({ clientId }) => (clientId === 'away' && joined === 'other' ? { type: 'delay', ms: 5500, when: 'after' } : null),
      { times: 1 },
    );
    cluster.intercept('JoinGroup', ({ clientId }) => {
      joined = clientId!;
      return clientId === 'away' ? { type: 'delay', ms: 1000, when: 'before' } : null;
    });
    join('other');
    world.until('back', () => told.some((text) => text.startsWith('away') && !text.includes('0,1')));
    expect(told.slice(0, 4)).toEqual(['away assigned 0,1', 'other assigned 1', 'away lost 0,1', 'away assigned 0']);
    world.advance(30_000);
    expect(told).toHaveLength(4);
  });

  it('a clock with fractions of a millisecond makes records that can be read', () => {
    const world = new VirtualWorld();
    const { cluster } = world;
    cluster.createTopic('in');
    let wall = 1_000_000;
    const kafka = world.kafka({ runtime: runtimeOf(world, { wallClock: () => (wall += 1.3) }) });
    const producer = kafka.producer({ valueSerializer: utf8, lingerMs: 20 });
    for (const value of ['a', 'b', 'c']) {
      producer.send({ topic: 'in', value }).subscribe();
      world.advance(3);
    }
    world.until('written', () => cluster.partition('in', 0).endOffset === 3);
    const read: string[] = [];
    const reader = world.kafka().consumer({ topics: 'in', autoOffsetReset: 'earliest', valueDeserializer: utf8 });
    reader.records$.subscribe(({ value }) => read.push(value));
    world.advance(2000);
    expect(read).toEqual(['a', 'b', 'c']);
  });
});
