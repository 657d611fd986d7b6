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
});
