/**
 * `npm run check`: everything that must hold before a change is merged, cheapest first; stops at the first step that fails.
 * With names it runs only those steps: `npm run check -- format lint`.
 */
import { existsSync } from 'node:fs';
import { prepare } from './lib/prepare.mjs';
import { Failure, PLAIN_ENV, root, runCaptured, seconds, toolCommand } from './lib/process.mjs';
import { runTests } from './test.mjs';

/** Tests that look at the repository instead of running the code: they have steps of their own. */
const REPOSITORY_TESTS = ['test/tidy', 'test/docs', 'test/examples', 'test/package/'];

/** Step -> what it does. Each resolves to a remark for its line, or throws a Failure with the output of the tool. */
const STEPS = {
  format: () => tool('oxfmt/bin/oxfmt', ['--check']),
  lint: () =>
    tool('oxlint/bin/oxlint', ['--deny-warnings', ...['src', 'test', 'examples', 'bench', 'scripts'].filter((folder) => existsSync(`${root}/${folder}`))]),
  types: () => prepare('tests'),
  tidy: () => tests(['test/tidy']),
  docs: () => tests(['test/docs']),
  unused: () => tool('knip/bin/knip.js', ['--no-progress']),
  tests: () => tests([], REPOSITORY_TESTS),
  examples: () => tests(['test/examples']),
  package: () => tests(['test/package/']),
  bench: () => benchTests(),
};

const NEEDS_BUILD = new Set(['tidy', 'docs', 'tests', 'examples', 'package']);

export async function checkCommand(names) {
  for (const name of names) if (!Object.hasOwn(STEPS, name)) throw new Failure(`no step is named ${name}; the steps are ${Object.keys(STEPS).join(', ')}`, 2);
  if (names.length > 0 && !names.includes('types') && names.some((name) => NEEDS_BUILD.has(name))) await prepare('tests');
  for (const [name, run] of Object.entries(STEPS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const startedAt = performance.now();
    try {
      const remark = await run();
      console.log(`ok      ${name.padEnd(9)}${seconds(performance.now() - startedAt).padStart(7)}  ${remark ?? ''}`.trimEnd());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      console.log(`FAILED  ${name.padEnd(9)}${seconds(performance.now() - startedAt).padStart(7)}\n${error.message}`);
      return error.exitCode;
    }
  }
  return 0;
}

async function tool(script, args) {
  const [command, commandArgs] = toolCommand(script, args);
  const { code, output, timedOut } = await runCaptured(command, commandArgs, { env: PLAIN_ENV, limitMs: 300_000 });
  if (timedOut) throw new Failure(`${output}\nnot done after 300 s`);
  if (code !== 0) throw new Failure(output, code);
}

/** The parts of the benchmark that decide what a figure means; they need neither the peers nor a build. */
async function benchTests() {
  const { code, output, timedOut } = await runCaptured(process.execPath, ['--test', 'bench/harness/harness.test.mjs'], { env: PLAIN_ENV, limitMs: 120_000 });
  if (timedOut) throw new Failure(`${output}\nnot done after 120 s`);
  if (code !== 0) throw new Failure(output, code);
}

async function tests(fragments, except = []) {
  const { passed, failed, skipped, failures } = await runTests({ fragments, except });
  const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  if (failed > 0) throw new Failure(`${failures.join('\n\n')}\n\n${counts}`);
  return counts;
}
