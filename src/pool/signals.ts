/** One abort listener per signal, however many tasks share it; none is left behind when the last of them has its outcome. */
import type { PoolTask } from './pool-task.js';

interface Watch {
  readonly tasks: Set<PoolTask>;
  readonly listener: () => void;
}

export class SignalWatch {
  readonly #watches = new WeakMap<AbortSignal, Watch>();
  readonly #onAbort: (task: PoolTask, reason: unknown) => void;

  constructor(onAbort: (task: PoolTask, reason: unknown) => void) {
    this.#onAbort = onAbort;
  }

  add(signal: AbortSignal, task: PoolTask): void {
    let watch = this.#watches.get(signal);
    if (watch === undefined) {
      const tasks = new Set<PoolTask>();
      watch = { tasks, listener: () => this.#abort(signal, tasks) };
      this.#watches.set(signal, watch);
      signal.addEventListener('abort', watch.listener, { once: true });
    }
    watch.tasks.add(task);
  }

  remove(signal: AbortSignal, task: PoolTask): void {
    const watch = this.#watches.get(signal);
    if (watch === undefined || !watch.tasks.delete(task) || watch.tasks.size > 0) return;
    signal.removeEventListener('abort', watch.listener);
    this.#watches.delete(signal);
  }

  #abort(signal: AbortSignal, tasks: Set<PoolTask>): void {
    this.#watches.delete(signal);
    for (const task of [...tasks]) this.#onAbort(task, signal.reason);
  }
}
