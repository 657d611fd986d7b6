// What a measured process gets: its task, the values to write, and the window over which CPU and time are counted.

/** @returns the task that the runner put into the environment, with helpers every client uses the same way. */
export function openContext() {
  const task = JSON.parse(process.env.BENCH_TASK ?? '{}');
  let cpu = null;
  let began = 0;
  let firstRecord = 0;
  let figures = null;
  return {
    ...task,
    /** Opens the window. Produce and pipe cases count time from here. */
    start() {
      cpu = process.cpuUsage();
      began = performance.now();
    },
    /** Consume cases: time counts from the first record, CPU from `start`, so joining a group costs CPU but no speed. */
    first() {
      if (firstRecord === 0) firstRecord = performance.now();
    },
    /** Closes the window; everything after it (close, commit of a consumer) is free. */
    stop(records, more = {}) {
      const used = process.cpuUsage(cpu);
      const ended = performance.now();
      const seconds = (ended - (firstRecord === 0 ? began : firstRecord)) / 1000;
      figures = {
        records,
        cpuSeconds: (used.user + used.system) / 1e6,
        seconds,
        peakRssMb: process.resourceUsage().maxRSS / 1024,
        ...more,
      };
    },
    figures: () => figures,
  };
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** 1,000 different texts of `size` ASCII characters from a fixed seed; records repeat them. */
export function texts(size) {
  let state = 12_345;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 8;
  };
  return Array.from({ length: 1000 }, (_, index) => {
    let text = String(index).padStart(10, '0');
    while (text.length < size) text += alphabet[next() % alphabet.length];
    return text.slice(0, size);
  });
}

/** `count` items that repeat `pool`. */
export function repeated(pool, count) {
  const all = new Array(count);
  for (let index = 0; index < count; index++) all[index] = pool[index % pool.length];
  return all;
}

/** `size`-byte buffers with the same content as `texts`. */
export function buffers(size) {
  return texts(size).map((text) => Buffer.from(text));
}

/** Sends one after the other and keeps each time; `send(index)` resolves with the acknowledgement. */
export async function latencies(context, send) {
  for (let index = 0; index < context.warmUp; index++) await send(index);
  const times = new Float64Array(context.count);
  context.start();
  for (let index = 0; index < context.count; index++) {
    const before = performance.now();
    await send(index);
    times[index] = performance.now() - before;
  }
  times.sort();
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  context.stop(context.count, { p50Ms: at(0.5), p99Ms: at(0.99) });
}

/**
 * What a client costs that has nothing to do. `begin` sends a record and reads it back; the start counts from the beginning of the
 * process to the record's acknowledgement, which `begin` announces, and the window is the quiet time afterwards.
 */
export async function watchIdle(context, begin) {
  let startMs = 0;
  let startCpuSeconds = 0;
  await begin(() => {
    const { user, system } = process.cpuUsage();
    startMs = performance.now();
    startCpuSeconds = (user + system) / 1e6;
  });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  context.start();
  await new Promise((resolve) => setTimeout(resolve, context.seconds * 1000));
  context.stop(1, { startMs, startCpuSeconds });
}

/** Growth of the resident set from now on, looked at ten times a second for `seconds`. */
export async function watchMemory(context, begin) {
  const before = process.memoryUsage.rss();
  context.start();
  const state = await begin();
  let most = before;
  const until = performance.now() + context.seconds * 1000;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    most = Math.max(most, process.memoryUsage.rss());
  }
  const mb = 1024 * 1024;
  context.stop(state.received(), {
    growthMb: (most - before) / mb,
    endGrowthMb: (process.memoryUsage.rss() - before) / mb,
  });
}
