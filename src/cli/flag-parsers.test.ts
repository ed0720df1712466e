import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCommandLine } from './command-line.js';
import type { FlagValues } from './command-line.js';
import { CommandError } from './exit-codes.js';
import { durationFlag, parseJobs, wholeFlag, wordFlag } from './flag-parsers.js';

function flags(...argv: string[]): FlagValues {
  return parseCommandLine('run', argv, {}).flags;
}

describe('parseJobs', () => {
  const cases: readonly (readonly [string, number, number])[] = [
    ['auto', 8, 8],
    ['4', 8, 4],
    ['50%', 8, 4],
    ['1%', 8, 1],
    ['150%', 2, 3],
    ['+2', 8, 10],
    ['-2', 8, 6],
    ['-20', 8, 1],
    ['+0', 8, 8],
  ];
  for (const [text, cpus, jobs] of cases) test(`${text} on ${cpus} CPUs is ${jobs}`, () => assert.equal(parseJobs('--jobs', text, cpus), jobs));

  for (const text of ['0', '', 'four', '4.5', '+50%', '1e9', '999999999', ' 4']) {
    test(`${JSON.stringify(text)} is refused`, () =>
      assert.throws(
        () => parseJobs('--jobs', text, 8),
        new CommandError(`--jobs: expected a number of workers >= 1, a share of the CPUs such as 50%, +N, -N or auto, got ${JSON.stringify(text)}`),
      ));
  }
});

describe('flags with values', () => {
  test('a duration is a number of ms or has a unit', () => {
    assert.equal(durationFlag(flags('--timeout', '10s'), 'timeout'), 10_000);
    assert.equal(durationFlag(flags('--timeout', '250'), 'timeout'), 250);
    assert.equal(durationFlag(flags(), 'timeout'), undefined);
    assert.throws(() => durationFlag(flags('--timeout', 'soon'), 'timeout'), /--timeout: expected a duration/);
  });

  test('a whole number has a least value', () => {
    assert.equal(wholeFlag(flags('--retries', '0'), 'retries', 0), 0);
    assert.throws(() => wholeFlag(flags('--concurrency', '0'), 'concurrency', 1), /--concurrency: expected a whole number >= 1, got "0"/);
    assert.throws(() => wholeFlag(flags('--retries=-1'), 'retries', 0), /got "-1"/);
  });

  test('a word is one of a list', () => {
    assert.equal(wordFlag(flags('--worker', 'async'), 'worker', ['async', 'thread']), 'async');
    assert.throws(() => wordFlag(flags('--worker', 'fibre'), 'worker', ['async', 'thread']), /--worker: expected one of async, thread, got "fibre"/);
  });
});
