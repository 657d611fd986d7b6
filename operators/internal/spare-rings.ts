import { DeliveryRing } from './delivery-ring.js';

/** Slots of all spare rings together, about 50 bytes each. */
const mostSlots = 32_768;

/**
 * Empty rings of runs that ended. `transaction` has a run for every window, and a ring has eight arrays, which V8 allocates, counts
 * and frees one by one.
 */
const spares: DeliveryRing<unknown>[] = [];
let spareSlots = 0;

const empty = new DeliveryRing<unknown>();

/** A ring in which nothing is pending, as large as a run before has made it. */
export function takeRing<T>(): DeliveryRing<T> {
  const ring = spares.pop();
  if (ring === undefined) return new DeliveryRing<T>();
  spareSlots -= ring.slots;
  return ring as DeliveryRing<T>;
}

/**
 * For the next run. The ring that is given back has to be forgotten: a late answer to the run that had it would be taken for
 * one to the run that has it now.
 * @returns what to keep in its place, where nothing is ever pending
 */
export function giveRing<T>(ring: DeliveryRing<T>): DeliveryRing<T> {
  if (ring.length === 0 && spareSlots + ring.slots <= mostSlots) {
    spares.push(ring);
    spareSlots += ring.slots;
  }
  return empty as DeliveryRing<T>;
}
