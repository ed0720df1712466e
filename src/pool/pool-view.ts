/** What `pool.with(options)` returns: the pool, submitted to with other options. */
import type { Task, TaskOptions } from '../task/types.js';
import type { MapOptions } from './pool.js';

/** What a view calls of its pool. */
export interface ViewTarget {
  run(name: string, args: readonly unknown[], above: (...args: never[]) => unknown): Promise<unknown>;
  submit(name: string, args: readonly unknown[], options: TaskOptions | undefined, above: (...args: never[]) => unknown): Task;
  map(name: string, inputs: Iterable<unknown> | AsyncIterable<unknown>, options: MapOptions | undefined): AsyncIterableIterator<unknown>;
  with(options: TaskOptions): PoolView;
}

/** What `pool.with(options)` returns. */
export class PoolView {
  readonly #target: ViewTarget;

  constructor(target: ViewTarget) {
    this.#target = target;
  }

  run(name: string, ...args: unknown[]): Promise<unknown> {
    return this.#target.run(name, args, this.run);
  }

  submit(name: string, args: readonly unknown[], options?: TaskOptions): Task {
    return this.#target.submit(name, args, options, this.submit);
  }

  map(name: string, inputs: Iterable<unknown> | AsyncIterable<unknown>, options?: MapOptions): AsyncIterableIterator<unknown> {
    return this.#target.map(name, inputs, options);
  }

  with(options: TaskOptions): PoolView {
    return this.#target.with(options);
  }
}
