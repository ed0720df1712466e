/** What is left to a program that has no file descriptor left: the workers that it has. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ALL } from './kinds.js';

const program = fileURLToPath(new URL('./fixtures/no-descriptors.js', import.meta.url));

describe('without file descriptors', { timeout: 120_000, skip: process.platform === 'win32' }, () => {
  for (const kind of ALL)
    for (const left of [0, 2, 6, 12])
      test(`but ${left}, a pool of ${kind} workers goes on`, async () => {
        const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -n 200 && exec "$0" "$@"', process.execPath, program, kind, String(left)]);
        assert.equal(stdout, 'true\n');
      });
});
