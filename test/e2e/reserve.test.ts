/** What a thread holds in reserve out of a long queue keeps no answer back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createPool } from 'millrace';
import { gateFile, moduleFile } from './gates.js';

const MODULE = `
import { existsSync } from 'node:fs';
/** Takes 0.6 ms, or until the file is there, without giving the event loop a turn. */
export function work(path) {
  for (const end = performance.now() + 0.6; performance.now() < end; );
  while (path !== undefined && !existsSync(path));
  return path;
}`;

interface Tasks {
  work: (path?: string) => string | undefined;
}

test('answers arrive while the function after them takes long, for the first time', { timeout: 180_000 }, async () => {
  const pool = createPool<Tasks>(pathToFileURL(moduleFile('reserve-tasks.mjs', MODULE)), { worker: 'thread', size: 1 });
  const several = (count: number): Promise<unknown>[] => Array.from({ length: count }, () => pool.run('work'));
  await Promise.all(several(100));
  // Wherever the worker is between two wake-ups of the pool.
  for (let count = 60; count < 68; count += 1) {
    const gate = gateFile();
    const before = several(count);
    let ended = false;
    // Not by `submit`: for whoever holds a task its worker says when it begins, and everything else with it.
    const long = pool.run('work', gate.path).finally(() => (ended = true));
    const after = several(60);
    await Promise.all(before);
    assert.equal(ended, false);
    gate.open();
    assert.equal(await long, gate.path);
    await Promise.all(after);
  }
  await pool.close();
});

test('what was sent ahead does not begin while the pool is paused', { timeout: 60_000 }, async () => {
  const pool = createPool<Tasks>(pathToFileURL(moduleFile('reserve-paused-tasks.mjs', MODULE)), { worker: 'thread', size: 1 });
  const several = (count: number): Promise<unknown>[] => Array.from({ length: count }, () => pool.run('work'));
  await Promise.all(several(200));
  const gate = gateFile();
  let ended = 0;
  // One of a long queue that leaves a reserve behind it.
  const before = several(60);
  const long = pool.run('work', gate.path);
  const after = several(60).map((result) => result.then(() => (ended += 1)));
  await Promise.all(before);
  assert.ok(pool.stats().tasks.inFlight > 1, 'tasks wait in the worker');
  pool.pause();
  assert.ok(pool.stats().tasks.inFlight <= 1, 'all of them came back');
  gate.open();
  if (pool.stats().tasks.inFlight > 0) await long;
  await pool.broadcast('work');
  assert.equal(ended, 0);
  pool.resume();
  await Promise.all(after);
  assert.equal(await long, gate.path);
  await pool.close();
});
