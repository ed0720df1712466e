/** Looks into a worker from outside: opens its inspector, asks, closes it. Loaded when first needed. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { performanceNow } from '../../runtime/host-timers.js';
import { inspectProcess } from './process-inspector.js';
import { inspectorError } from './protocol-connection.js';
import type { ProtocolConnection } from './protocol-connection.js';
import { askHeapSnapshot, askProfile, askStack } from './questions.js';
import type { CpuProfile, ScriptStack } from './questions.js';
import { inspectThread } from './thread-inspector.js';

/** Where a worker runs. */
export interface WorkerPlace {
  readonly kind: 'thread' | 'process';
  readonly pid: number;
  readonly threadId: number;
}

/** How long a worker may take to answer before and after a profile, in ms (P). */
const ANSWER_MS_MAX = 2_000;

/**
 * What the worker is doing in JavaScript; `undefined` when it does not answer within `limitMs`: it is in native code.
 * A thread takes about a millisecond, a process some 20 ms.
 *
 * @throws MillraceError `ERR_INSPECTOR` where its inspector cannot be had
 */
export async function readStack(place: WorkerPlace, limitMs: number): Promise<ScriptStack | undefined> {
  const ask = (): Promise<ScriptStack | undefined> => withInspector(place, limitMs, (connection) => askStack(connection, limitMs));
  if (place.kind === 'thread') return ask();
  const giveUpAt = performanceNow() + limitMs;
  try {
    return await ask();
  } catch (error) {
    // It may have been about to close its inspector after the look before.
    if (performanceNow() >= giveUpAt) throw error;
    return ask();
  }
}

/** A CPU profile of the running worker. */
export async function recordProfile(place: WorkerPlace, durationMs: number, intervalUs: number): Promise<CpuProfile> {
  const profile = await withInspector(place, ANSWER_MS_MAX, (connection) => askProfile(connection, durationMs, intervalUs, ANSWER_MS_MAX));
  if (profile === undefined) throw inspectorError('it is in native code');
  return profile;
}

/** Writes a heap snapshot of the worker to a file, which is there only if it is whole. */
export async function writeHeapSnapshot(place: WorkerPlace, path: string, limitMs: number): Promise<void> {
  const isWritten = await withInspector(place, ANSWER_MS_MAX, async (connection) => {
    const fd = openSync(path, 'w');
    try {
      await askHeapSnapshot(connection, limitMs, (chunk) => void writeSync(fd, chunk));
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    return true;
  });
  if (isWritten !== true) throw inspectorError('it is in native code');
}

/** `undefined`: the worker is in native code and does not open its inspector. */
async function withInspector<R>(place: WorkerPlace, openMs: number, ask: (connection: ProtocolConnection) => Promise<R>): Promise<R | undefined> {
  const connection = await (place.kind === 'thread' ? inspectThread(place.threadId) : inspectProcess(place.pid, openMs));
  if (connection === undefined) return undefined;
  try {
    return await ask(connection);
  } finally {
    connection.close();
  }
}
