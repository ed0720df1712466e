import { median } from './statistics.mjs';

/** Ways to put load on a pool. Each takes `run(index)`, which submits one task, and resolves to the elapsed milliseconds. */

/** Submits everything at once. Counts by callback: the least the harness can add to a task. */
export function burst(run, tasks) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let left = tasks;
    const settled = () => {
      if (--left === 0) resolve(performance.now() - started);
    };
    for (let i = 0; i < tasks; i++) run(i).then(settled, reject);
  });
}

/** The median time of five passes in the same process: the first ones still compile and grow the heap, for every pool alike. */
export async function medianOf(pass) {
  const times = [];
  for (let i = 0; i < 5; i++) times.push(await pass());
  return median(times);
}

/** Keeps `width` tasks in flight. */
export function window(run, tasks, width) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let issued = 0;
    let left = tasks;
    const next = () => {
      if (issued < tasks) run(issued++).then(settled, reject);
    };
    const settled = () => {
      if (--left === 0) resolve(performance.now() - started);
      else next();
    };
    for (let i = 0; i < width; i++) next();
  });
}

/** One task after the other; the time of each in microseconds, sorted. */
export async function oneAtATime(run, tasks) {
  const times = new Float64Array(tasks);
  for (let i = 0; i < tasks; i++) {
    const started = performance.now();
    await run(i);
    times[i] = (performance.now() - started) * 1000;
  }
  return times.sort();
}

/** Like {@link burst}, but stops looking after `limitMs`; resolves to how many were done and in what time. */
export function burstWithin(run, tasks, limitMs) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let done = 0;
    const settled = () => {
      const elapsedMs = performance.now() - started;
      if (++done === tasks || elapsedMs > limitMs) resolve({ done, elapsedMs });
    };
    for (let i = 0; i < tasks; i++) run(i).then(settled, reject);
  });
}
