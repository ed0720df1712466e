/**
 * Every example runs to its end and prints what it says. A comment block at the end of an example that begins with `// prints:` holds the
 * expected output line for line; `…` in it stands for anything.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { root, textFiles } from './repository.js';

const LIMIT_MS = 180_000;

/** Programs: the files directly in `examples`. Task modules they use lie in folders, or are named `*tasks.ts`. */
const examples = textFiles('examples', ['.ts']).filter(({ path }) => path.split('/').length === 2 && !path.endsWith('tasks.ts'));

function expectedOutput(text: string): RegExp | undefined {
  const block = /^\/\/ prints:\n((?:\/\/.*\n?)+)$/m.exec(text)?.[1];
  if (block === undefined) return undefined;
  const lines = block
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\/\/ ?/, ''));
  return new RegExp(
    `^${lines
      .map((line) =>
        line
          .split('…')
          .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('.*'),
      )
      .join('\n')}$`,
  );
}

describe('examples', () => {
  test('are there', () => assert.ok(examples.length > 0, 'examples/ holds no program'));
  for (const { path, text } of examples) {
    test(`${path} runs and prints what it says`, () => {
      const script = join(root, 'build/tests', path.replace(/\.ts$/, '.js'));
      assert.ok(existsSync(script), `${script} is not built`);
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--enable-source-maps', script], {
        cwd: root,
        encoding: 'utf8',
        timeout: LIMIT_MS,
      });
      assert.equal(status, 0, `ended with ${status ?? signal}\n${stdout}\n${stderr}`);
      const expected = expectedOutput(text);
      assert.ok(expected !== undefined, `${path} does not end with a "// prints:" comment: say what it prints`);
      assert.match(stdout.trimEnd(), expected);
    });
  }
});
