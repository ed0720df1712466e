/** Child processes: run one to its end, with a limit on its time and nothing left behind. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The folder of the repository, without a trailing slash. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** A failure whose message says everything: shown without a stack. */
export class Failure extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** For tools whose output is printed later, not to a terminal. */
export const PLAIN_ENV = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };

/** Runs a command in the terminal of this one. Resolves to the exit code as a shell would give it (128 + signal). */
export function runInherited(command, args, { cwd = root, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit' });
    // A terminal sends SIGINT to the child as well: it decides when to end, and this process ends after it.
    const forward = (signal) => signal !== 'SIGINT' && child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/**
 * Runs a command and collects what it prints. `limitMs` bounds it: past that its whole process group is killed and `timedOut` is set.
 * The result is `{ code, output, timedOut, ms }`; a command that cannot be started has code 127.
 */
export function runCaptured(command, args, { cwd = root, env = process.env, limitMs = 600_000, onStart } = {}) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const ownGroup = process.platform !== 'win32';
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: ownGroup });
    onStart?.(child);
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, limitMs);
    const finish = (code) => {
      clearTimeout(timer);
      resolve({ code, output: Buffer.concat(chunks).toString(), timedOut, ms: performance.now() - startedAt });
    };
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      finish(127);
    });
    // A grandchild may hold the pipes open after the child has ended: what it still says is not waited for.
    child.on('exit', () => setTimeout(() => child.stdout.destroy() && child.stderr.destroy(), 500).unref());
    child.on('close', (code, signal) => finish(code ?? 128 + constants.signals[signal]));
  });
}

/** Ends a child and everything it started that stayed in its process group. */
export function killGroup(child) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}

/** The command line of npm: through the npm that runs this script, where there is one. */
export function npmCommand(args) {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && /npm-cli\.[cm]?js$/.test(cli)) return [process.execPath, [cli, ...args]];
  return process.platform === 'win32' ? ['cmd.exe', ['/d', '/c', 'npm', ...args]] : ['npm', args];
}

/** The command line of a program from node_modules, by the script its package names as `bin`. */
export function toolCommand(script, args) {
  return [process.execPath, [`${root}/node_modules/${script}`, ...args]];
}

/** `1.2 s`, for lines people read. */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
