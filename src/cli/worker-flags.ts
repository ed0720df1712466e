/** Flags for Node in the workers of a run: those of this process that a worker may have, and the preload that keeps stdout for the results. */
import { inheritedExecArgv } from '../worker/inherited-exec-argv.js';
import type { WorkerKind } from '../worker/worker.js';

/** What a thread accepts: flags of V8 and of the process are not for it. */
const THREAD_FLAGS = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C|--enable-source-maps|--no-warnings|--trace-warnings)(=|$)/;
const FLAGS_WITH_VALUE: ReadonlySet<string> = new Set(['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C']);

export function workerExecArgv(kind: WorkerKind, execArgv: readonly string[]): string[] {
  const preload = ['--import', new URL('./entry/stdout-to-stderr.js', import.meta.url).href];
  const own = kind === 'thread' ? threadFlags(execArgv) : inheritedExecArgv(execArgv);
  return [...own, ...preload];
}

function threadFlags(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [index, flag] of execArgv.entries()) {
    if (!THREAD_FLAGS.test(flag)) continue;
    const value = execArgv[index + 1];
    kept.push(flag, ...(FLAGS_WITH_VALUE.has(flag) && value !== undefined ? [value] : []));
  }
  return kept;
}
