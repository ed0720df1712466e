/**
 * What a refusal costs, in µs of the main thread: the decision alone, and the whole of a refused submission (task, error, rejected promise).
 *
 *     node bench/micro/refusal.mjs [folder of compiled sources, default build/src] [--quick]
 *
 * The pool is driven by simulated workers and a clock by hand, so nothing else runs: a queue that is full, one whose wait is above `maxWait`, and one that
 * refuses by rank at three times its capacity.
 */
import { pathToFileURL } from 'node:url';

const root = pathToFileURL(`${process.argv.slice(2).find((arg) => !arg.startsWith('--')) ?? 'build/src'}/`).href;
const { OverloadSim, exponential } = await import(new URL('pool/fixtures/overload-sim.js', root).href);
const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 3 : 9;
const CALLS = quick ? 5_000 : 50_000;

const noop = () => undefined;
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function measure(name, options, prepare) {
  const sim = new OverloadSim(1, { size: 8, submitStack: false, ...options });
  await sim.boot();
  await prepare(sim);
  const { pool } = sim;
  const args = [{ ms: 20, outcome: 'ok', key: 0 }];
  const given = { priority: 'low' };
  const refuse = async () => {
    let refused = 0;
    const from = performance.now();
    for (let call = 0; call < CALLS; call += 1) {
      const task = pool.submit('play', args, given);
      if (!task.isComplete()) continue;
      refused += 1;
      task.result.catch(noop);
    }
    await Promise.resolve();
    return { us: ((performance.now() - from) * 1_000) / CALLS, refused };
  };
  await refuse();
  const rounds = [];
  let share = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { us, refused } = await refuse();
    rounds.push(us);
    share = refused / CALLS;
  }
  console.log(`${name.padEnd(26)} ${median(rounds).toFixed(2)} us a submission (${(share * 100).toFixed(0)} % refused)`);
  await sim.close();
}

const overload = (sim) => sim.run({ perSecond: () => 1_200, level: () => 'normal', serviceMs: exponential(20) }, 3_000);
await measure('queue full', { queue: { max: 100 } }, (sim) => {
  for (let n = 0; n < 200; n += 1) sim.submit('low', 20).result.catch(noop);
});
await measure('wait above maxWait', { queue: { max: Infinity, maxWait: 100 } }, async (sim) => {
  for (let n = 0; n < 200; n += 1) sim.submit('low', 20);
  await sim.clock.advance(100);
  for (let n = 0; n < 200; n += 1) sim.submit('low', 20);
});
await measure('rank behind the cutoff', { overload: 'adaptive' }, overload);

// The decision alone: the same question, without the task, the error and the promise that come of it.
const { ArrivalRanks, rankOf } = await import(new URL('policy/arrival-ranks.js', root).href);
const { LevelCounts } = await import(new URL('queue/level-counts.js', root).href);
const { tasksAhead } = await import(new URL('queue/tasks-ahead.js', root).href);
const { DEFAULT_LEVELS } = await import(new URL('queue/queued-task.js', root).href);
const ranks = new ArrivalRanks(5);
const counts = new LevelCounts(5);
for (let level = 0; level < 5; level += 1) for (let n = 0; n < 100; n += 1) counts.add({ level, bytes: 0, requeued: false });
const oldest = { submittedAt: 0 };
function timed(name, body) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = performance.now();
    for (let call = 0; call < 10 * CALLS; call += 1) body(call);
    rounds.push(((performance.now() - from) * 1_000) / (10 * CALLS));
  }
  console.log(`${name.padEnd(26)} ${median(rounds).toFixed(3)} us`);
}
timed('decision by rank', (n) => {
  const rank = rankOf(n % 5, undefined, n, 5_000);
  ranks.note(rank);
  return rank > 300;
});
timed('decision by wait', (n) => tasksAhead(n % 5, 5_000, DEFAULT_LEVELS, counts, () => oldest) > 100);
