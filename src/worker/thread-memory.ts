/**
 * How much memory a thread of this process holds, asked from outside, so that it can be told also while its code computes and allocates.
 *
 * Newer versions of Node answer for a thread themselves, buffers outside its heap included. On Node 20 the inspector does, for the heap alone: a session is
 * opened for the threads asked about in one turn and closed when they have answered, since one that is left open would be waited for at the exit.
 */
import type { Session } from 'node:inspector';
import type { Worker as Thread } from 'node:worker_threads';
import { deferred } from '../runtime/deferred.js';
import type { Deferred } from '../runtime/deferred.js';
import { clearTimeout, queueMicrotask, setTimeout } from '../runtime/host-timers.js';

/** Longest wait for an answer, in ms (P): native code gives none. */
const ANSWER_MS_MAX = 250;

interface HeapStatistics {
  readonly used_heap_size: number;
  readonly external_memory: number;
}

/** `undefined` when the thread does not answer in time, or the runtime has no way to ask. */
export async function threadMemoryBytes(thread: Thread): Promise<number | undefined> {
  const { threadId } = thread;
  // It has ended.
  if (threadId === -1) return undefined;
  const newer = thread as unknown as { getHeapStatistics?: () => Promise<HeapStatistics> };
  if (typeof newer.getHeapStatistics !== 'function') return 'bun' in process.versions || 'deno' in process.versions ? undefined : survey(threadId);
  const answer = await withinLimit(newer.getHeapStatistics().catch(() => undefined));
  return answer === undefined ? undefined : answer.used_heap_size + answer.external_memory;
}

function withinLimit<T>(promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS_MAX).unref();
    promise.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

/** Threads asked about in this turn. */
let asked: Map<number, Deferred<number | undefined>> | undefined;

function survey(threadId: number): Promise<number | undefined> {
  if (asked === undefined) {
    const threads = (asked = new Map<number, Deferred<number | undefined>>());
    queueMicrotask(() => {
      asked = undefined;
      void askThreads(threads);
    });
  }
  const answer = asked.get(threadId) ?? deferred<number | undefined>();
  asked.set(threadId, answer);
  return answer.promise;
}

async function askThreads(threads: ReadonlyMap<number, Deferred<number | undefined>>): Promise<void> {
  const session = openSession(threads);
  await withinLimit(Promise.all(Array.from(threads.values(), ({ promise }) => promise)));
  session?.post('NodeWorker.disable');
  session?.disconnect();
  for (const { resolve } of threads.values()) resolve(undefined);
}

function openSession(threads: ReadonlyMap<number, Deferred<number | undefined>>): Session | undefined {
  const inspector = process.getBuiltinModule('node:inspector');
  const session = new inspector.Session();
  const threadOf = new Map<string, number>();
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    // Its `workerId` only counts the threads there are; the title is `[worker <threadId>] <name>`.
    const id = Number(/^\[worker (\d+)\]/.exec(workerInfo.title)?.[1]);
    if (!threads.has(id)) return;
    threadOf.set(sessionId, id);
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message: '{"id":1,"method":"Runtime.getHeapUsage"}' });
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: { usedSize?: number } };
    if (id === 1) threads.get(threadOf.get(sessionId) ?? -1)?.resolve(result?.usedSize);
  });
  try {
    session.connect();
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return session;
  } catch {
    return undefined;
  }
}
