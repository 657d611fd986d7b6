import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Listeners } from '../../src/runtime/listeners.js';

describe('Listeners', () => {
  it('tells each as often as it was added, and removes one at a time', () => {
    const told: string[] = [];
    const listeners = new Listeners<string>();
    const listener = (value: string): void => {
      told.push(value);
    };
    const remove = listeners.add(listener);
    listeners.add(listener);
    listeners.tell('a');
    remove();
    remove();
    listeners.tell('b');
    expect([told, listeners.size]).toEqual([['a', 'a', 'b'], 1]);
  });

  it('leaves out one that an earlier one removed, and one that was added meanwhile', () => {
    const told: string[] = [];
    const listeners = new Listeners();
    listeners.add(() => {
      removeSecond();
      listeners.add(() => told.push('late'));
    });
    const removeSecond = listeners.add(() => told.push('second'));
    listeners.tell(undefined);
    expect(told).toEqual([]);
  });

  it('goes on behind one that throws, and hands the error out', () => {
    const told: unknown[] = [];
    const listeners = new Listeners();
    listeners.add(() => {
      throw new Error('broken');
    });
    listeners.add(() => told.push('next'));
    listeners.tell(undefined, (error) => told.push((error as Error).message));
    expect(told).toEqual(['broken', 'next']);
    expect(() => {
      listeners.tell(undefined);
    }).toThrow('broken');
  });

  it('lets go of what was removed or cleared, also where somebody keeps an earlier state of the list', () => {
    const listeners = new Listeners();
    const told: string[] = [];
    const removes = ['a', 'b', 'c'].map((name) => listeners.add(() => told.push(name)));
    const during = listeners.add(() => {
      removes[1]!();
      listeners.clear();
      listeners.add(() => told.push('next'));
    });
    removes[0]!();
    listeners.tell(undefined);
    during();
    expect([told, listeners.size]).toEqual([['b', 'c'], 1]);
    listeners.tell(undefined);
    expect(told).toEqual(['b', 'c', 'next']);
  });

  it('keeps nothing that was cleared beyond the next young collection', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (how: { type: 'minor' }) => void;
    const young = (): void => {
      // what survives two of them is old
      for (let turn = 0; turn < 2; turn++) collect({ type: 'minor' });
    };
    const listeners = new Listeners();
    young();
    const before = process.memoryUsage().heapUsed;
    for (let turn = 0; turn < 400; turn++) {
      const records = new Array<number>(5000).fill(turn);
      listeners.add(() => records.length);
      if (turn % 10 === 0) young();
      listeners.clear();
    }
    young();
    // 400 times 40 kB, of which a tenth was old when it was cleared
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(6_000_000);
  });
});
