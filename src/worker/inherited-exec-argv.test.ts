import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inheritedExecArgv } from './inherited-exec-argv.js';

it('a worker process takes over flags, but not what its parent runs nor its debugger', () => {
  const kept = ['--enable-source-maps', '--max-old-space-size=64', '--import', './setup.js', '--conditions=dev'];
  assert.deepEqual(inheritedExecArgv(kept), kept);
  assert.deepEqual(inheritedExecArgv(['--input-type=module', '-e', 'process.exit()', '--no-warnings']), ['--no-warnings']);
  assert.deepEqual(inheritedExecArgv(['--inspect-brk=0', '--inspect-port', '0', '--test', '--test-timeout=5', '--watch', '--no-warnings']), ['--no-warnings']);
  assert.deepEqual(inheritedExecArgv(['--input-type', 'module', '--eval=1', '-pe', '1']), []);
});

it('a profile is made of the process that was asked for one: how to make it is not passed on without the order to', () => {
  assert.deepEqual(inheritedExecArgv(['--cpu-prof', '--cpu-prof-dir=profiles', '--cpu-prof-name', 'main', '--no-warnings']), ['--no-warnings']);
  assert.deepEqual(inheritedExecArgv(['--heap-prof', '--heap_prof_dir', 'profiles', '--heap-prof-interval=1024', '--diagnostic-dir=logs']), [
    '--diagnostic-dir=logs',
  ]);
});

it('flags of the test runner that nothing else understands stay with it', () => {
  assert.deepEqual(inheritedExecArgv(['--test-isolation=none', '--test-skip-pattern', 'slow', '--test-update-snapshots', '--import', './hook.js']), [
    '--import',
    './hook.js',
  ]);
});
