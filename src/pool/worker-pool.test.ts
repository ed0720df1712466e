/**
 * The pool against a model, over simulated workers and a clock that stands still until it is told to move.
 *
 * Goal: whatever is done to the pool, every task settles exactly once, and nothing is left open. Method: fast-check draws histories of submissions,
 * cancellations, kills and changes of size; the model knows what each task may end as. A failing run prints its seed and path:
 *
 *   MILLRACE_MODEL_RUNS=10000                            how many histories; each has a seed of its own
 *   MILLRACE_MODEL_SEED=… MILLRACE_MODEL_PATH=…          that history alone, shrunk
 */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Share } from './fixtures/model-thread.js';

const runs = Number(process.env['MILLRACE_MODEL_RUNS'] ?? 1_000);
const given = process.env['MILLRACE_MODEL_SEED'];
const path = process.env['MILLRACE_MODEL_PATH'];

/** Plays a share of the histories in a thread; resolves to the number of tasks. */
function play(share: Share): Promise<number> {
  return new Promise((resolve, reject) => {
    const url: URL = new URL('./fixtures/model-thread.js', import.meta.url);
    const thread = new Worker(url, { workerData: share });
    thread.once('message', resolve);
    thread.once('error', (error: Error) => reject(new Error(error.message)));
    thread.once('exit', () => reject(new Error(`MILLRACE_MODEL_SEED=${share.seed}: the thread ended without an answer`)));
  });
}

describe('a pool of simulated workers', () => {
  test('settles every task exactly once, whatever is done to it', { timeout: 390_000 }, async () => {
    const seed = Number(given ?? Math.floor(Math.random() * 2 ** 31));
    const threads = given === undefined ? Math.min(runs, availableParallelism()) : 1;
    const shares = Array.from({ length: threads }, (_, i): Share => ({ seed: seed + i, runs: Math.ceil(runs / threads), path }));
    const submitted = (await Promise.all(shares.map(play))).reduce((sum, each) => sum + each);
    if (path === undefined) assert.ok(submitted >= Math.min(10_000, runs * 60), `${submitted} submissions`);
  });
});
