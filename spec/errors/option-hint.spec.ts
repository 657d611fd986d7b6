import { resolveConsumerOptions } from '../../src/observables/consumer-options.js';

it('an option whose default is an object or nothing is left out, not left out for an object or null', () => {
  const settings = { topics: 't', groupId: 'g' };
  expect(() => resolveConsumerOptions({ ...settings, window: 100 })).toThrow(/at least 1, or left out, got 100$/u);
  expect(() => resolveConsumerOptions({ ...settings, groupId: '' })).toThrow(/or left out, got ""$/u);
});
