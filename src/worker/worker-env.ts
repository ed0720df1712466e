import type { WorkerOptions } from './worker.js';

/** The environment of a thread or process: a copy of the user's (or this process's) with the worker's own names added. */
export function workerEnv({ id, poolName, runtime }: Pick<WorkerOptions, 'id' | 'poolName' | 'runtime'>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(runtime.env ?? process.env)) if (value !== undefined) env[name] = value;
  env['MILLRACE_WORKER_ID'] = id;
  env['MILLRACE_POOL'] = poolName;
  return env;
}
