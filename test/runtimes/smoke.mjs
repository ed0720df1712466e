/**
 * The same few tasks on every kind of worker, on whatever runtime runs this file. Prints a line for each check and at last
 * `N passed, N failed, N skipped`.
 */
import assert from 'node:assert/strict';
import { createPool } from 'millrace';

const CHECK_LIMIT_MS = 60_000;
const runtime = process.versions.bun !== undefined ? 'bun' : process.versions.deno !== undefined ? 'deno' : 'node';

/** Check -> what it does with a pool of one worker. */
const CHECKS = {
  'runs tasks': async (pool) => {
    const results = await Promise.all(Array.from({ length: 200 }, (_, i) => pool.run('add', i, 1)));
    assert.deepEqual(
      results,
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  },
  'carries typed arrays': async (pool) => {
    assert.equal(await pool.run('sum', new Float64Array([1, 2, 3.5])), 6.5);
  },
  'brings errors back whole': async (pool) => {
    await assert.rejects(pool.run('fail'), (error) => error instanceof RangeError && error.message === 'on purpose' && error.code === 'E_ON_PURPOSE');
  },
  'streams a generator': async (pool) => {
    const values = [];
    for await (const value of await pool.run('count', 50)) values.push(value);
    assert.deepEqual(
      values,
      Array.from({ length: 50 }, (_, i) => i),
    );
  },
  'ends a task that hangs, and goes on': async (pool, worker) => {
    if (worker === 'async') return 'the event loop of this process cannot be interrupted';
    await assert.rejects(pool.submit('never', [], { timeout: 200 }).result, { code: 'ERR_TASK_TIMEOUT' });
    assert.equal(await pool.run('add', 1, 2), 3);
    return undefined;
  },
};

/** What a runtime is known not to do: documented in docs/reference/runtimes.md. Runtime -> worker -> reason. */
const KNOWN_GAPS = {
  bun: { process: 'a child of Bun cannot read from an inherited pipe' },
  deno: { process: 'Deno leaves a child behind that does not end by itself' },
};

const counts = { passed: 0, failed: 0, skipped: 0 };

function report(outcome, name, remark) {
  counts[outcome] += 1;
  console.log(`${outcome.padEnd(8)}${name}${remark === undefined ? '' : `: ${remark}`}`);
}

async function within(promise) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${CHECK_LIMIT_MS} ms`)), CHECK_LIMIT_MS);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

for (const worker of ['async', 'thread', 'process']) {
  const gap = KNOWN_GAPS[runtime]?.[worker];
  const pool = gap === undefined ? createPool(new URL('./tasks.mjs', import.meta.url), { worker, size: 1 }) : undefined;
  for (const [name, check] of Object.entries(CHECKS)) {
    const title = `${worker} worker ${name}`;
    if (pool === undefined) {
      report('skipped', title, gap);
      continue;
    }
    try {
      const reason = await within(check(pool, worker));
      report(reason === undefined ? 'passed' : 'skipped', title, reason);
    } catch (error) {
      report('failed', title, error.stack ?? String(error));
    }
  }
  await within(pool?.close({ timeout: 1000 })).catch((error) => report('failed', `${worker} worker closes`, error.stack ?? String(error)));
}

console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
