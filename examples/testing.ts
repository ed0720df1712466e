import type { Pool } from 'millrace';
import { createInlinePool, createTestPool, FaultPlan, ManualClock } from 'millrace/testing';
import * as tasks from './testing.tasks.js';

// The code under test: it is given its pool.
async function bill(pool: Pool<typeof tasks>, account: string): Promise<string> {
  try {
    return await pool.with({ timeout: '10s' }).run('charge', account, 100);
  } catch (error) {
    return `${account} not charged: ${(error as { code: string }).code}`;
  }
}

// #region inline
// In this very thread, at the times the test decides.
const clock = new ManualClock();
const faults = new FaultPlan();
const inline = createInlinePool(tasks, { clock, faults });

console.log(await bill(inline, 'ann'));

faults.hang('charge', { times: 1 });
const hanging = bill(inline, 'bob');
await clock.advance(10_000);
console.log(await hanging);
await inline.close();
// #endregion inline

// #region real
// On real threads that really die: the third attempt, whatever the timing.
const deadly = new FaultPlan();
deadly.crash('charge', { nth: 3 });
const pool = createTestPool<typeof tasks>(new URL('./testing.tasks.js', import.meta.url), { size: 1, faults: deadly });
for (const account of ['ann', 'bob', 'cid', 'dan']) console.log(await bill(pool, account));
await pool.close();
// #endregion real

// #region hold
// A gate instead of a sleep: what happens while a task runs?
const held = new FaultPlan();
const { gate } = held.hold('charge');
const busy = createTestPool<typeof tasks>(new URL('./testing.tasks.js', import.meta.url), { size: 1, faults: held });
const running = bill(busy, 'eve');
await gate.arrived();
console.log(`in flight: ${busy.stats().tasks.inFlight}`);
gate.open();
console.log(await running);
await busy.close();
// #endregion hold

// prints:
// ann paid 100
// bob not charged: ERR_TASK_TIMEOUT
// ann paid 100
// bob paid 100
// cid not charged: ERR_WORKER_CRASHED
// dan paid 100
// in flight: 1
// eve paid 100
