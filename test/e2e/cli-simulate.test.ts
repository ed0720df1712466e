/** The commands `millrace simulate` and `millrace tune`, as a user types them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, temporaryFolder } from './cli/command.js';

const TASKS =
  'export function spin() { const end = performance.now() + 2; while (performance.now() < end); }\nexport function fail() { throw new Error("no luck"); }\n';

test('simulate compares policies, writes its report, and says the same for the same seed', async (t) => {
  const cwd = temporaryFolder(t);
  const argv = ['simulate', '--rate', '100', '--service', '20ms', '--duration', '10s', '--cores', '8', '--html', 'r.html', '--json', 'r.json'];
  const [first, again] = [await command(argv, { cwd }), await command(argv, { cwd })];
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stdout, again.stdout);
  for (const policy of ['adaptive', 'queue-depth', 'threshold']) assert.match(first.stdout, new RegExp(`^${policy} `, 'm'));
  assert.match(readFileSync(join(cwd, 'r.html'), 'utf8'), /^<!doctype html>/);
  const reports = JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')) as { readonly checks: { readonly violations: unknown[] } }[];
  assert.deepEqual(
    reports.map(({ checks }) => checks.violations),
    [[], [], []],
  );
});

test('simulate --plan answers with the size to use', async (t) => {
  const { code, stdout } = await command(['simulate', '--rate', '100', '--duration', '5s', '--max', '16', '--plan'], { cwd: temporaryFolder(t) });
  assert.equal(code, 0);
  assert.match(stdout, /size: \{ min: \d+, max: \d+ \}, policy: 'adaptive'/);
});

test('simulate says what it needs', async (t) => {
  const { code, stderr } = await command(['simulate'], { cwd: temporaryFolder(t) });
  assert.equal(code, 2);
  assert.match(stderr, /expected a scenario file, --rate N or --trace FILE/);
});

test('tune measures a function and prints options to paste', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'tasks.mjs'), TASKS);
  const { code, stdout, stderr } = await command(['tune', 'tasks.mjs', 'spin', '--worker', 'thread', '--jobs', '2', '--duration', '50ms', '--svg', 'c.svg'], {
    cwd,
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^thread +1 .*█/m);
  assert.match(stdout, /createPool\(new URL\("\.\/tasks\.mjs", import\.meta\.url\), \{ worker: 'thread', size: \{ min: 1, max: [12] \} \}\);/);
  assert.match(readFileSync(join(cwd, 'c.svg'), 'utf8'), /^<svg /);
});

test('tune ends with the error of a function that fails', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'tasks.mjs'), TASKS);
  const { code, stderr } = await command(['tune', 'tasks.mjs', 'fail', '--duration', '50ms'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /fail: a task failed while it was measured: no luck/);
});
