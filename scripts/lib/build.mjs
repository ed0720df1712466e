/**
 * Two builds with the TypeScript compiler, both incremental:
 *
 *   tsconfig.json       src                 -> dist          what is published, with the tests that lie beside the code
 *   tsconfig.test.json  test and examples   -> build/tests   import the package by its name, as users do
 */
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { Failure, root, runInherited, toolCommand } from './process.mjs';

/** Makes `dist` equal to `src`. */
export async function buildPackage() {
  await compile('tsconfig.json', 'build/src.tsbuildinfo', [['src', 'dist']]);
  const bin = `${root}/dist/cli/main.js`;
  if (existsSync(bin)) chmodSync(bin, 0o755);
}

/** Makes `build/tests` equal to `test` and `examples`; `dist` must be there. */
export function buildTests() {
  return compile('tsconfig.test.json', 'build/tests.tsbuildinfo', [
    ['test', 'build/tests/test'],
    ['examples', 'build/tests/examples'],
  ]);
}

async function compile(config, buildInfo, folders) {
  let complete = true;
  for (const [sources, outputs] of folders) {
    const wanted = new Set(listFiles(`${root}/${sources}`, '.ts').map((path) => path.slice(0, -'.ts'.length)));
    removeStale(`${root}/${outputs}`, wanted);
    complete &&= [...wanted].every((path) => path.endsWith('.d') || existsSync(`${root}/${outputs}/${path}.js`));
  }
  // The compiler trusts its record of what it wrote: without the record it writes everything again.
  if (!complete) rmSync(`${root}/${buildInfo}`, { force: true });
  const [command, args] = toolCommand('typescript/bin/tsc', ['-p', config]);
  const code = await runInherited(command, args);
  if (code !== 0) throw new Failure(`tsc -p ${config} found errors`, code);
}

/** Removes outputs whose source is gone, so that a deleted test does not run on. */
function removeStale(outputs, wanted) {
  for (const path of listFiles(outputs, '')) {
    const source = path.replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '');
    if (source !== path && !wanted.has(source)) rmSync(`${outputs}/${path}`);
  }
}

/** Paths of the files below `folder` whose names end with `ending`, relative to it, with forward slashes. */
export function listFiles(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`.slice(folder.length + 1).replaceAll('\\', '/'))
    .sort();
}
