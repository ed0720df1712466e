/**
 * `npm run test:runtimes`: the smoke test of `test/runtimes` on every runtime millrace supports. Each is the package of one platform on the npm registry, which holds
 * nothing but the program: installed into `build/runtimes` on the first use, without install scripts. With names it runs only those: `-- bun node-22`.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { Failure, PLAIN_ENV, npmCommand, root, runCaptured, seconds } from './lib/process.mjs';

const INSTALL_LIMIT_MS = 240_000;
const RUN_LIMIT_MS = 300_000;
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET/;

const os = { linux: 'linux', darwin: 'darwin', win32: 'win' }[process.platform] ?? process.platform;
const bunCpu = process.arch === 'arm64' ? 'aarch64' : process.arch;
const bunOs = process.platform === 'win32' ? 'windows' : process.platform;
const denoLibc = process.platform === 'linux' ? '-glibc' : '';
const exe = process.platform === 'win32' ? '.exe' : '';

/** Name -> the package that holds it, the program in that package, and what stands before the script on its command line. */
const RUNTIMES = {
  'node-22': { package: `node-${os}-${process.arch}`, version: '22.23.3', program: `bin/node${exe}`, args: [] },
  'node-24': { package: `node-${os}-${process.arch}`, version: '24.21.0', program: `bin/node${exe}`, args: [] },
  'node-26': { package: `node-${os}-${process.arch}`, version: '26.10.0', program: `bin/node${exe}`, args: [] },
  bun: { package: `@oven/bun-${bunOs}-${bunCpu}`, version: '1.4.5', program: `bin/bun${exe}`, args: ['run'] },
  deno: {
    package: `@deno/${process.platform}-${process.arch}${denoLibc}`,
    version: '2.9.6',
    program: `deno${exe}`,
    args: ['run', '--allow-all', '--no-prompt'],
  },
};

const SMOKE = 'test/runtimes/smoke.mjs';

export async function runtimesCommand(names) {
  for (const name of names)
    if (!Object.hasOwn(RUNTIMES, name)) throw new Failure(`no runtime is named ${name}; there are ${Object.keys(RUNTIMES).join(', ')}`, 2);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const wanted = Object.entries(RUNTIMES).filter(([name]) => names.length === 0 || names.includes(name));
  if (names.length === 0) add(totals, 'this node', await smoke(process.execPath, []));
  for (const [name, runtime] of wanted) add(totals, name, await tryRuntime(name, runtime));
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return totals.failed === 0 ? 0 : 1;
}

async function tryRuntime(name, runtime) {
  const folder = `${root}/build/runtimes/${name}`;
  const program = `${folder}/node_modules/${runtime.package}/${runtime.program}`;
  const problem = await install(folder, program, runtime);
  if (problem === undefined) return smoke(program, runtime.args);
  return OFFLINE.test(problem)
    ? { passed: 0, failed: 0, skipped: 1, output: 'skipped: the npm registry is out of reach' }
    : { passed: 0, failed: 1, skipped: 0, output: problem };
}

/** What went wrong, `undefined` when the program is there. */
async function install(folder, program, { package: name, version }) {
  if (existsSync(program)) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n');
  const [command, args] = npmCommand(['install', `${name}@${version}`, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']);
  const { code, output, timedOut } = await runCaptured(command, args, { cwd: folder, limitMs: INSTALL_LIMIT_MS });
  if (timedOut) return `npm install ${name}@${version} was not done after ${INSTALL_LIMIT_MS / 1000} s (ETIMEDOUT)`;
  if (code !== 0) return output;
  return existsSync(program) ? undefined : `${name}@${version} does not hold ${program.slice(folder.length + 1)}`;
}

async function smoke(program, args) {
  const { code, output, timedOut, ms } = await runCaptured(program, [...args, SMOKE], { env: PLAIN_ENV, limitMs: RUN_LIMIT_MS });
  const counts = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(output)?.slice(1).map(Number);
  const [passed, failed, skipped] = counts ?? [0, 0, 0];
  const unexplained = failed === 0 && (code !== 0 || counts === undefined);
  const remark = timedOut ? `\nnot done after ${seconds(ms)}` : unexplained ? `\nended with exit code ${code}` : '';
  return { passed, failed: failed + (unexplained ? 1 : 0), skipped, ms, output: `${output}${remark}` };
}

function add(totals, name, { passed, failed, skipped, output, ms = 0 }) {
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)}${seconds(ms).padStart(7)}  ${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (failed > 0 || passed === 0) console.log(output.trim().replace(/^/gm, '    '));
}
