/**
 * The asynchronous context (AsyncLocalStorage stores) of a caller, kept for code that runs for it later.
 *
 * It is kept in an async resource: 0.1 µs, where `AsyncLocalStorage.snapshot()` takes 11 µs on Node 20. None is made where the caller's context holds
 * no store. Node 20 and 22 keep stores as symbol properties of the current resource; where that is not so (context frames), one is always made.
 * Trying it out with a storage of our own is no way to know: the first `run()` of one switches promise hooks on for the whole thread. It can be told
 * from a promise whether they are on: while some storage is in use these runtimes number all promises, by the same property as any resource. Asking a
 * new one takes 9 ns, and the resource for its symbols 48, of which timers and requests have some anyway.
 */
import { AsyncResource, executionAsyncResource } from 'node:async_hooks';

/** Runs a function in a captured context. */
export type RunInContext = <R>(fn: () => R) => R;

const storesAreVisible = keepsStoresInResources();

/** Whether following the asynchronous context costs next to nothing, because the runtime does it anyway. */
export const framesCarryContext: boolean = !storesAreVisible;
const runInRoot: RunInContext = runInHere();
const numberOf: symbol | undefined = Object.getOwnPropertySymbols(new AsyncResource('millrace')).find((symbol) => symbol.description === 'async_id_symbol');

/** Captures the current context; `undefined` when it holds nothing. */
export function captureContext(): RunInContext | undefined {
  return holdsStores() ? runInHere() : undefined;
}

/** Runs `fn` in `captured`; with `undefined` in a context that holds nothing. */
export function runCaptured<R>(captured: RunInContext | undefined, fn: () => R): R {
  if (captured !== undefined) return captured(fn);
  return holdsStores() ? runInRoot(fn) : fn();
}

function runInHere(): RunInContext {
  const resource = new AsyncResource('millrace');
  return (fn) => resource.runInAsyncScope(fn);
}

function holdsStores(): boolean {
  if (!storesAreVisible) return true;
  if (numberOf !== undefined && (Promise.resolve() as unknown as Readonly<Record<symbol, unknown>>)[numberOf] === undefined) return false;
  const resource = executionAsyncResource() as Readonly<Record<symbol, unknown>>;
  // A storage that was left keeps its symbol, with nothing in it.
  for (const symbol of Object.getOwnPropertySymbols(resource)) if (resource[symbol] !== undefined) return true;
  return false;
}

function keepsStoresInResources(): boolean {
  const { versions, execArgv, env } = process;
  if ('bun' in versions || 'deno' in versions) return false;
  const frames = '--experimental-async-context-frame';
  return Number.parseInt(versions.node, 10) < 24 && !execArgv.includes(frames) && !(env['NODE_OPTIONS'] ?? '').includes(frames);
}
