#!/usr/bin/env node
/**
 * The one entry behind every npm script. Plain Node, no dependencies: in a bare clone it installs what the lock file says, then builds what is
 * out of date, then runs the command and ends with its exit code.
 *
 *   node scripts/run.mjs <command> [arguments]
 */
import { existsSync } from 'node:fs';
import { prepare } from './lib/prepare.mjs';
import { Failure, root, runInherited, toolCommand } from './lib/process.mjs';

/** Command -> what must be there before it (`install` < `package` < `tests`) and what it does with its arguments. */
const COMMANDS = {
  build: { needs: 'package', run: () => 0 },
  test: { needs: 'tests', run: async (args) => (await import('./test.mjs')).testCommand(args) },
  check: { needs: 'install', run: async (args) => (await import('./check.mjs')).checkCommand(args) },
  demo: { needs: 'package', run: (args) => runNode('dist/cli/main.js', ['demo', ...args]) },
  example: { needs: 'tests', run: ([name = '', ...args]) => runNode(`build/tests/examples/${name.replace(/\.[jt]s$/, '')}.js`, args) },
  bench: { needs: 'package', run: (args) => runNode('bench/run.mjs', args) },
  ratios: { needs: 'package', run: (args) => runNode('bench/check-ratios.mjs', args) },
  chaos: { needs: 'tests', run: (args) => runNode('build/tests/test/chaos/main.js', args) },
  runtimes: { needs: 'package', run: async (args) => (await import('./runtimes.mjs')).runtimesCommand(args) },
  format: { needs: 'install', run: (args) => runInherited(...toolCommand('oxfmt/bin/oxfmt', args)) },
};

/** Commands whose last line is a count, even when the build fails. */
const COUNTING = new Set(['test', 'runtimes', 'ratios']);

function runNode(script, args) {
  if (!existsSync(`${root}/${script}`)) throw new Failure(`${script} does not exist; check the name`);
  return runInherited(process.execPath, ['--enable-source-maps', `${root}/${script}`, ...args]);
}

async function main([name, ...args]) {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (command === undefined) throw new Failure(`usage: node scripts/run.mjs <${Object.keys(COMMANDS).join(' | ')}> [arguments]`, 2);
  try {
    await prepare(command.needs);
  } catch (error) {
    if (COUNTING.has(name)) process.on('exit', () => console.log('0 passed, 1 failed, 0 skipped'));
    throw error;
  }
  return command.run(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
