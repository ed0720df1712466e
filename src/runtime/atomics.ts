/**
 * Every atomic operation on shared memory goes through this module, so that a test can put its own in place of them and decide which
 * thread moves at each one. Nothing else in the sources names `Atomics`.
 *
 * All operations are sequentially consistent: they have one total order that every thread agrees on. Costs: `load`, `store` and the
 * read-modify-write operations some 5-10 ns, `notify` without a waiter some 30 ns, with one a system call.
 */

/** What `waitAsync` returns; `async: false` when it need not wait (`value` says why). */
export type AsyncWait =
  | { readonly async: false; readonly value: 'not-equal' | 'timed-out' }
  | { readonly async: true; readonly value: PromiseLike<'ok' | 'timed-out'> };

export interface AtomicOperations {
  load(words: Int32Array, index: number): number;
  store(words: Int32Array, index: number, value: number): number;
  /** Adds and returns the value before. */
  add(words: Int32Array, index: number, value: number): number;
  /** Stores and returns the value before. */
  exchange(words: Int32Array, index: number, value: number): number;
  /** Stores `replacement` if the word holds `expected`; returns the value before. */
  compareExchange(words: Int32Array, index: number, expected: number, replacement: number): number;
  /** Wakes up to `count` waiters and returns how many. */
  notify(words: Int32Array, index: number, count?: number): number;
  /** Blocks the thread while the word holds `value`. Never on an event loop that must live. */
  wait(words: Int32Array, index: number, value: number, timeoutMs?: number): 'ok' | 'not-equal' | 'timed-out';
  /** As `wait`, without blocking. Does not keep the event loop alive. Only where {@link waitAsyncSupported}. */
  waitAsync(words: Int32Array, index: number, value: number, timeoutMs?: number): AsyncWait;
}

const host = Atomics as unknown as AtomicOperations & { readonly waitAsync?: AtomicOperations['waitAsync'] };

/** Whether this runtime can wait on a word without blocking the thread. */
export const waitAsyncSupported: boolean = typeof SharedArrayBuffer === 'function' && typeof host.waitAsync === 'function';

export let load: AtomicOperations['load'] = host.load;
export let store: AtomicOperations['store'] = host.store;
export let add: AtomicOperations['add'] = host.add;
export let exchange: AtomicOperations['exchange'] = host.exchange;
export let compareExchange: AtomicOperations['compareExchange'] = host.compareExchange;
export let notify: AtomicOperations['notify'] = host.notify;
export let wait: AtomicOperations['wait'] = host.wait;
export let waitAsync: AtomicOperations['waitAsync'] = host.waitAsync;

/** Puts other operations in place of the host's, for this thread: the interleaving tests. Without an argument the host's come back. */
export function replaceAtomics(operations: AtomicOperations = host): void {
  ({ load, store, add, exchange, compareExchange, notify, wait, waitAsync } = operations);
}
