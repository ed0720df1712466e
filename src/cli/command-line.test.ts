import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCommandLine } from './command-line.js';
import { CommandError } from './exit-codes.js';
import { envName, FLAGS } from './flags.js';

function refused(argv: string[], pattern: RegExp, env: Record<string, string> = {}): void {
  assert.throws(
    () => parseCommandLine('run', argv, env),
    (error: unknown) => error instanceof CommandError && error.exitCode === 2 && pattern.test(error.message),
  );
}

describe('parseCommandLine', () => {
  test('flags may stand before, between and after positionals, long, short, joined and with =', () => {
    const { flags, positionals } = parseCommandLine('run', ['-k', 'tasks.js', '-j4', 'fn', '--worker=process', 'a', '--retries', '2'], {});
    assert.deepEqual(positionals, ['tasks.js', 'fn', 'a']);
    assert.equal(flags.on('keep-order'), true);
    assert.deepEqual([flags.text('jobs'), flags.text('worker'), flags.text('retries')], ['4', 'process', '2']);
    assert.equal(flags.text('timeout'), undefined);
  });

  test('what follows ::: and :::: is never a flag, and groups keep their order', () => {
    const { flags, positionals, groups } = parseCommandLine('run', ['m.js', '-q', ':::', '-k', '--no', '::::', 'a.txt', ':::', 'z'], {});
    assert.deepEqual(positionals, ['m.js']);
    assert.equal(flags.on('quiet'), true);
    assert.equal(flags.on('keep-order'), false);
    assert.deepEqual(groups, [
      { kind: 'inputs', values: ['-k', '--no'] },
      { kind: 'files', values: ['a.txt'] },
      { kind: 'inputs', values: ['z'] },
    ]);
  });

  test('after -- everything is a positional, and - alone is one', () => {
    assert.deepEqual(parseCommandLine('run', ['m.js', '-', '--', '--jobs', '-1'], {}).positionals, ['m.js', '-', '--jobs', '-1']);
  });

  test('a negative number of jobs is a value, not a flag', () => {
    assert.equal(parseCommandLine('run', ['m.js', '-j', '-1'], {}).flags.text('jobs'), '-1');
    assert.equal(parseCommandLine('run', ['m.js', '--jobs', '-2', 'x'], {}).flags.text('jobs'), '-2');
  });

  test('the command line goes before the environment, also to switch something off', () => {
    const env = { MILLRACE_JOBS: '3', MILLRACE_KEEP_ORDER: '1', MILLRACE_INPUT: 'x.txt', MILLRACE_QUIET: '' };
    const plain = parseCommandLine('run', ['m.js'], env).flags;
    assert.deepEqual([plain.text('jobs'), plain.on('keep-order'), plain.list('input'), plain.on('quiet')], ['3', true, ['x.txt'], false]);
    const given = parseCommandLine('run', ['m.js', '-j', '5', '--no-keep-order', '-i', 'a', '-i', 'b'], env).flags;
    assert.deepEqual([given.text('jobs'), given.on('keep-order'), given.list('input')], ['5', false, ['a', 'b']]);
    assert.equal(plain.origin('jobs'), 'MILLRACE_JOBS');
    assert.equal(given.origin('jobs'), '--jobs');
  });

  test('every flag can be set from the environment, but for help and version', () => {
    for (const flag of FLAGS.filter(({ commands }) => commands.includes('run'))) {
      const { flags } = parseCommandLine('run', [], { [envName(flag)]: flag.value === undefined ? 'true' : 'word' });
      const isSet = flags.on(flag.name) || flags.text(flag.name) === 'word' || flags.list(flag.name).length === 1;
      assert.equal(isSet, flag.noEnv !== true, flag.name);
    }
  });

  test('an unknown flag is refused with the nearest name', () => {
    refused(['m.js', '--job', '4'], /unknown flag --job; did you mean --jobs\?/);
    refused(['m.js', '-x'], /unknown flag -x \(millrace run --help/);
    refused(['m.js', '--no-jobs'], /unknown flag --no-jobs/);
    refused(['m.js', '--duration', '2s'], /unknown flag --duration/);
  });

  test('a value that is missing or not wanted is refused', () => {
    refused(['m.js', '--jobs'], /--jobs needs a value/);
    refused(['m.js', '--quiet=yes'], /--quiet takes no value, got "yes"/);
    refused(['m.js'], /MILLRACE_QUIET: expected 1 or 0, got "maybe"/, { MILLRACE_QUIET: 'maybe' });
  });
});
