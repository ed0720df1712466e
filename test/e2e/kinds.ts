/** The pools that the tests run on. */
import { createPool } from 'millrace';
import type { Pool, PoolOptions, WorkerKind } from 'millrace';

export type Tasks = typeof import('./fixtures/tasks.js');

export const tasksUrl: URL = new URL('./fixtures/tasks.js', import.meta.url);

export type UnreliableTasks = typeof import('./fixtures/unreliable.js');

const unreliableUrl: URL = new URL('./fixtures/unreliable.js', import.meta.url);

/** Kinds whose workers can be ended from outside. */
export const REMOTE: readonly WorkerKind[] = ['thread', 'process'];
export const ALL: readonly WorkerKind[] = ['async', 'thread', 'process'];

export function makePool(worker: WorkerKind, options: PoolOptions = {}): Pool<Tasks> {
  return createPool<Tasks>(tasksUrl, { worker, ...options });
}

/** Runs `body` with a pool that is ended afterwards, whatever happens. */
export function withPool(worker: WorkerKind, options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> {
  return endedAfter(makePool(worker, options), body);
}

/** The same with the functions that fail, die and hang. */
export function withUnreliable(options: PoolOptions, body: (pool: Pool<UnreliableTasks>) => Promise<void>): Promise<void> {
  return endedAfter(createPool<UnreliableTasks>(unreliableUrl, options), body);
}

async function endedAfter<T extends Pool<Tasks> | Pool<UnreliableTasks>>(pool: T, body: (pool: T) => Promise<void>): Promise<void> {
  // A pool without work does not keep the process alive, and a test may wait for one of its events.
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    await body(pool);
  } finally {
    await pool.terminate();
    clearInterval(keepAlive);
  }
}

/** Resolves with the payload of the next event. */
export function nextEvent<E extends Parameters<Pool<Tasks>['once']>[0]>(pool: Pool<Tasks>, event: E): Promise<unknown> {
  return new Promise((resolve) => {
    pool.once(event, resolve);
  });
}

/** The error of a rejected promise; fails when it resolves. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('expected a rejection');
}
