import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTable } from './table.js';

test('columns are as wide as their widest cell and lines have no trailing spaces', () => {
  const text = renderTable(
    [
      { title: 'kind', align: 'left' },
      { title: 'n', align: 'right' },
    ],
    [['.js', '1,204'], ['markdown', '7'], undefined, ['all', '']],
  );
  assert.deepEqual(text.split('\n'), ['kind          n', '───────────────', '.js       1,204', 'markdown      7', '───────────────', 'all']);
});
