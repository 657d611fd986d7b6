import { map, take } from 'rxjs';
import { produceFrom } from '../../operators/index.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { runMarbles } from '../../src/testing/index.js';
import { SpecFastSink, SpecSink } from './support/sinks.js';

const toRecord = (value: number): { topic: string; value: number } => ({ topic: 't', value });
const broken = new Error('broken');
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 2);
  });

/** Counts what was pulled and whether it was closed. */
class Watched implements Iterable<number>, AsyncIterable<number> {
  pulled = 0;
  closed = 0;
  readonly #end: number;
  constructor(end = Infinity) {
    this.#end = end;
  }
  *[Symbol.iterator](): Generator<number> {
    try {
      while (this.pulled < this.#end) yield (this.pulled += 1);
    } finally {
      this.closed += 1;
    }
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      while (this.pulled < this.#end) {
        await Promise.resolve();
        yield (this.pulled += 1);
      }
    } finally {
      this.closed += 1;
    }
  }
}
const syncOnly = (watched: Watched): Iterable<number> => ({ [Symbol.iterator]: () => watched[Symbol.iterator]() });

describe('produceFrom', () => {
  it('writes every element and emits the deliveries in order', () => {
    runMarbles(({ sink, expectObservable }) => {
      const out$ = produceFrom([1, 2, 3], sink<never, number>('5ms (a|)'), toRecord).pipe(map((d) => d.source));
      expectObservable(out$).toBe('5ms (123|)', { 1: 1, 2: 2, 3: 3 });
    });
  });

  it('completes with an empty iterable, after a hop', async () => {
    const seen: string[] = [];
    produceFrom([], new SpecSink(), toRecord).subscribe({ complete: () => seen.push('completed') });
    seen.push('subscribed');
    await turn();
    expect(seen).toEqual(['subscribed', 'completed']);
  });

  it('is cold: each subscriber iterates for itself', () => {
    runMarbles(({ sink, expectObservable }) => {
      const out$ = produceFrom([1], sink<never, number>('2ms (a|)'), toRecord).pipe(map((d) => d.offset));
      expectObservable(out$).toBe('2ms (a|)', { a: 0 });
      expectObservable(out$, '---^').toBe('---2ms (a|)'.replace('---2ms', '5ms'), { a: 1 });
    });
  });

  it('does not pull before it is subscribed, nor after it was unsubscribed at once', async () => {
    const items = new Watched();
    const out$ = produceFrom(syncOnly(items), new SpecSink(), toRecord);
    out$.subscribe().unsubscribe();
    await turn();
    expect(items.pulled).toBe(0);
  });

  describe.each([
    ['iterable', syncOnly, () => new SpecSink(3)],
    ['async iterable', (watched: Watched): AsyncIterable<number> => watched, () => new SpecFastSink(3)],
  ])('with an %s', (_name, open, makeSink) => {
    it('[E3] pulls only while the sink has room', async () => {
      const items = new Watched();
      const sink = makeSink();
      const seen: number[] = [];
      const subscription = produceFrom(open(items), sink, toRecord).subscribe((d) => seen.push(d.source));
      await turn();
      expect([items.pulled, sink.written.length]).toEqual([3, 3]);
      sink.answer(0);
      await turn();
      expect([items.pulled, sink.written.length, seen]).toEqual([4, 4, [1]]);
      subscription.unsubscribe();
      await turn();
      expect([items.closed, sink.listeners.size]).toEqual([1, 0]);
    });

    it('[E2] closes the iterator when downstream has enough', async () => {
      const items = new Watched();
      const sink = makeSink();
      const done = new Promise<void>((resolve) => {
        produceFrom(open(items), sink, toRecord).pipe(take(1)).subscribe({ complete: resolve });
      });
      await turn();
      sink.answer(0);
      await done;
      await turn();
      expect(items.closed).toBe(1);
    });

    it('closes the iterator when a record fails', async () => {
      const items = new Watched();
      const sink = makeSink();
      const failed = new Promise((resolve) => {
        produceFrom(open(items), sink, toRecord).subscribe({ error: resolve });
      });
      await turn();
      sink.answer(0, broken);
      expect(await failed).toBe(broken);
      await turn();
      expect(items.closed).toBe(1);
    });

    it('completes after the last delivery', async () => {
      const items = new Watched(2);
      const sink = makeSink();
      let completed = false;
      produceFrom(open(items), sink, toRecord).subscribe({ complete: () => (completed = true) });
      await turn();
      sink.answer(0);
      expect(completed).toBe(false);
      sink.answer(1);
      await turn();
      expect(completed).toBe(true);
    });
  });

  it('lets others run when an endless iterable meets a sink that is never full', async () => {
    let pulled = 0;
    const first = new Promise<number>((resolve) => {
      function* endless(): Generator<number> {
        setImmediate(() => {
          resolve(pulled);
        });
        for (;;) yield (pulled += 1);
      }
      const subscription = produceFrom(endless(), new SpecSink(), toRecord).subscribe();
      setTimeout(() => {
        subscription.unsubscribe();
      }, 10);
    });
    expect(await first).toBe(10_000);
  });

  it('passes the failure of the iterable on', async () => {
    function* failing(): Generator<number> {
      yield 1;
      throw broken;
    }
    async function* failingLater(): AsyncGenerator<number> {
      yield 1;
      await Promise.resolve();
      throw broken;
    }
    for (const items of [failing(), failingLater()]) {
      const error = await new Promise((resolve) => {
        produceFrom<number, never, number>(items, new SpecSink(), toRecord).subscribe({ error: resolve });
      });
      expect(error).toBe(broken);
    }
    const unopened = {
      [Symbol.iterator]: (): never => {
        throw broken;
      },
    };
    const error = await new Promise((resolve) => {
      produceFrom(unopened, new SpecSink(), toRecord).subscribe({ error: resolve });
    });
    expect(error).toBe(broken);
  });

  it('rejects bad arguments at the call', () => {
    expect(() => produceFrom(7 as never, new SpecSink(), toRecord)).toThrow(InvalidOptionError);
    expect(() => produceFrom([], {} as never, toRecord)).toThrow(InvalidOptionError);
    expect(() => produceFrom([], new SpecSink(), toRecord, { maxInFlight: -1 })).toThrow(InvalidOptionError);
  });
});
