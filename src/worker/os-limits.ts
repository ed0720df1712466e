/**
 * Limits that the operating system keeps, set from outside on a worker that runs: by the id of its process or thread, so that nothing stands between the
 * pool and its child, and limits a module asks for can be set once it is loaded. The address space is never limited: the runtime reserves far more than it uses.
 */
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Limits } from '../task/worker-limits.js';
import type { WorkerKind, WorkerReady } from './worker.js';

/** A limit that is not in force, and why. */
export interface Unenforced {
  readonly limit: 'cpuTime' | 'openFiles' | 'priority' | 'cpus';
  readonly why: string;
}

const TOOL_MS_MAX = 5_000;

/** Whether any of the limits is one of these. */
export function hasOsLimits({ cpuTimeS, openFiles, priority, cpus }: Limits): boolean {
  return cpuTimeS !== undefined || openFiles !== undefined || priority !== undefined || cpus !== undefined;
}

/**
 * Sets the limits, and says which could not be set. Costs some ms outside of this process for `cpuTime`, `openFiles` and `cpus`.
 *
 * @param ordinal position of the worker, which `cpus: 'spread'` goes by
 */
export async function applyOsLimits(kind: WorkerKind, worker: WorkerReady, limits: Limits, ordinal: number): Promise<Unenforced[]> {
  const { cpuTimeS, openFiles, priority, cpus } = limits;
  const id = kind === 'process' ? worker.pid : worker.osThreadId;
  const all = await Promise.all([
    cpuTimeS === undefined ? undefined : setResource('cpuTime', kind, worker.pid, `--cpu=${cpuTimeS}:${cpuTimeS + 1}`),
    openFiles === undefined ? undefined : setResource('openFiles', kind, worker.pid, `--nofile=${openFiles}:${openFiles}`),
    priority === undefined ? undefined : givePriority(id, priority),
    cpus === undefined ? undefined : pin(kind, id, cpus === 'spread' ? cpuFor(ordinal) : cpus),
  ]);
  return all.filter((each) => each !== undefined);
}

async function setResource(limit: 'cpuTime' | 'openFiles', kind: WorkerKind, pid: number, word: string): Promise<Unenforced | undefined> {
  if (kind !== 'process') return { limit, why: 'it holds for a whole process: use process workers' };
  const why = await runTool('prlimit', ['--pid', String(pid), word]);
  return why === undefined ? undefined : { limit, why };
}

function givePriority(id: number | undefined, priority: number): Unenforced | undefined {
  if (id === undefined) return { limit: 'priority', why: NO_THREAD_ID };
  try {
    setPriority(id, priority);
    return undefined;
  } catch (error) {
    return { limit: 'priority', why: (error as Error).message };
  }
}

/** All threads of a process, one thread alone. */
async function pin(kind: WorkerKind, id: number | undefined, cpus: readonly number[]): Promise<Unenforced | undefined> {
  if (id === undefined) return { limit: 'cpus', why: NO_THREAD_ID };
  const why = await runTool('taskset', [kind === 'process' ? '-acp' : '-cp', cpus.join(','), String(id)]);
  return why === undefined ? undefined : { limit: 'cpus', why };
}

const NO_THREAD_ID = 'the operating system does not tell which of its threads the worker is';

/** Runs a tool of util-linux; resolves to what went wrong. */
function runTool(name: 'prlimit' | 'taskset', words: readonly string[]): Promise<string | undefined> {
  if (process.platform !== 'linux') return Promise.resolve(`it needs ${name}, which only Linux has`);
  const { execFile } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    try {
      execFile(name, words, { timeout: TOOL_MS_MAX }, (error, _stdout, stderr) => {
        if (error === null) resolve(undefined);
        else resolve((error as NodeJS.ErrnoException).code === 'ENOENT' ? `${name} was not found: install util-linux` : stderr.trim() || error.message);
      });
    } catch (error) {
      resolve((error as Error).message);
    }
  });
}

/** One of the CPUs this process may use, in turn. */
function cpuFor(ordinal: number): readonly number[] {
  const cpus = allowedCpus();
  return [cpus[(ordinal - 1) % cpus.length] ?? 0];
}

function allowedCpus(): number[] {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
    return list.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  } catch {
    return [0];
  }
}
