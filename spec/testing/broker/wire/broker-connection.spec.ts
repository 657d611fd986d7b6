import { VirtualTimeScheduler } from 'rxjs';
import { encodeRequest } from '../../../../src/protocol/headers.js';
import { listGroupsApi } from '../../../../src/protocol/messages/list-groups.js';
import { apiHandlers } from '../../../../src/testing/broker/api-handlers.js';
import { type BrokerNode } from '../../../../src/testing/broker/broker-node.js';
import { type Answer, type ApiHandler } from '../../../../src/testing/broker/call.js';
import { clusterSettings } from '../../../../src/testing/broker/cluster-options.js';
import { ClusterState } from '../../../../src/testing/broker/cluster-state.js';
import { BrokerConnection } from '../../../../src/testing/broker/wire/broker-connection.js';

/** One connection whose client sends ListGroups requests, numbered by client id and correlation id, and what comes of them. */
class Wired {
  readonly scheduler: VirtualTimeScheduler = new VirtualTimeScheduler();
  readonly state: ClusterState;
  readonly broker: BrokerNode;
  readonly connection: BrokerConnection;
  /** `request n` when it is looked at, `answer n` when it is answered, `cut`; with `@ms` unless at 0. */
  readonly events: string[] = [];
  /** Runs in the stack of every answer. */
  onAnswer: ((id: number) => void) | null = null;

  constructor(handlers: ReadonlyMap<number, ApiHandler> = apiHandlers) {
    const { scheduler } = this;
    const now = (): number => scheduler.now();
    const connect = (): never => {
      throw new TypeError('not here');
    };
    const runtime = { scheduler, now, wallClock: now, random: () => 0, connect };
    this.state = new ClusterState(runtime, clusterSettings({ brokers: 1 }), () => ({ host: 'b', port: 1 }));
    this.broker = this.state.brokers.get(1)!;
    this.state.controls.onRequest = ({ clientId }) => {
      this.note(`request ${clientId}`);
    };
    const port = {
      send: (chunks: readonly Uint8Array[]) => {
        const id = Buffer.concat(chunks).readInt32BE(4);
        this.note(`answer ${id}`);
        this.onAnswer?.(id);
      },
      end: () => {
        this.note('end');
      },
      reset: () => {
        this.note('cut');
      },
    };
    this.connection = new BrokerConnection(this.state, this.broker, handlers, port, 'here');
  }

  note(event: string): void {
    this.events.push(this.scheduler.now() === 0 ? event : `${event} @${this.scheduler.now()}`);
  }

  send(first: number, count: number): void {
    const frames = Array.from({ length: count }, (_, at) =>
      Buffer.concat(encodeRequest(listGroupsApi, 1, first + at, String(first + at), {})),
    );
    this.connection.received(Buffer.concat(frames));
  }
}

function served(first: number, count: number, suffix = ''): string[] {
  return Array.from({ length: count }, (_, at) => [
    `request ${first + at}${suffix}`,
    `answer ${first + at}${suffix}`,
  ]).flat();
}

describe('requests that one connection sent ahead', () => {
  it('are answered one after the other, however many', () => {
    const wired = new Wired();
    wired.send(0, 20_000);
    expect(wired.events).toEqual(served(0, 20_000));
  });

  it('wait until the one before is done with, what is left to do behind its answer included', () => {
    const real = apiHandlers.get(listGroupsApi.key)!;
    const handlers = new Map(apiHandlers).set(listGroupsApi.key, {
      ...real,
      handle: (call, answer) => {
        real.handle(call, answer);
        wired.note(`done ${call.clientId}`);
      },
    });
    const wired = new Wired(handlers);
    wired.send(0, 2);
    expect(wired.events).toEqual(['request 0', 'answer 0', 'done 0', 'request 1', 'answer 1', 'done 1']);
  });

  it('wait for one that is answered later, and go on in the stack of its answer', () => {
    const real = apiHandlers.get(listGroupsApi.key)!;
    let answerLater: (() => void) | null = null;
    const handlers = new Map(apiHandlers).set(listGroupsApi.key, {
      ...real,
      handle: (call, answer: Answer) => {
        if (call.clientId === '1')
          answerLater = () => {
            real.handle(call, answer);
          };
        else real.handle(call, answer);
      },
    });
    const wired = new Wired(handlers);
    wired.send(0, 4);
    wired.send(4, 1);
    expect(wired.events).toEqual([...served(0, 1), 'request 1']);
    answerLater!();
    expect(wired.events).toEqual(served(0, 5));
  });

  it.each(['before', 'after'] as const)('wait for one that an intercept delays, %s the work', (when) => {
    const wired = new Wired();
    wired.state.controls.intercept(
      null,
      ({ clientId }) => (clientId === '1' ? { type: 'delay', ms: 50, when } : null),
      {},
    );
    wired.send(0, 4);
    expect(wired.events).toEqual([...served(0, 1), 'request 1']);
    wired.scheduler.flush();
    expect(wired.events.slice(3)).toEqual(['answer 1 @50', ...served(2, 2, ' @50')]);
  });

  it('wait for the throttle time behind every answer', () => {
    const wired = new Wired();
    wired.state.controls.throttle('ListGroups', 10);
    wired.send(0, 3);
    wired.scheduler.flush();
    expect(wired.events).toEqual([...served(0, 1), ...served(1, 1, ' @10'), ...served(2, 1, ' @20')]);
  });

  it('wait behind one that is dropped, and nothing comes any more', () => {
    const wired = new Wired();
    wired.state.controls.intercept(null, ({ clientId }) => (clientId === '1' ? { type: 'drop' } : null), {});
    wired.send(0, 3);
    wired.send(3, 1);
    wired.scheduler.flush();
    expect(wired.events).toEqual([...served(0, 1), 'request 1']);
  });

  it('are not looked at behind one that ends the connection', () => {
    const wired = new Wired();
    wired.state.controls.intercept(null, ({ clientId }) => (clientId === '1' ? { type: 'cut' } : null), {});
    wired.send(0, 3);
    wired.send(3, 1);
    expect(wired.events).toEqual([...served(0, 1), 'request 1', 'cut']);
  });

  it('stay where they are when the broker is paused amid them, and are answered when it runs on', () => {
    const wired = new Wired();
    wired.state.controls.intercept(
      null,
      ({ clientId }) => {
        if (clientId === '1') wired.broker.set('paused');
        return null;
      },
      {},
    );
    wired.send(0, 3);
    wired.send(3, 1);
    expect(wired.events).toEqual([...served(0, 1), 'request 1']);
    wired.broker.set('running');
    wired.connection.resumed();
    expect(wired.events).toEqual(served(0, 4));
  });

  it('lose no wake-up: a broker that is paused and runs on, and bytes that arrive, in the stack of an answer', () => {
    const wired = new Wired();
    wired.onAnswer = (id) => {
      if (id === 1) {
        wired.broker.set('paused');
        wired.broker.set('running');
        wired.connection.resumed();
      }
      if (id === 2) wired.send(3, 2);
    };
    wired.send(0, 3);
    expect(wired.events).toEqual(served(0, 5));
  });
});
