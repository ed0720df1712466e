/** How much of its time the event loop of this thread works instead of waiting for something to do. */
import { performance } from 'node:perf_hooks';

export class LoopUse {
  #last: ReturnType<typeof performance.eventLoopUtilization> = performance.eventLoopUtilization();

  /** Share of the time since the last call, 0 to 1; always 0 on a runtime that does not tell. */
  read(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    return Number.isFinite(utilization) ? utilization : 0;
  }
}
