import { type Runtime } from '../../model/runtime.js';
import { nodeScheduler } from './node-scheduler.js';
import { SocketTransport } from './socket-transport.js';

/** Far beyond any deadline, and still a legal timer. */
const longestDelayMs = 2147483647;

/** Counts who needs the process; the handle is made on first need and only changes its reference afterwards. */
class ProcessHold {
  #holders = 0;
  #handle: NodeJS.Timeout | null = null;

  take(): () => void {
    this.#handle ??= setInterval(() => undefined, longestDelayMs);
    if (this.#holders++ === 0) this.#handle.ref();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holders > 0) return;
      if (this.#handle !== null) clearInterval(this.#handle);
      this.#handle = null;
    };
  }
}

const hold = new ProcessHold();

/** A script that has nothing left to do ends before the time is over: what it has to hear comes then. */
function advise(ms: number, code: string, ask: () => string | null): void {
  const tell = (): void => {
    clearTimeout(timer);
    process.off('beforeExit', tell);
    const text = ask();
    if (text !== null) process.emitWarning(text, { type: 'RxKafkaWarning', code });
  };
  const timer = setTimeout(tell, ms).unref();
  process.once('beforeExit', tell);
}

const runtime: Runtime = Object.freeze<Runtime>({
  scheduler: nodeScheduler,
  now: () => performance.now(),
  wallClock: () => Date.now(),
  random: () => Math.random(),
  connect: (host, port, tls) => new SocketTransport(host, port, tls ?? null),
  keepAlive: () => hold.take(),
  advise,
});

/** Time, chance and sockets of this process. */
export function nodeRuntime(): Runtime {
  return runtime;
}
