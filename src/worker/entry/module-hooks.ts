/** Runs the hooks of a module's `worker` export. */
import { MillraceError } from '../../errors.js';
import type { WorkerStartInfo } from '../../task/define-task.js';
import type { TaskModule } from './load-module.js';

/** A start that went wrong, and where. */
export interface HookFailure {
  readonly phase: 'start' | 'health';
  readonly error: unknown;
}

/** `start`, then `healthCheck`; `undefined` when the worker can serve. */
export async function startModule(module: TaskModule, info: WorkerStartInfo): Promise<HookFailure | undefined> {
  try {
    await module.worker.start?.(info);
  } catch (error) {
    return { phase: 'start', error };
  }
  try {
    await checkModule(module);
  } catch (error) {
    return { phase: 'health', error };
  }
  return undefined;
}

/** Rejects when the module's health check throws, rejects or returns `false`. */
export async function checkModule(module: TaskModule): Promise<void> {
  const healthy = await module.worker.healthCheck?.();
  if (healthy === false) throw new MillraceError('ERR_WORKER_START', 'the health check returned false');
}
