/**
 * `npm run chaos -- --simulated 24h --seed N`: hours of faults in virtual time. The pool is the one that ships; each hour is another pool under another
 * traffic, and the checkers of the simulator judge it: every task settles exactly once, the bounds hold, nothing is overtaken, Little's law holds.
 */
import { simulate } from 'millrace/simulator';
import { simulatedHour } from './simulated-hour.js';

/** Keeps the hours of one seed apart from those of the next. */
const HOURS_PER_SEED = 1_000;

/** Plays the hours, or only one of them, and prints the count; returns the exit code. */
export async function playSimulated(hours: number, seed: number, only: number | undefined): Promise<number> {
  const startedAt = performance.now();
  const sum = { passed: 0, failed: 0, faults: 0, tasks: 0, events: 0 };
  console.log(`simulated chaos with seed ${seed}: ${only === undefined ? `${hours} hours` : `hour ${only}`}`);
  for (const hour of only === undefined ? Array.from({ length: hours }, (_, index) => index) : [only]) {
    const scenario = simulatedHour(seed * HOURS_PER_SEED + hour);
    const { tasks, checks, policy } = await simulate(scenario, { seed: seed * HOURS_PER_SEED + hour });
    const faults = scenario.faults?.length ?? 0;
    sum.faults += faults;
    sum.tasks += tasks.submitted;
    sum.events += checks.events;
    sum[checks.violations.length === 0 ? 'passed' : 'failed'] += 1;
    const { completed, failed, rejected, cancelled } = tasks;
    console.log(`hour ${hour}, ${policy}: ${faults} faults; ${completed} completed, ${failed} failed, ${rejected} rejected, ${cancelled} cancelled`);
    if (checks.violations.length === 0) continue;
    for (const violation of checks.violations) console.log(`  ${violation}`);
    console.log(`  repeat it: npm run chaos -- --simulated 1h --seed ${seed} --round ${hour}`);
  }
  console.log(`\n${sum.faults} faults, ${sum.tasks} submissions, ${sum.events} events, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  console.log(`${sum.passed} passed, ${sum.failed} failed, 0 skipped`);
  return sum.failed === 0 ? 0 : 1;
}
