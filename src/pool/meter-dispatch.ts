import { performanceNow } from '../runtime/host-timers.js';
import type { HostCalls, WorkerFactory } from '../worker/worker.js';
import type { PoolTask } from './pool-task.js';

/**
 * Workers of the event loop that tell how long each call of a function kept it from everything else: such a worker calls the function when it is handed over,
 * or gives it to the pool to call.
 */
export function meterDispatch(factory: WorkerFactory<PoolTask>, tell: (taskName: string, blockMs: number) => void): WorkerFactory<PoolTask> {
  return (options, host) => {
    const worker = factory(options, host);
    const dispatch = worker.dispatch.bind(worker);
    worker.dispatch = (task, told) => {
      const { name } = task;
      const startedAt = performanceNow();
      dispatch(task, told);
      tell(name, performanceNow() - startedAt);
    };
    if (worker.hostCalls !== undefined) meterFunctions(worker.hostCalls, tell);
    return worker;
  };
}

function meterFunctions(calls: HostCalls<PoolTask>, tell: (taskName: string, blockMs: number) => void): void {
  const find = calls.find.bind(calls);
  calls.find = (name) => {
    const fn = find(name);
    if (fn === undefined) return undefined;
    return (...args) => {
      const startedAt = performanceNow();
      try {
        return fn(...args) as unknown;
      } finally {
        tell(name, performanceNow() - startedAt);
      }
    };
  };
}
