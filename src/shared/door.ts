/** The door `millrace/shared`: data that threads share, and what keeps them from getting in each other's way. */
import { shareThreadTable, threadEnded, threadTable } from './thread-table.js';
import type { BlockedThread } from './thread-table.js';

export { Barrier } from './barrier.js';
export type { BarrierHandle } from './barrier.js';
export { Channel } from './channel.js';
export type { ChannelHandle, ChannelOptions } from './channel.js';
export type { BlockOptions, WaitOptions } from './claim.js';
export { Condition } from './condition.js';
export type { ConditionHandle, ConditionOptions } from './condition.js';
export { Counter } from './counter.js';
export type { CounterHandle } from './counter.js';
export { Latch } from './latch.js';
export type { LatchHandle } from './latch.js';
export { Mutex } from './mutex.js';
export type { MutexGuard, MutexHandle, PoisonOptions } from './mutex.js';
export { RwLock } from './rw-lock.js';
export type { RwGuard, RwLockHandle, RwLockOptions } from './rw-lock.js';
export { Semaphore } from './semaphore.js';
export type { Permit, SemaphoreHandle } from './semaphore.js';
export { SharedArray } from './shared-array.js';
export type { ElementOf, SharedArrayConstructor, SharedArrays, TypedArrayKind } from './shared-array.js';
export type { SharedHandle } from './shared-object.js';
export type { BlockedThread } from './thread-table.js';

// Threads started from here on, by whomever, can share objects with this one.
shareThreadTable();

/** The threads that are blocked in shared objects right now: who waits for whom. Each entry is true by itself; together they are no snapshot. */
export function blockedThreads(): BlockedThread[] {
  return threadTable().blocked();
}

/**
 * Tells shared objects when a thread that you have started yourself ends, so that what it held is not held for ever. The threads of pools are watched
 * as they are.
 */
export function watchThread(thread: { readonly threadId: number; once(event: 'exit', listener: () => void): unknown }): void {
  const { threadId } = thread;
  thread.once('exit', () => threadEnded(threadId));
}
