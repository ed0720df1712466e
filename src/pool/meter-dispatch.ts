import { performanceNow } from '../runtime/host-timers.js';
import type { WorkerFactory } from '../worker/worker.js';
import type { PoolTask } from './pool-task.js';

/**
 * Workers of the event loop that tell how long each call of a function kept it from everything else: such a worker calls the function when it is handed over.
 */
export function meterDispatch(factory: WorkerFactory<PoolTask>, tell: (taskName: string, blockMs: number) => void): WorkerFactory<PoolTask> {
  return (options, host) => {
    const worker = factory(options, host);
    const dispatch = worker.dispatch.bind(worker);
    worker.dispatch = (task) => {
      const { name } = task;
      const startedAt = performanceNow();
      dispatch(task);
      tell(name, performanceNow() - startedAt);
    };
    return worker;
  };
}
