import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../../runtime/random.js';
import { FILE_BYTES_MAX, findCorpus, sampleOrder, takeBytes, totalBytes } from './corpus.js';
import type { CorpusFile } from './corpus.js';

test('it takes files of all depths, and leaves out links, empty files and very large ones', async () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-corpus-'));
  try {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/x.JS'), '12345');
    writeFileSync(join(root, 'LICENSE'), '123');
    writeFileSync(join(root, 'empty.js'), '');
    writeFileSync(join(root, 'large.bin'), '');
    truncateSync(join(root, 'large.bin'), FILE_BYTES_MAX + 1);
    symlinkSync(root, join(root, 'a/loop'));
    const corpus = await findCorpus(root);
    assert.deepEqual(corpus.files.map(({ kind, bytes }) => [kind, bytes]).sort(), [
      ['(none)', 3],
      ['.js', 5],
    ]);
    assert.deepEqual([corpus.bytes, corpus.tooLarge, corpus.cut], [8, 1, false]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

const files: CorpusFile[] = Array.from({ length: 100 }, (_, index) => ({ path: `f${index}`, bytes: 10, kind: index === 99 ? '.rare' : '.js' }));

test('a sample has every kind first, is a permutation, and the same seed gives the same one', () => {
  const ordered = sampleOrder(files, seededRandom(1));
  assert.deepEqual(
    ordered
      .slice(0, 2)
      .map(({ kind }) => kind)
      .sort(),
    ['.js', '.rare'],
  );
  assert.deepEqual(new Set(ordered), new Set(files));
  assert.equal(ordered.length, files.length);
  assert.deepEqual(sampleOrder(files, seededRandom(1)), ordered);
  assert.notDeepEqual(sampleOrder(files, seededRandom(2)), ordered);
});

test('a sample is as large as the bytes allow, and never empty', () => {
  assert.equal(totalBytes(takeBytes(files, 55)), 50);
  assert.equal(takeBytes(files, 1).length, 1);
  assert.equal(takeBytes(files, Infinity).length, 100);
});
