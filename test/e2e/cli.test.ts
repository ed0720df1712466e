/** The command `millrace run`, as a user types it: forms of input, results, exit codes, bad usage. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { Command, command, fixture, records, temporaryFolder } from './cli/command.js';

const tasks = fixture('tasks');
const values = (stdout: string): unknown[] => records(stdout).map(({ value }) => value);
/** The error of the first record. */
const errorOf = (stdout: string): { name?: string; code?: string } => records(stdout)[0]?.['error'] ?? {};

describe('inputs', () => {
  test('words, globs, ::: and :::: are inputs in this order', async (t) => {
    const cwd = temporaryFolder(t);
    mkdirSync(join(cwd, 'in'));
    for (const name of ['b.txt', 'a.txt', 'c.md']) writeFileSync(join(cwd, 'in', name), '');
    writeFileSync(join(cwd, 'list'), 'l1\nl2\n');
    const { code, stdout } = await command(['run', tasks, 'echo', '-k', './w', 'in/*.{txt,md}', ':::', '-j', '*', '::::', 'list'], { cwd });
    assert.equal(code, 0);
    assert.deepEqual(values(stdout), ['./w', 'in/a.txt', 'in/b.txt', 'in/c.md', '-j', '*', 'l1', 'l2']);
    assert.deepEqual(records(stdout)[0], { index: 0, input: './w', value: './w' });
  });

  test('lines on stdin, with LF or NUL', async () => {
    assert.deepEqual(values((await command(['run', tasks, 'echo', '-k'], { stdin: 'a\nb c\r\n\nd' })).stdout), ['a', 'b c', 'd']);
    assert.deepEqual(values((await command(['run', tasks, 'echo', '-k', '-0', '-'], { stdin: 'a\nb\0c\0' })).stdout), ['a\nb', 'c']);
  });

  for (const [file, content, expected] of [
    ['in.ndjson', '{"a":1}\n2\n', [{ a: 1 }, 2]],
    ['in.json', '[{"a":1},"x"]', [{ a: 1 }, 'x']],
    ['in.csv', 'id,name\n1,"a ""b"""\n', [{ id: '1', name: 'a "b"' }]],
    ['in.txt', 'one\ntwo\n', ['one', 'two']],
  ] as const) {
    test(`--input ${file}`, async (t) => {
      const cwd = temporaryFolder(t);
      writeFileSync(join(cwd, file), content);
      const { code, stdout, stderr } = await command(['run', tasks, 'echo', '-k', '--input', file], { cwd });
      assert.deepEqual([code, values(stdout)], [0, expected], stderr);
    });
  }

  test('stdin in another format', async () => {
    assert.deepEqual(values((await command(['run', tasks, 'echo', '-k', '--input-format', 'csv'], { stdin: 'x,y\n1,2\n' })).stdout), [{ x: '1', y: '2' }]);
  });

  test('no inputs at all is nothing to do', async () => {
    const { code, stdout, stderr } = await command(['run', tasks, 'echo'], { stdin: '' });
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /0 ok, 0 failed/);
  });

  test('a bad line ends the run with its number, after what came before it', async (t) => {
    const cwd = temporaryFolder(t);
    writeFileSync(join(cwd, 'in.ndjson'), '1\n2\n{oops\n4\n');
    const { code, stdout, stderr } = await command(['run', tasks, 'echo', '-k', '-i', 'in.ndjson'], { cwd });
    assert.deepEqual([code, values(stdout)], [2, [1, 2]]);
    assert.match(stderr, /in\.ndjson, line 3: is not JSON: \{oops/);
    assert.match(stderr, /not finished: all from 2 on/);
  });

  test('memory stays small over a long stream', async () => {
    const line = `${'x'.repeat(1_000)}\n`;
    const { code, stderr } = await command(['run', tasks, 'nothing', '--values', '-j', '1'], {
      stdin: line.repeat(60_000),
      nodeFlags: ['--max-old-space-size=40'],
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /60,000 ok/);
  });
});

describe('the function', () => {
  test('omitted, it is the default export or the only one', async () => {
    assert.deepEqual(values((await command(['run', fixture('default'), ':::', 'ABC'])).stdout), ['abc']);
    assert.deepEqual(values((await command(['run', fixture('only'), ':::', 'abc'])).stdout), ['ABC']);
  });

  test('omitted with several, or unknown, it is a usage error that lists them', async () => {
    const several = await command(['run', tasks, ':::', 'x']);
    assert.equal(several.code, 2);
    assert.match(several.stderr, /exports several functions; name one of .*echo.*picky/);
    const unknown = await command(['run', tasks, 'eccho', ':::', 'x']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /Did you mean echo\?/);
  });
});

describe('results', () => {
  test('come as they finish, or with -k in the order of the inputs', async () => {
    const inputs = [':::', '0', '1', '2', '3', '4'];
    const asFinished = await command(['run', tasks, 'reversed', '-w', 'async', ...inputs]);
    assert.deepEqual(values(asFinished.stdout), ['4', '3', '2', '1', '0']);
    const inOrder = await command(['run', tasks, 'reversed', '-w', 'async', '-k', ...inputs]);
    assert.deepEqual(values(inOrder.stdout), ['0', '1', '2', '3', '4']);
  });

  for (const worker of ['thread', 'process', 'async']) {
    test(`on ${worker} workers a failed input is a record and exit code 1`, async () => {
      const { code, stdout, stderr } = await command(['run', tasks, 'picky', '-k', '--worker', worker, ':::', 'a', 'bad1', 'b']);
      assert.equal(code, 1);
      assert.deepEqual(records(stdout), [
        { index: 0, input: 'a', value: 'a' },
        { index: 1, input: 'bad1', error: { name: 'RangeError', message: 'bad1 is out of range', code: 'E_RANGE', limit: '7' } },
        { index: 2, input: 'b', value: 'b' },
      ]);
      assert.match(stderr, /2 ok, 1 failed/);
      assert.match(stderr, /input 1 \("bad1"\): RangeError: bad1 is out of range/);
    });

    test(`on ${worker} workers stdout holds the results and nothing that a task prints`, async () => {
      const { code, stdout, stderr } = await command(['run', tasks, 'noisy', '--worker', worker, ':::', 'x']);
      assert.deepEqual([code, values(stdout)], [0, ['x']]);
      assert.match(stderr, /printed for x/);
      assert.match(stderr, /written for x/);
      assert.match(stderr, /logged for x/);
    });
  }

  test('what JSON lacks is written all the same', async () => {
    const { stdout } = await command(['run', tasks, 'special', ':::', 'hello']);
    assert.deepEqual(values(stdout), [{ big: '1180591620717411303424', bytes: 'aGVsbG8=', map: { k: [1] } }]);
    assert.deepEqual(values((await command(['run', tasks, 'nothing', ':::', 'x'])).stdout), [null]);
  });

  test('--tag puts the input before each line of its value', async () => {
    const { code, stdout } = await command(['run', tasks, 'double', '-k', '--tag', ':::', 'a', 'b\n']);
    assert.deepEqual([code, stdout], [0, 'a\taa\nb \tb\nb \tb\nb \t\n']);
  });

  test('--results writes each outcome to files of its own, and no leftovers', async (t) => {
    const cwd = temporaryFolder(t);
    const files = (index: number): string[] => readdirSync(join(cwd, 'out', String(index))).sort();
    const text = (index: number, name: string): string => readFileSync(join(cwd, 'out', String(index), name), 'utf8');
    const first = await command(['run', tasks, 'picky', '-k', '--results', 'out', ':::', 'a', 'bad1'], { cwd });
    assert.equal(records(first.stdout).length, 2);
    assert.deepEqual(
      [files(0), files(1)],
      [
        ['input.json', 'value.txt'],
        ['error.json', 'input.json'],
      ],
    );
    assert.deepEqual([text(0, 'value.txt'), text(1, 'input.json')], ['a', '"bad1"\n']);
    assert.equal((JSON.parse(text(1, 'error.json')) as { code: string }).code, 'E_RANGE');
    await command(['run', tasks, 'letters', '-k', '--results', 'out', ':::', 'ab', 'c'], { cwd });
    assert.deepEqual([files(1), text(0, 'values.ndjson')], [['input.json', 'value.json', 'values.ndjson'], '"a"\n"b"\n']);
    const special = await command(['run', tasks, 'bytes', '--results', 'out', ':::', 'xyz'], { cwd });
    assert.deepEqual([special.code, files(0), text(0, 'value.bin')], [0, ['input.json', 'value.bin'], 'xyz']);
  });

  test('--results that cannot be written end the run', async (t) => {
    const cwd = temporaryFolder(t);
    writeFileSync(join(cwd, 'out'), '');
    const { code, stderr } = await command(['run', tasks, 'echo', '--results', 'out', ':::', 'a'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /out\/0: the result cannot be written/);
  });

  test('--exit-code count exits with the number of failed inputs', async () => {
    const { code } = await command(['run', tasks, 'picky', '--exit-code', 'count', ':::', 'a', 'bad1', 'bad2', 'bad3']);
    assert.equal(code, 3);
    assert.equal((await command(['run', tasks, 'picky', '--exit-code', 'many', ':::', 'a'])).code, 2);
  });

  test('--memfree starts inputs when there is memory for them', async () => {
    assert.deepEqual(values((await command(['run', tasks, 'echo', '--memfree', '1mb', ':::', 'a'])).stdout), ['a']);
    const { code, stderr } = await command(['run', tasks, 'echo', '--memfree', '1000000gb', '--deadline', '2s', ':::', 'a']);
    assert.equal(code, 124);
    assert.match(stderr, /of memory free, less than .*: no further input starts/);
  });

  test('a generator has a record for each value', async () => {
    const { stdout } = await command(['run', tasks, 'letters', '-k', ':::', 'ab', 'c']);
    assert.deepEqual(records(stdout), [
      { index: 0, input: 'ab', yield: 0, value: 'a' },
      { index: 0, input: 'ab', yield: 1, value: 'b' },
      { index: 0, input: 'ab', yields: 2, value: 2 },
      { index: 1, input: 'c', yield: 0, value: 'c' },
      { index: 1, input: 'c', yields: 1, value: 1 },
    ]);
  });

  test('--values prints the values alone, and errors on stderr', async () => {
    const { code, stdout, stderr } = await command(['run', tasks, 'picky', '-k', '-q', '--values', ':::', 'a', 'bad', 'b']);
    assert.deepEqual([code, stdout], [1, 'a\nb\n']);
    assert.match(stderr, /^input 1 \("bad"\): RangeError: bad is out of range\n$/);
  });

  test('a reader that leaves ends the run quietly', async () => {
    const running = new Command(['run', tasks, 'double', '-q'], { stdin: `${'x'.repeat(500)}\n`.repeat(50_000) });
    running.child.stdout?.once('data', () => running.child.stdout?.destroy());
    const { code, signal, stderr } = await running.ended;
    assert.deepEqual([code, signal, stderr], [0, null, '']);
  });

  test('off a terminal there are no control characters', async () => {
    const { stdout, stderr } = await command(['run', tasks, 'picky', '--progress', 'bar', ':::', 'a', 'bad']);
    for (const text of [stdout, stderr]) {
      assert.equal(stripVTControlCharacters(text), text);
      assert.ok(!text.includes('\r'));
    }
  });

  test('--progress json is for programs', async () => {
    const { stderr } = await command(['run', tasks, 'echo', '--progress', 'json', ':::', 'a', 'b']);
    const line = stderr.split('\n').find((each) => each.startsWith('{')) ?? '';
    const { done, total } = JSON.parse(line) as { done: number; total: number };
    assert.deepEqual([done, total], [2, 2]);
  });

  test('--dry-run prints the inputs and runs nothing', async () => {
    const { code, stdout, stderr } = await command(['run', tasks, 'dies', '--dry-run', ':::', 'a', 'b']);
    assert.deepEqual(
      [code, records(stdout)],
      [
        0,
        [
          { index: 0, input: 'a' },
          { index: 1, input: 'b' },
        ],
      ],
    );
    assert.match(stderr, /dies of .*tasks\.js would run for 2 of 2 inputs/);
  });
});

describe('limits', () => {
  test('--retries tries a failed input again', async () => {
    const { code, stdout } = await command(['run', tasks, 'flaky', '-j', '1', '--retries', '1', ':::', 'x']);
    assert.deepEqual([code, values(stdout)], [0, ['x']]);
  });

  test('--timeout fails the input that takes too long', async () => {
    const { code, stdout } = await command(['run', tasks, 'sleepy', '--timeout', '100ms', ':::', 'x']);
    assert.equal(code, 1);
    assert.equal(errorOf(stdout).name, 'TimeoutError');
  });

  test('--deadline ends the run with 124, busy workers included', async () => {
    const { code, stdout, stderr } = await command(['run', tasks, 'deaf', '--deadline', '3s', ':::', 'x']);
    assert.deepEqual([code, stdout], [124, '']);
    assert.match(stderr, /stopped: --deadline 3\.0s/);
    assert.match(stderr, /not finished: inputs 0 \(/);
  });

  test('--halt ends the run with 4', async () => {
    const now = await command(['run', tasks, 'picky', '-k', '-j', '1', '--halt', 'now,fail=1', ':::', 'a', 'bad', ...Array.from({ length: 300 }, String)]);
    assert.equal(now.code, 4);
    assert.deepEqual(
      records(now.stdout)
        .slice(0, 2)
        .map(({ index }) => index),
      [0, 1],
    );
    assert.match(now.stderr, /stopped: --halt now,fail=1/);
    const soon = await command(['run', tasks, 'echo', '-j', '1', '--halt', 'soon,success=2'], { stdin: 'x\n'.repeat(1_000) });
    assert.equal(soon.code, 4);
    assert.ok(records(soon.stdout).length < 1_000);
  });

  test('a worker that dies fails its input only', async () => {
    const { code, stdout } = await command(['run', tasks, 'dies', '-w', 'process', ':::', 'x']);
    assert.equal(code, 1);
    assert.equal(errorOf(stdout).code, 'ERR_WORKER_CRASHED');
  });
});

describe('usage', () => {
  test('help and version', async () => {
    const main = await command(['--help']);
    assert.deepEqual([main.code, /run .*\n.*demo /.test(main.stdout)], [0, true]);
    const run = await command(['run', '--help']);
    assert.deepEqual([run.code, run.stdout.includes('--keep-order')], [0, true]);
    const demo = await command(['demo', '--help']);
    assert.deepEqual([demo.code, demo.stdout.includes('--duration')], [0, true]);
    const version = await command(['--version']);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });

  for (const [args, message] of [
    [[], /Commands:/],
    [['runn'], /unknown command "runn"; did you mean run\?[^]*Commands:/],
    [['run'], /expected a module/],
    [['run', tasks, 'echo', '--job', '3', ':::', 'x'], /unknown flag --job; did you mean --jobs\?/],
    [['run', tasks, 'echo', '-j', '0', ':::', 'x'], /--jobs: expected a number of workers/],
    [['run', tasks, 'echo', '--halt', 'maybe', ':::', 'x'], /--halt: expected now or soon/],
    [['run', tasks, 'echo', '--resume', ':::', 'x'], /--resume needs --joblog/],
    [['run', tasks, 'echo', '*.nothing'], /\*\.nothing: no file matches/],
    [['run', tasks, 'echo', '-i', 'gone.csv'], /gone\.csv: there is no such file of inputs/],
    [['demo', 'no/such/folder'], /no\/such\/folder: there is no such folder/],
  ] as const) {
    test(`millrace ${args.map((arg) => (arg === tasks ? 'tasks.js' : arg)).join(' ')} is exit 2`, async () => {
      const { code, stdout, stderr } = await command(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }

  test('a bad value in the environment names its variable', async () => {
    const { code, stderr } = await command(['run', tasks, 'echo', ':::', 'x'], { env: { MILLRACE_JOBS: 'many' } });
    assert.equal(code, 2);
    assert.match(stderr, /MILLRACE_JOBS: expected a number of workers/);
  });

  test('a module that is not there or does not load is exit 3', async (t) => {
    const cwd = temporaryFolder(t);
    writeFileSync(join(cwd, 'broken.mjs'), "throw new Error('no config')");
    const missing = await command(['run', './nothing.js', ':::', 'x'], { cwd });
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /there is no task module at .*nothing\.js/);
    const broken = await command(['run', './broken.mjs', ':::', 'x'], { cwd });
    assert.equal(broken.code, 3);
    assert.match(broken.stderr, /broken\.mjs: does not load: no config/);
  });

  test('workers that cannot start are exit 3', async (t) => {
    const cwd = temporaryFolder(t);
    writeFileSync(
      join(cwd, 'once.mjs'),
      "import { workerData } from 'node:worker_threads';\nif (typeof workerData !== 'string') throw new Error('not in a pool');\nexport const f = () => 1;",
    );
    const { code, stderr } = await command(['run', './once.mjs', ':::', 'x'], { cwd });
    assert.equal(code, 3);
    assert.match(stderr, /not in a pool/);
  });
});
