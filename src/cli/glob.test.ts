import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expandBraces, expandGlob, hasMagic, segmentMatcher } from './glob.js';

describe('hasMagic', () => {
  for (const pattern of ['*.js', 'a?b', '[ab]', 'x{a,b}', '**/x']) test(`${pattern} has wildcards`, () => assert.equal(hasMagic(pattern), true));
  for (const pattern of ['a.js', 'a{b}', 'a[', '\\*.js', '{}', 'http://x/y']) test(`${pattern} has none`, () => assert.equal(hasMagic(pattern), false));
});

describe('expandBraces', () => {
  const cases: readonly (readonly [string, string[]])[] = [
    ['a{b,c}d', ['abd', 'acd']],
    ['{a,b}{c,d}', ['ac', 'ad', 'bc', 'bd']],
    ['a{b,c{d,e}}', ['ab', 'acd', 'ace']],
    ['{a{b}c,d}', ['a{b}c', 'd']],
    ['{,x}', ['', 'x']],
    ['a{b}c', ['a{b}c']],
    ['{a,b', ['{a,b']],
    ['\\{a,b}', ['\\{a,b}']],
  ];
  for (const [pattern, expanded] of cases) test(pattern, () => assert.deepEqual(expandBraces(pattern), expanded));
});

describe('segmentMatcher', () => {
  const cases: readonly (readonly [string, string[], string[]])[] = [
    ['*', ['a', 'a.b', ' '], ['.a']],
    ['*.js', ['a.js', 'a.b.js'], ['js', 'a.jsx', '.js']],
    ['.*', ['.a'], ['a']],
    ['a?c', ['abc', 'a😀c'], ['ac', 'abbc']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
    ['[!a-c]x', ['dx'], ['ax']],
    ['[^a]x', ['bx'], ['ax']],
    ['[]]', [']'], ['[']],
    ['x[a.+]', ['x.', 'x+'], ['xb']],
    ['a[b', ['a[b'], ['ab']],
    ['a+(b)$^|', ['a+(b)$^|'], ['aab']],
    ['\\*x', ['*x'], ['ax']],
    ['a**b', ['ab', 'axxb'], ['a']],
  ];
  for (const [pattern, yes, no] of cases) {
    test(`${pattern} matches ${yes.join(' ')} and not ${no.join(' ')}`, () => {
      for (const name of yes) assert.equal(segmentMatcher(pattern)(name), true, name);
      for (const name of no) assert.equal(segmentMatcher(pattern)(name), false, name);
    });
  }
});

describe('expandGlob', () => {
  let root = '';
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'millrace-glob-'));
    for (const file of [
      'b.js',
      'a.js',
      'c.ts',
      '.hidden.js',
      'src/x.js',
      'src/deep/er/y.js',
      'src/.git/z.js',
      'node_modules/p/index.js',
      'odd[1].js',
      'a b.txt',
    ]) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    symlinkSync(join(root, 'src'), join(root, 'link'));
    symlinkSync(join(root, 'a.js'), join(root, 'src/a-link.js'));
    symlinkSync(join(root, 'src'), join(root, 'src/deep/loop'));
  });
  after(() => rmSync(root, { recursive: true }));

  const cases: readonly (readonly [string, string[]])[] = [
    ['*.js', ['a.js', 'b.js', 'odd[1].js']],
    ['*.{ts,js}', ['a.js', 'b.js', 'c.ts', 'odd[1].js']],
    ['.*.js', ['.hidden.js']],
    ['src/*', ['src/a-link.js', 'src/x.js']],
    ['*/x.js', ['link/x.js', 'src/x.js']],
    ['src/**/*.js', ['src/a-link.js', 'src/deep/er/y.js', 'src/x.js']],
    ['src/**', ['src/a-link.js', 'src/deep/er/y.js', 'src/x.js']],
    ['**/index.js', ['node_modules/p/index.js']],
    ['**/er/**/y.js', ['src/deep/er/y.js']],
    ['src/.git/*', ['src/.git/z.js']],
    ['./a.*', ['./a.js']],
    ['{a,a}.js', ['a.js']],
    ['odd\\[1\\].*', ['odd[1].js']],
    ['a\\ b.*', ['a b.txt']],
    ['src', []],
    ['none/*.js', []],
    ['a.js/*', []],
  ];
  for (const [pattern, files] of cases)
    test(`${pattern} -> ${files.join(' ') || 'nothing'}`, async () => assert.deepEqual(await expandGlob(pattern, root), files));

  test('an absolute pattern gives absolute paths', async () => assert.deepEqual(await expandGlob(`${root}/s*/x.js`, '/'), [`${root}/src/x.js`]));
});
