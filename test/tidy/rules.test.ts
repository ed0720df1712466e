/** Each rule finds what it forbids, in a small tree that breaks it, and lets the mended tree pass. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as rules from './rules.js';
import { parseSource, type SourceFile } from './source.js';

const LAYERS = [['low', 'base.ts'], ['mid', 'side'], ['high']];

function tree(files: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(files).map(([path, text]) => parseSource({ path, text }));
}

function finds(violations: readonly string[], ...expected: readonly RegExp[]): void {
  assert.equal(violations.length, expected.length, violations.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(violations[index] ?? '', pattern);
}

describe('layering', () => {
  test('an import of a higher layer is found, in every form an import has', () => {
    for (const statement of [
      "import { x } from '../high/x.js';",
      "import type { X } from '../high/x.js';",
      "export * from '../high/x.js';",
      "void import('../high/x.js');",
      "type X = import('../high/x.js').X;",
    ]) {
      finds(rules.layering(tree({ 'low/a.ts': `\n${statement}` }), LAYERS), /^src\/low\/a\.ts:2 \(layer 0\) imports high\/x\.ts \(layer 2\)/);
    }
  });
  test('imports of the same and of lower layers pass', () =>
    finds(rules.layering(tree({ 'mid/a.ts': "import '../side/b.js';\nimport '../base.js';" }), LAYERS)));
  test('a folder that stands in no layer is found', () => finds(rules.layering(tree({ 'new/a.ts': '' }), LAYERS), /new stands in no layer/));
  test('an import in a comment or a string is none', () =>
    finds(rules.layering(tree({ 'low/a.ts': "// import '../high/x.js'\nexport const s = \"import '../high/x.js'\";" }), LAYERS)));
});

describe('cycles', () => {
  test('a cycle of files through types is found once', () => {
    finds(
      rules.importCycles(tree({ 'a.ts': "import type { B } from './b.js';", 'b.ts': "import './c.js';", 'c.ts': "export * from './a.js';" })),
      /a\.ts -> b\.ts -> c\.ts -> a\.ts/,
    );
  });
  test('a diamond is no cycle', () =>
    finds(rules.importCycles(tree({ 'a.ts': "import './b.js';\nimport './c.js';", 'b.ts': "import './d.js';", 'c.ts': "import './d.js';", 'd.ts': '' }))));
  test('a cycle of folders without a cycle of files is found', () => {
    const files = { 'mid/a.ts': "import '../side/b.js';", 'side/b.ts': '', 'side/c.ts': "import '../mid/d.js';", 'mid/d.ts': '' };
    assert.deepEqual(rules.importCycles(tree(files)), []);
    finds(rules.unitCycles(tree(files)), /mid -> side -> mid/);
  });
  test('an import of nothing is found', () => finds(rules.danglingImports(tree({ 'a.ts': "import './gone.js';" })), /gone\.ts, which does not exist/));
});

describe('purity', () => {
  const check = (path: string, text: string): string[] => rules.purity(tree({ [path]: text }), ['queue'], ['Date', 'Math.random', 'setTimeout']);
  test('the platform, the clock, timers and chance are found', () => {
    finds(
      check('queue/a.ts', "import 'node:fs';\nDate.now();\nMath.random();\nsetTimeout(f, 1);"),
      /node:fs/,
      /uses Date/,
      /uses Math\.random/,
      /uses setTimeout/,
    );
  });
  test('properties, keys and types of the same name pass', () =>
    finds(check('queue/a.ts', 'export const a = (x: Date, clock: { setTimeout(): void }) => [clock.setTimeout(), { Date: x }];')));
  test('a shorthand property is a use', () => finds(check('queue/a.ts', 'export const a = { setTimeout };'), /uses setTimeout/));
  test('tests and other folders may', () => {
    finds(check('queue/a.test.ts', 'Date.now();'));
    finds(check('pool/a.ts', 'Date.now();'));
  });
});

describe('packages', () => {
  test('a dependency is found, a peer in one file passes', () => {
    finds(rules.packagesImported(tree({ 'a.ts': "import 'lodash/get.js';\nimport 'esbuild';\nimport 'node:fs';" }), ['esbuild']), /lodash\/get\.js/);
  });
  test('a peer in two files is found, however it is imported', () => {
    for (const statement of ["void import('esbuild');", "require('esbuild');", "import.meta.resolve('esbuild');", "import type { X } from 'esbuild';"]) {
      finds(rules.packagesImported(tree({ 'a.ts': "import 'esbuild';", 'b.ts': statement }), ['esbuild']), /esbuild is imported by a\.ts and b\.ts/);
    }
  });
  test('a package outside its home is found', () =>
    finds(
      rules.importedOnlyIn(tree({ 'a.ts': "import fc from 'fast-check';", 'home.ts': "import fc from 'fast-check';" }), 'fast-check', 'home.ts'),
      /a\.ts:1/,
    ));
  test('test code in what ships is found', () =>
    finds(rules.testCodeImported(tree({ 'a.ts': "import './b.contract.js';", 'b.test.ts': "import './b.contract.js';" })), /a\.ts:1/));
  test('Atomics outside its home is found', () =>
    finds(rules.onlyIn(tree({ 'a.ts': 'Atomics.load(x, 0);', 'home.ts': 'Atomics.load(x, 0);' }), 'Atomics', 'home.ts'), /a\.ts:1 uses Atomics/));
});

describe('types and errors', () => {
  test('any without a reason is found', () => {
    const excused = '// oxlint-disable-next-line typescript/no-explicit-any -- of any shape\n';
    finds(rules.looseTypes(tree({ 'a.ts': `export type A = any;\n${excused}export type B = any;` })), /a\.ts:1/);
  });
  test('a silenced compiler is found', () => finds(rules.looseTypes(tree({ 'a.ts': '// @ts-ignore\nlet a: string;' })), /a\.ts:1 silences/));
  test('a plain error is found, in tests it passes', () => {
    finds(
      rules.plainErrors(tree({ 'a.ts': "throw new TypeError('x');", 'a.test.ts': "throw new Error('x');", 'b.ts': "throw new OptionError('x');" })),
      /a\.ts:1 throws a plain TypeError/,
    );
  });
});

describe('files', () => {
  test('a test of nothing is found', () => finds(rules.strayTests(tree({ 'a.test.ts': '', 'b.test.ts': '', 'b.ts': '' })), /a\.test\.ts/));
  test('a file above the limit is found', () =>
    finds(rules.fileLengths(tree({ 'a.ts': '\n\n\n', 'b.ts': '\n\n' }), 2, {}), /a\.ts has 3 lines, 2 are allowed/));
  test('the list of long files only shrinks', () => {
    const files = tree({ 'a.ts': '\n\n\n\n' });
    finds(rules.fileLengths(files, 2, { 'a.ts': 4 }));
    finds(rules.fileLengths(files, 2, { 'a.ts': 3 }), /3 are allowed/);
    finds(rules.fileLengths(files, 2, { 'a.ts': 5 }), /lower its entry/);
    finds(rules.fileLengths([], 2, { 'a.ts': 5 }), /remove the entry/);
  });
  test('a file that nothing reaches is found, one started by its URL is reached', () => {
    const files = tree({
      'door.ts': "import './used.js';\nnew URL('./entry/main.js', import.meta.url);",
      'used.ts': '',
      'entry/main.ts': '',
      'dead.ts': "import './used.js';",
      'tested.ts': '',
      'tested.test.ts': "import './tested.js';",
    });
    finds(rules.unreachable(files, ['door.ts']), /dead\.ts/);
    finds(rules.unreachable(files, ['door.ts', 'dead.ts', 'gone.ts']), /gone\.ts does not exist/);
  });
  test('open marks and tests that are switched off are found', () => {
    const mark = ['TO', 'DO'].join('');
    finds(rules.openMarks(tree({ 'a.ts': `// ${mark}: later\nexport const todo = 1;` })), /a\.ts:1/);
    finds(
      rules.disabledTests(
        tree({ 'a.test.ts': "test['only'];\nit.skip('x', f);\ntest('y', { skip: true }, f);\ntest('z', { skip: process.platform === 'win32' }, f);" }),
      ),
      /it\.skip/,
      /skip: true/,
    );
  });
  test('a folder of one machine is found', () => {
    const home = ['', 'home', 'me', 'x'].join('/');
    finds(rules.machinePaths([{ path: 'a.md', text: `see\n${home} and https://host${home} and ./${home}` }], '/nowhere'), /a\.md:2/);
    finds(rules.machinePaths([{ path: 'a.md', text: 'in /srv/clone/src' }], '/srv/clone'), /\/srv\/clone/);
  });
});
