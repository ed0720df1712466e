/** `millrace demo`, on a small folder and for a short time. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, temporaryFolder } from './cli/command.js';

test('it compresses a folder, prints the table by kind and measures the speed-up', async (t) => {
  const folder = temporaryFolder(t);
  for (let index = 0; index < 30; index += 1) {
    writeFileSync(join(folder, `text-${index}.txt`), 'the same line again\n'.repeat(2_000));
    writeFileSync(join(folder, `noise-${index}.bin`), randomBytes(20_000));
  }
  const { code, stdout, stderr } = await command(['demo', folder, '--duration', '2s', '-j', '2']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /found 60 files, 1\.7 MB/);
  assert.match(stderr, /\.txt +30 .*\n\.bin +30 /);
  assert.match(stderr, /speed-up \d+\.\d+x with 2 workers: the same \d+ files/);
});

test('with one CPU it claims no speed-up', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'a.txt'), 'text');
  const { code, stderr } = await command(['demo', folder, '--duration', '200ms'], { env: { MILLRACE_CPUS: '1' } });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /one CPU to use: no speed-up to measure/);
});

test('a folder without files is a usage error', async (t) => {
  const { code, stderr } = await command(['demo', temporaryFolder(t)]);
  assert.equal(code, 2);
  assert.match(stderr, /holds no files to compress/);
});
