/** The borders of the source tree, as tests: layers, cycles, purity, single importers, leftovers. The rules are in `tidy/rules.ts`. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { read, root, textFiles } from './repository.js';
import * as rules from './tidy/rules.js';
import { parseSource } from './tidy/source.js';

/** Lowest first. A unit is a folder of `src`, or a file directly in it; imports go to the same layer or down. */
const LAYERS = [
  ['runtime', 'collections', 'errors.ts'],
  ['task', 'policy', 'transport'],
  ['queue', 'scheduler', 'worker', 'shared'],
  ['pool', 'index.ts'],
  ['broker'],
  ['observe', 'simulator', 'testing'],
  ['dashboard'],
  ['cli'],
];

/** Time and chance come as arguments, so that a simulator can drive the very code that ships. */
const PURE_UNITS = ['policy', 'queue', 'scheduler'];
const IMPURE_NAMES = [
  ...['Date', 'performance', 'process', 'Math.random', 'crypto', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
  ...['globalThis.Date', 'globalThis.performance', 'globalThis.process', 'globalThis.setTimeout', 'globalThis.setInterval', 'globalThis.setImmediate'],
];

const FAST_CHECK_HOME = 'runtime/fixtures/fast-check.ts';
const ATOMICS_HOME = 'runtime/atomics.ts';

const FILE_LINES_MAX = 400;
/** Files that are longer, with their length: entries may shrink and vanish, never grow. */
const LONG_FILES: Readonly<Record<string, number>> = {};

const manifest = JSON.parse(read('package.json')) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
};
const peers = Object.keys(manifest.peerDependencies ?? {});

const allCode = ['src', 'test', 'examples', 'bench', 'scripts'].flatMap((folder) => textFiles(folder, ['.ts', '.mjs', '.js']));
const parsed = allCode.map(parseSource);
const sources = parsed.filter(({ path }) => path.startsWith('src/')).map((file) => ({ ...file, path: file.path.slice('src/'.length) }));

function holds(violations: readonly string[]): void {
  if (violations.length > 0) assert.fail(violations.join('\n'));
}

describe('the source tree', () => {
  test('has files', () => assert.ok(sources.length > 10));
  test('imports what exists', () => holds(rules.danglingImports(sources)));
  test('imports go down the layers only', () => holds(rules.layering(sources, LAYERS)));
  test('no folders import each other', () => holds(rules.unitCycles(sources)));
  test('no files import each other', () => holds(rules.importCycles(sources)));
  test('policy, queue and scheduler know no platform, time or chance', () => holds(rules.purity(sources, PURE_UNITS, IMPURE_NAMES)));
  test('imports no package but the optional peers, each in one file', () => holds(rules.packagesImported(sources, peers)));
  test('what ships imports no test code', () => holds(rules.testCodeImported(sources)));
  test('touches Atomics in one file', () => holds(rules.onlyIn(sources, 'Atomics', ATOMICS_HOME)));
  test('has no any and no silenced compiler', () => holds(rules.looseTypes(sources)));
  test('throws errors with codes only', () => holds(rules.plainErrors(sources)));
  test('has every test beside the file it tests', () => holds(rules.strayTests(sources)));
  test(`has no file above ${FILE_LINES_MAX} lines`, () => holds(rules.fileLengths(sources, FILE_LINES_MAX, LONG_FILES)));
  test('has no file that nothing reaches', () => holds(rules.unreachable(sources, entries())));
  test('takes fast-check from where its seed is set', () => holds(rules.importedOnlyIn(sources, 'fast-check', FAST_CHECK_HOME)));
  test('has no open marks', () => holds(rules.openMarks(parsed)));
  test('has no test that is switched off', () => holds(rules.disabledTests(parsed)));
});

describe('the repository', () => {
  test('names no folder of one machine', () => {
    const texts = textFiles('.', ['.ts', '.mjs', '.js', '.json', '.md', '.yml', '.yaml', '.html', '.css', '.sh', '.ci/run']);
    holds(rules.machinePaths(texts, root));
  });

  test('has lock files that name no registry', () => {
    const locks = textFiles('.', ['package-lock.json']).filter(({ path }) => basename(path) === 'package-lock.json');
    assert.ok(locks.length > 0);
    for (const { path, text } of locks)
      assert.doesNotMatch(text, /"resolved": *"https?:/, `${path}: set omit-lockfile-registry-resolved in .npmrc and install again`);
  });

  test('has a package without dependencies and install scripts', () => {
    for (const field of ['dependencies', 'optionalDependencies', 'bundleDependencies'])
      assert.equal(field in manifest, false, `package.json has ${field}; millrace has none`);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'])
      assert.equal(name in manifest.scripts, false, `package.json has the script ${name}; it would run on every install`);
    for (const peer of peers)
      assert.equal(manifest.peerDependenciesMeta?.[peer]?.optional, true, `the peer ${peer} is not marked optional in peerDependenciesMeta`);
  });
});

/** Sources of the doors and of the bin. */
function entries(): string[] {
  const outputs = [...Object.values(manifest.exports).map((door) => (typeof door === 'string' ? door : door.default)), ...Object.values(manifest.bin)];
  return outputs.filter((path) => path.startsWith('./dist/')).map((path) => path.slice('./dist/'.length).replace(/\.js$/, '.ts'));
}
