import { follow, type SlotState, transitions } from '../../../src/producer/transaction/transaction-states.js';

const states = Object.keys(transitions) as SlotState[];
/** Written down a second time: what the documentation says may follow what. */
const legal: Readonly<Record<SlotState, string>> = {
  uninitialised: 'initialising fatal closed',
  initialising: 'ready uninitialised fatal closed',
  ready: 'open fatal closed',
  open: 'committing aborting failed fatal closed',
  committing: 'ready failed fatal closed',
  failed: 'aborting fatal closed',
  aborting: 'ready fatal closed',
  fatal: 'closed',
  closed: '',
};

describe('[B102] states of a transactional id', () => {
  it.each(states.flatMap((from) => states.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
    if (legal[from].split(' ').includes(to)) expect(follow(from, to)).toBe(to);
    else expect(() => follow(from, to)).toThrow(`A transaction that is ${from} cannot become ${to}`);
  });

  it('lead from an abortable error only to an abort', () => {
    expect(transitions.failed.filter((to) => to !== 'fatal' && to !== 'closed')).toEqual(['aborting']);
  });
});
