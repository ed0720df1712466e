import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CommandError } from './exit-codes.js';
import { chooseFunction, listFunctions, locateModule, namesFunction } from './task-module.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-module-'));
  writeFileSync(
    join(folder, 'tasks.mjs'),
    "console.log('noise'); export const limit = 3; export function one() {} export default () => 1; setInterval(() => {}, 1000);",
  );
  writeFileSync(join(folder, 'broken.mjs'), 'export const = 1;');
  writeFileSync(join(folder, 'throws.mjs'), "throw new Error('no config');");
  writeFileSync(join(folder, 'exits.mjs'), 'process.exit(7);');
  writeFileSync(join(folder, 'data'), '');
});
after(() => rmSync(folder, { recursive: true }));

function failsWith(exitCode: number, pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof CommandError && error.exitCode === exitCode && pattern.test(error.message);
}

describe('locateModule', () => {
  test('a path is relative to the working directory, and named so', () => {
    const { url, name } = locateModule('./tasks.mjs', folder);
    assert.ok(url.startsWith('file:') && url.endsWith('/tasks.mjs'));
    assert.equal(name, 'tasks.mjs');
    assert.equal(locateModule(url, folder).name, 'tasks.mjs');
  });

  test('a missing file or a folder is exit 3', () => {
    assert.throws(() => locateModule('./task.mjs', folder), failsWith(3, /there is no task module at .*did you mean .*tasks\.mjs/));
    assert.throws(() => locateModule('.', folder), failsWith(3, /got a folder/));
  });
});

describe('listFunctions', () => {
  const list = (name: string): Promise<readonly string[]> => listFunctions(locateModule(name, folder));

  test('names the functions, and nothing of the module stays behind', { timeout: 180_000 }, async () =>
    assert.deepEqual([...(await list('tasks.mjs'))].sort(), ['default', 'one']),
  );

  test('a module that does not load says why', { timeout: 180_000 }, async () => {
    await assert.rejects(list('broken.mjs'), failsWith(3, /broken\.mjs: does not load: .*Unexpected token/));
    await assert.rejects(list('throws.mjs'), failsWith(3, /throws\.mjs: does not load: no config/));
    await assert.rejects(list('exits.mjs'), failsWith(3, /exit code 7/));
  });
});

describe('chooseFunction', () => {
  test('without a name it is the default export, else the only one', () => {
    assert.equal(chooseFunction('m.js', ['a', 'default'], undefined), 'default');
    assert.equal(chooseFunction('m.js', ['a'], undefined), 'a');
    assert.equal(chooseFunction('m.js', ['a', 'b'], 'b'), 'b');
  });

  test('none, several or an unknown one is a usage error that lists them', () => {
    assert.throws(() => chooseFunction('m.js', [], undefined), failsWith(2, /exports no functions/));
    assert.throws(() => chooseFunction('m.js', ['a', 'b'], undefined), failsWith(2, /name one of a, b/));
    assert.throws(
      () => chooseFunction('m.js', ['resize'], 'reszie'),
      failsWith(2, /no function "reszie"; it exports resize\. Did you mean resize\?.*goes after :::/),
    );
  });
});

test('a word that could be a name and is no file names a function', () => {
  assert.deepEqual(
    ['resize', '$x', 'größe', 'a.jpg', '3', '*', 'data', undefined].map((word) => namesFunction(word, folder)),
    [true, true, true, false, false, false, false, false],
  );
});
