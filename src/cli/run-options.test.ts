import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCommandLine } from './command-line.js';
import { parseRunOptions, poolOptions } from './run-options.js';
import type { RunOptions } from './run-options.js';

function options(argv: string[], env: Record<string, string> = {}): RunOptions {
  return parseRunOptions(parseCommandLine('run', argv, env).flags, 8);
}

describe('parseRunOptions', () => {
  test('without flags it uses the CPUs, threads, one attempt and no limits', () => {
    const { worker, jobs, concurrency, retries, timeoutMs, deadlineMs, resume, progress, shutdownMs } = options([]);
    assert.deepEqual(
      { worker, jobs, concurrency, retries, timeoutMs, deadlineMs, resume, progress, shutdownMs },
      {
        worker: 'thread',
        jobs: 8,
        concurrency: 1,
        retries: 0,
        timeoutMs: undefined,
        deadlineMs: undefined,
        resume: 'fresh',
        progress: 'bar',
        shutdownMs: 25_000,
      },
    );
  });

  test('on the event loop a number of jobs is how many inputs are in flight', () => {
    assert.deepEqual([options(['-w', 'async']).jobs, options(['-w', 'async']).concurrency], [1, 64]);
    assert.equal(options(['-w', 'async', '-j', '5']).concurrency, 5);
    assert.equal(options(['-w', 'async', '-j', '5', '-c', '7']).concurrency, 7);
  });

  test('resuming needs a log and one of its two ways', () => {
    assert.equal(options(['--resume', '--joblog', 'x']).resume, 'resume');
    assert.equal(options(['--resume-failed', '--joblog', 'x']).resume, 'resume-failed');
    assert.throws(() => options(['--resume']), /--resume needs --joblog FILE/);
    assert.throws(() => options([], { MILLRACE_RESUME_FAILED: '1' }), /MILLRACE_RESUME_FAILED needs --joblog/);
    assert.throws(() => options(['--resume', '--resume-failed', '--joblog', 'x']), /exclude each other/);
  });

  test('quiet means no progress whatever else is asked', () => assert.equal(options(['-q', '--progress', 'bar']).progress, 'none'));

  test('retries are attempts after the first, and what failed is not kept', () => {
    const pool = poolOptions(options(['--retries', '2', '-t', '1s', '-j', '3']));
    assert.deepEqual([pool.retry, pool.timeout, pool.size, pool.deadLetters], [{ attempts: 3 }, 1_000, { min: 1, max: 3 }, false]);
    assert.equal('retry' in poolOptions(options([])), false);
  });
});
