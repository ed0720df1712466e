/**
 * The asynchronous context (AsyncLocalStorage stores) of a caller, kept for code that runs for it later.
 *
 * A snapshot costs an async resource, so none is taken where the caller's context holds no store. Node 20 and 22 keep stores as symbol
 * properties of the current resource; where that is not so (context frames), `captureContext` always takes the snapshot, which is cheap there.
 */
import { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks';

/** Runs a function in a captured context. */
export type RunInContext = <R>(fn: () => R) => R;

const storesAreVisible = probe();
const runInRoot: RunInContext = AsyncLocalStorage.snapshot() as RunInContext;

/** Captures the current context; `undefined` when it holds nothing. */
export function captureContext(): RunInContext | undefined {
  return holdsStores() ? (AsyncLocalStorage.snapshot() as RunInContext) : undefined;
}

/** Runs `fn` in `captured`; with `undefined` in a context that holds nothing. */
export function runCaptured<R>(captured: RunInContext | undefined, fn: () => R): R {
  if (captured !== undefined) return captured(fn);
  return holdsStores() ? runInRoot(fn) : fn();
}

function holdsStores(): boolean {
  return !storesAreVisible || Object.getOwnPropertySymbols(executionAsyncResource()).length > 0;
}

/** Whether a store shows up as a symbol of the current resource. */
function probe(): boolean {
  const storage = new AsyncLocalStorage<number>();
  return storage.run(1, () => Object.getOwnPropertySymbols(executionAsyncResource()).some((symbol) => (executionAsyncResource() as Record<symbol, unknown>)[symbol] === 1));
}
