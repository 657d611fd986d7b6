import { FakeRuntime } from '../../producer/support/fake-runtime.js';

/** Virtual time without a transport, for specs of the record flow; a receiver may take time. */
export class FlowRuntime extends FakeRuntime {
  /** Added to every reading of the clock: what a slow receiver takes. */
  spent = 0;

  constructor(seed = 7) {
    super(seed);
  }

  override now(): number {
    return this.scheduler.frame + this.spent;
  }
  /** Runs the hops that are due. */
  hops(): void {
    this.advance(0);
  }
}
