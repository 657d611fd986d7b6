import { type LeaseOwner } from '../../../src/model/lease.js';
import { SpecOwner } from './leases.js';

type Pressure = Parameters<Parameters<LeaseOwner['onPressure']>[0]>[0];

/** A partition that the spec puts under pressure, and that says who holds it. */
export class PressedOwner extends SpecOwner {
  override windowFull = false;
  readonly listeners = new Set<(why: Pressure) => void>();
  readonly holds: string[] = [];

  override onPressure(listener?: (why: Pressure) => void): () => void {
    const own = (why: Pressure): void => listener?.(why);
    this.listeners.add(own);
    return () => {
      this.listeners.delete(own);
    };
  }
  override hold(reason = ''): () => void {
    this.holds.push(reason);
    return () => {
      this.holds.splice(this.holds.indexOf(reason), 1);
    };
  }
  press(why: Pressure): void {
    if (why === 'windowFull') this.windowFull = true;
    for (const listener of [...this.listeners]) listener(why);
  }
}
