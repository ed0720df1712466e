import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Totals } from './totals.js';

const file = { bytes: 1_000, gzipBytes: 400, brotliBytes: 300, sha256: '', ms: 2 };

test('files are summed by kind, largest kind first', () => {
  const totals = new Totals();
  totals.add('.md', { ...file, bytes: 500 });
  totals.add('.js', file);
  totals.add('.js', file);
  assert.equal(
    totals.table(),
    [
      'kind  files    size   gzip  brotli  ms/file',
      '───────────────────────────────────────────',
      '.js       2  2.0 KB  40.0%   30.0%      2.0',
      '.md       1   500 B  80.0%   60.0%      2.0',
      '───────────────────────────────────────────',
      'all       3  2.4 KB  48.0%   36.0%      2.0',
    ].join('\n'),
  );
});

test('many kinds share a last row', () => {
  const totals = new Totals();
  for (let index = 0; index < 12; index += 1) totals.add(`.k${index}`, { ...file, bytes: 1_000 - index });
  assert.match(totals.table(), /\n4 other kinds +4 /);
  assert.equal(totals.all.files, 12);
});

test('a table of nothing has no NaN', () => assert.doesNotMatch(new Totals().table(), /NaN/));
