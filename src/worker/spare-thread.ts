/**
 * A thread that starts before the worker it is for has been made: it is told later what to do. Most of a thread's start is the runtime's, and none of
 * that asks for anything but what is given here.
 */
import { Worker as Thread } from 'node:worker_threads';
import type { WorkerOptions as ThreadOptions } from 'node:worker_threads';
import { setImmediate } from '../runtime/host-timers.js';
import { shareThreadTable, threadEnded } from '../shared/thread-table.js';
import { workerEnv } from './worker-env.js';
import type { RuntimeOptions, WorkerOptions } from './worker.js';

/** In a variable: bundlers rewrite the literal form, some of them wrongly. */
const ENTRY = new URL('./entry/thread-main.js', import.meta.url);

/** What a thread is like whose pool says nothing of it. */
const PLAIN: RuntimeOptions = { env: undefined, argv: [], execArgv: undefined, resourceLimits: undefined, cwd: undefined, workerData: undefined };

/** What a thread is known by from outside. */
type Identity = Pick<WorkerOptions, 'id' | 'poolName' | 'runtime'>;

let spare: { readonly env: Readonly<Record<string, string>>; readonly thread: Thread } | undefined;

/** Starts a thread with this process's environment and flags. Whoever does not take it within this turn of the event loop does not get it. */
export function startSpareThread(id: string, poolName: string): void {
  if ('bun' in process.versions || 'deno' in process.versions || process.execArgv.some((word) => word.startsWith('--input-type'))) return;
  shareThreadTable();
  const identity = { id, poolName, runtime: PLAIN };
  const env = workerEnv(identity);
  try {
    spare = { env, thread: newThread(identity, { env, workerData: undefined }) };
  } catch {
    // Whoever starts the one that is needed hears why.
    return;
  }
  const { thread } = spare;
  thread.unref();
  // Nobody is to hear how it ends, unless somebody takes it: it may fail before its turn is over.
  thread.on('error', () => undefined);
  setImmediate(() => {
    if (spare?.thread !== thread) return;
    spare = undefined;
    const { threadId } = thread;
    thread.on('exit', () => threadEnded(threadId));
    void thread.terminate();
  }).unref();
}

/** The thread that was started for such a worker, unless the environment has changed since; it waits for the data of a thread as its first message. */
export function takeSpareThread(options: Identity): Thread | undefined {
  if (spare === undefined || !isPlain(options.runtime) || !isSame(spare.env, workerEnv(options))) return undefined;
  const { thread } = spare;
  spare = undefined;
  return thread;
}

/** The environment names worker and pool, too. */
function isSame(env: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(env);
  return names.length === Object.keys(other).length && names.every((name) => env[name] === other[name]);
}

function isPlain({ env, argv, execArgv, resourceLimits, workerData }: RuntimeOptions): boolean {
  return env === undefined && argv.length === 0 && execArgv === undefined && resourceLimits === undefined && workerData === undefined;
}

/** Starts a thread of a worker; `more` are those of its options that say what it is given. */
export function newThread(options: Identity, more: ThreadOptions): Thread {
  const { argv, execArgv, resourceLimits } = options.runtime;
  // The runtime reads options that are not given too, such as `eval`: not from what somebody has put into Object.prototype.
  const given: ThreadOptions = Object.create(null) as ThreadOptions;
  return new Thread(
    ENTRY,
    Object.assign(given, {
      name: options.id,
      env: workerEnv(options),
      argv: [...argv],
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
      ...more,
    }),
  );
}
