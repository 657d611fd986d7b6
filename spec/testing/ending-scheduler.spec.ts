import { mergeMap, repeat, retry, throwError, timer } from 'rxjs';
import { EndingScheduler } from '../../src/testing/ending-scheduler.js';
import { runMarbles } from '../../src/testing/run-marbles.js';

it('a test that goes on for ever ends with what to do about it', () => {
  expect(() => {
    runMarbles(({ expectObservable }) => {
      expectObservable(timer(1).pipe(repeat())).toBe('');
    });
  }).toThrow(/^runMarbles: after 100000 actions, at \d+ms, the test still goes on.*bound it, or unsubscribe$/u);
});

it('the error of an endless retry reaches the caller, whatever would catch it inside', () => {
  const scheduler = new EndingScheduler(() => undefined, 1000);
  expect(() => {
    scheduler.run(({ cold }) => {
      cold('a')
        .pipe(
          mergeMap(() => throwError(() => new Error('poison'))),
          retry({ delay: 100 }),
        )
        .subscribe();
    });
  }).toThrow('after 1000 actions');
});

it('what takes long in virtual time is no reason', () => {
  runMarbles(({ cold, expectObservable }) => {
    expectObservable(cold('720h a|')).toBe('720h a|');
  });
});
