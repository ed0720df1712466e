/** Ending `millrace run` by signals, and going on with what was left. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Command, command, fixture, records, temporaryFolder } from './cli/command.js';

const tasks = fixture('tasks');
const indexes = (stdout: string): unknown[] => records(stdout).map(({ index }) => index);

/** The arguments of the command that the summary names after `label`. */
function printedCommand(stderr: string, label: string): string[] {
  const line = stderr.split('\n').find((each) => each.startsWith(label));
  assert.ok(line !== undefined, `no line "${label}" in:\n${stderr}`);
  return line.slice(label.length).trim().split(' ').slice(1);
}

for (const worker of ['thread', 'process', 'async']) {
  describe(`Ctrl-C on ${worker} workers`, () => {
    test('lets what runs finish, prints how to go on, and that runs the rest exactly once', async (t) => {
      const cwd = temporaryFolder(t);
      const env = { GATE: join(cwd, 'gate') };
      const inputs = Array.from({ length: 300 }, (_, index) => `i${index}`);
      writeFileSync(join(cwd, 'in.txt'), inputs.join('\n'));
      const running = new Command(['run', tasks, 'gated', '-w', worker, '-j', '1', '-i', 'in.txt', '--joblog', 'log'], { cwd, env });
      await running.stderr(/begun i0/);
      running.child.kill('SIGINT');
      await running.stderr(/SIGINT: finishing 1 running input within 25s/);
      writeFileSync(env.GATE, '');
      const first = await running.ended;
      assert.deepEqual([first.code, indexes(first.stdout)], [130, [0]], first.stderr);
      assert.match(first.stderr, /not finished: all from 1 on/);
      const second = await command(printedCommand(first.stderr, 'go on with:'), { cwd, env });
      assert.equal(second.code, 0, second.stderr);
      assert.deepEqual(
        indexes(second.stdout).toSorted((a, b) => Number(a) - Number(b)),
        inputs.map((_, index) => index).slice(1),
      );
      const third = await command(printedCommand(first.stderr, 'go on with:'), { cwd, env });
      assert.deepEqual([third.code, third.stdout], [0, '']);
      assert.match(third.stderr, /0 ok, 0 failed, 300 skipped/);
    });
  });
}

describe('signals', () => {
  test('a second one ends at once what does not listen', async () => {
    const running = new Command(['run', tasks, 'deaf', '-j', '1', ':::', 'a', 'b']);
    await running.stderr(/begun a/);
    running.child.kill('SIGINT');
    await running.stderr(/finishing 1 running input/);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    assert.deepEqual([code, stdout], [130, '']);
    assert.match(stderr, /a run with a log can be resumed: millrace run .* --joblog run\.joblog ::: a b/);
  });

  test('SIGTERM is 143, and the grace can be set', async () => {
    const running = new Command(['run', tasks, 'deaf', '-j', '1', ':::', 'a'], { env: { MILLRACE_SHUTDOWN_TIMEOUT: '100ms' } });
    await running.stderr(/begun a/);
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    assert.equal(code, 143);
    assert.match(stderr, /SIGTERM: finishing 1 running input within 0\.1s/);
  });

  test('a run that waits for stdin ends too', async () => {
    const running = new Command(['run', tasks, 'gated', '-j', '1'], { stdin: 'open', env: { GATE: tasks } });
    running.child.stdin?.write('a\n');
    await running.stderr(/begun a/);
    running.child.kill('SIGINT');
    const { code } = await running.ended;
    assert.equal(code, 130);
  });
});

describe('the joblog', () => {
  test('--resume-failed runs what failed, and only that', async (t) => {
    const cwd = temporaryFolder(t);
    const args = ['run', tasks, 'picky', '-k', '--joblog', 'log'];
    const inputs = [':::', 'a', 'bad1', 'b', 'bad2'];
    const first = await command([...args, ...inputs], { cwd });
    assert.equal(first.code, 1);
    assert.equal(readFileSync(join(cwd, 'log'), 'utf8').trim().split('\n').length, 5);
    const second = await command(printedCommand(first.stderr, 'retry the failed:'), { cwd });
    assert.deepEqual([second.code, indexes(second.stdout)], [1, [1, 3]]);
    const third = await command([...args, '--resume', ':::', 'new', 'a', 'b'], { cwd });
    assert.deepEqual([third.code, records(third.stdout)], [0, [{ index: 0, input: 'new', value: 'new' }]]);
  });

  test('of another function is refused', async (t) => {
    const cwd = temporaryFolder(t);
    await command(['run', tasks, 'echo', '--joblog', 'log', ':::', 'a'], { cwd });
    const { code, stderr } = await command(['run', tasks, 'double', '--joblog', 'log', '--resume', ':::', 'a'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /the log is of echo in .*tasks\.js, not of double/);
  });

  test('that cannot be written ends the run with 2', async (t) => {
    const cwd = temporaryFolder(t);
    const { code, stderr } = await command(['run', tasks, 'echo', '--joblog', 'no/such/folder/log', ':::', 'a'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /the log cannot be written/);
  });
});
