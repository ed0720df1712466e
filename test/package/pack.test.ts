/** What is published: the right files, no dependencies, and doors that open in a project that has installed it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { read, root } from '../repository.js';

const PACKED_BYTES_MAX = 1_100_000;
const LIMIT_MS = 180_000;

/** A project that has installed the packed package; below `build`, so that the types of Node are found from it. */
const project = join(root, 'build', `consumer-${process.pid}`);

/** What a command prints; one that fails throws with all it printed. */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  if (status !== 0) assert.fail(`${command} ${args.join(' ')} ended with ${status ?? signal ?? error?.message}\n${stdout}${stderr}`);
  return stdout;
}

function npm(args: readonly string[], cwd: string): string {
  const cli = process.env['npm_execpath'];
  return cli?.endsWith('npm-cli.js') === true ? run(process.execPath, [cli, ...args], cwd) : run('npm', args, cwd);
}

/** The files a module loads by static imports, and the parts that it has loaded with it, itself among them. */
function loadedBy(file: string, files: Set<string> = new Set()): Set<string> {
  if (files.has(file)) return files;
  files.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export|\}).*"(\.[^"]+)";$/gm))
    loadedBy(join(dirname(file), specifier), files);
  for (const [, part] of readFileSync(file, 'utf8').matchAll(/^(?:var|const) \{.*\} = (\w+)\(\)\["/gm)) files.add(join(root, 'dist/chunks', `${part}.cjs`));
  return files;
}

describe('the package', () => {
  let packed: { readonly filename: string; readonly size: number; readonly files: readonly { readonly path: string }[] };
  before(() => {
    mkdirSync(join(project, 'node_modules/millrace'), { recursive: true });
    packed = (JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', project], root)) as [typeof packed])[0];
    run('tar', ['-xzf', packed.filename, '--strip-components=1', '-C', 'node_modules/millrace'], project);
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "type": "module", "private": true }');
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  test('holds the compiled sources and the papers, nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    const unexpected = paths.filter((path) => !/^(?:dist\/.*\.(?:c?js|d\.ts|c?js\.map|html|css)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path));
    assert.deepEqual(unexpected, []);
    assert.deepEqual(
      paths.filter((path) => /\.test\.|\.contract\.|fixtures\//.test(path)),
      [],
    );
    for (const path of ['dist/index.js', 'dist/index.d.ts', 'LICENSE', 'README.md']) assert.ok(paths.includes(path), `${path} is not packed`);
  });

  test('says nothing of the place it was made in', () => {
    const paths = packed.files.map(({ path }) => path);
    assert.deepEqual(
      paths.filter((path) => readFileSync(join(project, 'node_modules/millrace', path), 'utf8').includes(root)),
      [],
    );
  });

  test(`is smaller than ${PACKED_BYTES_MAX / 1000} kB`, () => assert.ok(packed.size < PACKED_BYTES_MAX, `${packed.size} bytes`));

  test('has no dependencies', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, unknown>;
    assert.equal(manifest['dependencies'], undefined);
    assert.equal(manifest['optionalDependencies'], undefined);
  });

  test('passes publint', () => {
    run(process.execPath, [join(root, 'node_modules/publint/src/cli.js'), 'node_modules/millrace', '--strict'], project);
  });

  test('is imported by its name, by import and by require', () => {
    writeFileSync(
      join(project, 'main.mjs'),
      "const { createPool } = await import('millrace');\nconst { context } = await import('millrace/worker');\nconsole.log(typeof createPool, typeof context);\n",
    );
    writeFileSync(
      join(project, 'main.cjs'),
      "const { createPool } = require('millrace');\nconst { context } = require('millrace/worker');\nconsole.log(typeof createPool, typeof context);\n",
    );
    for (const script of ['main.mjs', 'main.cjs']) assert.equal(run(process.execPath, [script], project).trim(), 'function function', script);
  });

  test('runs a task in a thread and in a process', () => {
    writeFileSync(join(project, 'tasks.mjs'), 'export function add(a, b) { return a + b; }\n');
    const main =
      "import { createPool } from 'millrace';\nfor (const worker of ['thread', 'process']) {\n  const pool = createPool(new URL('./tasks.mjs', import.meta.url), { worker });\n  console.log(await pool.run('add', 1, 2));\n  await pool.close();\n}\n";
    writeFileSync(join(project, 'pool.mjs'), main);
    assert.equal(run(process.execPath, ['pool.mjs'], project), '3\n3\n');
  });

  test('leaves its own frames out of the stack of a submission', () => {
    writeFileSync(join(project, 'failing.mjs'), "export function fail() { throw new TypeError('no'); }\n");
    const main =
      "import { createPool } from 'millrace';\nconst pool = createPool(new URL('./failing.mjs', import.meta.url), { size: 1 });\nawait pool.run('fail').catch((error) => console.log(error.stack));\nawait pool.close();\n";
    writeFileSync(join(project, 'stack.mjs'), main);
    assert.match(run(process.execPath, ['stack.mjs'], project), /failing\.mjs:1[\s\S]*--- submitted from ---\n +at .*stack\.mjs:3/);
  });

  test('is loaded as few files, in the program and in a worker, and without the pool: they cost a start more than all else', () => {
    const dist = join(project, 'node_modules/millrace/dist');
    for (const entry of ['index.js', 'worker/door.js', 'worker/entry/thread-main.js', 'worker/entry/process-main.js', 'cli/main.js']) {
      const files = loadedBy(join(dist, entry));
      // A thread needs something of the part that a program loads first, too.
      assert.ok(files.size <= (entry === 'worker/entry/thread-main.js' ? 5 : 4), `${entry} loads ${[...files].join(', ')}`);
      if (entry === 'cli/main.js') continue;
      for (const file of files) assert.doesNotMatch(readFileSync(file, 'utf8'), /\b(?:var|let|class) WorkerPool\b/, `${entry} loads the pool with ${file}`);
    }
  });

  test('loads what only some programs need when they need it', () => {
    const loaded = (script: string): string =>
      run(process.execPath, ['--input-type=module', '-e', `process.on('exit', () => console.log(process.moduleLoadList.join())); ${script}`], project);
    assert.doesNotMatch(loaded("await import('millrace')"), /NativeModule (?:child_process|crypto|net|zlib)\b/);
    const help = "process.argv.push('millrace', '--help'); await import('./node_modules/millrace/dist/cli/main.js')";
    assert.doesNotMatch(loaded(help), /NativeModule (?:child_process|crypto|zlib)\b/);
  });

  test('has types that hold without skipLibCheck, with both module resolutions', () => {
    writeFileSync(
      join(project, 'types.ts'),
      "import { createPool } from 'millrace';\nimport { context } from 'millrace/worker';\nexport const pool = createPool;\nexport const signal: AbortSignal = context().signal;\n",
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--noEmit', '--strict', '--target', 'es2023', '--types', 'node', '--ignoreConfig', 'types.ts'];
    for (const module of [
      ['--module', 'nodenext'],
      ['--module', 'esnext', '--moduleResolution', 'bundler'],
    ])
      run(process.execPath, [tsc, ...module, ...flags], project);
  });

  test('names its bin and its entry files by paths that are packed', () => {
    const manifest = JSON.parse(read('package.json')) as {
      readonly bin: Record<string, string>;
      readonly exports: Record<string, string | Record<string, string>>;
    };
    const targets = [
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap((door) => (typeof door === 'string' ? [door] : Object.values(door))),
    ];
    const paths = new Set(packed.files.map(({ path }) => `./${path}`));
    for (const target of targets) assert.ok(paths.has(target), `${target} is not packed`);
  });
});
