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

/** Least time for which a contender runs a case before it is measured: until it is compiled, the compiler wants the cores too. */
const WARM_MS = 1_500;

/** Runs `pass` over and over until the contender is warm, once at least. */
export async function warmUp(pass, warmMs = WARM_MS) {
  const started = performance.now();
  do await pass();
  while (performance.now() - started < warmMs);
}

/** How many passes there are at most once a process has spent so many milliseconds on them. */
const PASSES = [
  { count: 5, spentMs: 1_000 },
  { count: 3, spentMs: 4_000 },
  { count: 2, spentMs: Infinity },
];

/** The median time of five passes in the same process (after `warmUp`, where a case says nothing else), of fewer where they are long. */
export async function medianOf(pass) {
  const times = [];
  const started = performance.now();
  const another = ({ count, spentMs }) => times.length < count && performance.now() - started < spentMs;
  while (PASSES.some(another)) times.push(await pass());
  return median(times);
}

/** How many tasks a pass of {@link steadyRate} may have. */
const PASS_TASKS = [50, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000];

/**
 * The rate of a steady load, where the length of a pass changes nothing but its precision: `pass(tasks)` resolves to milliseconds. A pass has the least of
 * `PASS_TASKS` that keeps this contender busy for `passMs`; the first round finds it, and the others get it as `passTasks`, so that they all measure the same.
 */
export async function steadyRate(pass, { passMs, warmMs }, passTasks) {
  const tasks = passTasks ?? (await enoughTasks(pass, passMs));
  await warmUp(() => pass(tasks), warmMs);
  const elapsedMs = await medianOf(() => pass(tasks));
  return { rate: (tasks / elapsedMs) * 1000, passTasks: tasks };
}

/** The second pass of a length decides: the first still compiles. */
async function enoughTasks(pass, passMs) {
  for (const tasks of PASS_TASKS) {
    await pass(tasks);
    if ((await pass(tasks)) >= passMs) return tasks;
  }
  return PASS_TASKS.at(-1);
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
