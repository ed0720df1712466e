import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerExecArgv } from './worker-flags.js';

test('a thread gets only the flags a thread may have, with their values', () => {
  const flags = workerExecArgv('thread', ['--max-old-space-size=100', '--import', './x.mjs', '--enable-source-maps', '--expose-gc', '--conditions=dev']);
  assert.deepEqual(flags.slice(0, -2), ['--import', './x.mjs', '--enable-source-maps', '--conditions=dev']);
});

test('a process gets all flags but the debugger, which has one port', () => {
  assert.deepEqual(workerExecArgv('process', ['--max-old-space-size=100', '--inspect=0']).slice(0, -2), ['--max-old-space-size=100']);
});

test('every worker is preloaded with what keeps stdout for the results', () => {
  const [flag, url] = workerExecArgv('thread', []);
  assert.equal(flag, '--import');
  assert.match(url ?? '', /entry\/stdout-to-stderr\.js$/);
});
