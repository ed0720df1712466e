/**
 * Two builds with the TypeScript compiler, both incremental, and a bundle:
 *
 *   tsconfig.json       src                 -> build/src     module by module, with the tests that lie beside the code
 *   bundle.mjs          build/src           -> dist          what is published
 *   tsconfig.test.json  test and examples   -> build/tests   import the package by its name, as users do: what they test is the bundle
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { bundle } from './bundle.mjs';
import { listFiles } from './files.mjs';
import { Failure, root, runInherited, toolCommand } from './process.mjs';

/** Makes `build/src` and `dist` equal to `src`. */
export async function buildPackage() {
  await compile('tsconfig.json', 'build/src.tsbuildinfo', [['src', 'build/src']]);
  await bundle(publishedModules());
}

/** What package.json names in `exports` and `bin`, below `dist`. */
function publishedModules() {
  const { exports, bin } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  const named = [...Object.values(exports).map((door) => door.default ?? door), ...Object.values(bin)];
  return named.filter((path) => path.startsWith('./dist/')).map((path) => path.slice('./dist/'.length));
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
