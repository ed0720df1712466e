import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CommandError } from './exit-codes.js';
import { hashInput, JobLog, readHistory } from './joblog.js';
import type { ResumeMode } from './joblog.js';

const identity = { module: 'm.js', function: 'f' };
let folder = '';
let path = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'millrace-joblog-'))));
beforeEach(() => (path = join(folder, `${Math.random()}.log`)));
after(() => rmSync(folder, { recursive: true }));

/** One run over `inputs`: those in `failing` fail, the others are ok; `until` stops it early. Returns what it ran. */
async function run(mode: ResumeMode, inputs: readonly unknown[], failing: readonly unknown[] = [], until = Infinity): Promise<unknown[]> {
  const history = await readHistory(path, mode, identity);
  const log = await JobLog.open(path, mode, identity);
  const ran: unknown[] = [];
  for (const [index, input] of inputs.entries()) {
    const verdict = history.judge(input);
    if (!verdict.run) continue;
    if (ran.length === until) break;
    ran.push(input);
    await log.record({ index, hash: verdict.hash, again: verdict.again }, failing.includes(input) ? { thrown: new Error('bad') } : 'ok');
  }
  await log.close();
  return ran;
}

describe('the joblog', () => {
  test('resume runs what was not done, failed or never begun', async () => {
    await run('fresh', ['a', 'b', 'c', 'd'], ['b'], 3);
    assert.deepEqual(await run('resume', ['a', 'b', 'c', 'd']), ['b', 'd']);
    assert.deepEqual(await run('resume', ['a', 'b', 'c', 'd']), []);
  });

  test('resume-failed runs only what failed last', async () => {
    await run('fresh', ['a', 'b', 'c', 'd'], ['b', 'c'], 3);
    assert.deepEqual(await run('resume-failed', ['a', 'b', 'c', 'd'], ['c']), ['b', 'c']);
    assert.deepEqual(await run('resume-failed', ['a', 'b', 'c', 'd']), ['c']);
    assert.deepEqual(await run('resume-failed', ['a', 'b', 'c', 'd']), []);
    assert.deepEqual(await run('resume', ['a', 'b', 'c', 'd']), ['d']);
  });

  test('equal inputs are counted, not merged', async () => {
    await run('fresh', ['a', 'a', 'a'], [], 1);
    assert.deepEqual(await run('resume', ['a', 'a', 'a'], ['a'], 1), ['a']);
    assert.deepEqual(await run('resume', ['a', 'a', 'a']), ['a', 'a']);
    assert.deepEqual(await run('resume', ['a', 'a', 'a']), []);
  });

  test('the order of the inputs may change between runs', async () => {
    await run('fresh', [{ id: 1 }, { id: 2 }], [], 1);
    assert.deepEqual(await run('resume', [{ id: 2 }, { id: 1 }]), [{ id: 2 }]);
  });

  test('a fresh run appends and starts over', async () => {
    await run('fresh', ['a', 'b']);
    await run('fresh', ['a', 'b'], [], 1);
    assert.deepEqual(await run('resume', ['a', 'b']), ['b']);
    assert.equal(readFileSync(path, 'utf8').trim().split('\n').length, 7);
  });

  test('a last line that was cut short is passed over, and nothing is glued to it', async () => {
    await run('fresh', ['a', 'b', 'c'], [], 2);
    appendFileSync(path, '{"index":2,"hash":"0');
    assert.deepEqual(await run('resume', ['a', 'b', 'c']), ['c']);
    assert.deepEqual(await run('resume', ['a', 'b', 'c']), []);
  });

  test('the log of another function is refused', async () => {
    await run('fresh', ['a']);
    await assert.rejects(
      readHistory(path, 'resume', { module: 'm.js', function: 'g' }),
      (error: unknown) => error instanceof CommandError && /line 1: the log is of f in m\.js, not of g in m\.js/.test(error.message),
    );
  });

  test('a log that is not there yet resumes as an empty one', async () => assert.deepEqual(await run('resume', ['a']), ['a']));

  test('a log that cannot be written is an error that names it', async () => {
    await assert.rejects(JobLog.open(join(folder, 'no', 'such', 'x.log'), 'fresh', identity), /x\.log: the log cannot be written/);
  });

  test('failures are recorded with their error', async () => {
    await run('fresh', ['a'], ['a']);
    const { status, error, hash } = JSON.parse(readFileSync(path, 'utf8').trim().split('\n')[1] as string) as Record<string, unknown>;
    assert.deepEqual([status, error, hash], ['failed', { name: 'Error', message: 'bad' }, hashInput('a')]);
  });
});

test('inputs are known by value and type', () => {
  assert.equal(hashInput({ a: 1 }), hashInput({ a: 1 }));
  assert.notEqual(hashInput('1'), hashInput(1));
  assert.match(hashInput('x'), /^[\da-f]{32}$/);
});
