/** What is asked of an inspector: the stack, a CPU profile, a heap snapshot. */
import { inspectorError } from './protocol-connection.js';
import type { ProtocolConnection } from './protocol-connection.js';
import { setTimeout } from '../../runtime/host-timers.js';

/** What a thread is doing in JavaScript. */
export interface ScriptStack {
  /** Lines `at function (file:line:column)`, innermost first; empty when no function runs: the event loop waits. */
  readonly frames: readonly string[];
  /** What the event loop waits for, as `process.getActiveResourcesInfo()` names it. */
  readonly resources: readonly string[];
}

/** A CPU profile as developer tools read it (`.cpuprofile`). */
export interface CpuProfile {
  readonly nodes: readonly object[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/** Name of our own script in the stack: frames from it are left out. */
const SOURCE = 'millrace:stack';
const FRAMES_MAX = 64;

/**
 * Evaluated on top of whatever the thread executes, so that the stack of an error made there is that of the thread. Unlike a pause of the debugger it
 * leaves nothing behind that could catch the thread later, and costs it some 0.1 ms.
 */
const STACK_EXPRESSION = `(() => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = ${FRAMES_MAX + 4};
  try {
    return JSON.stringify([String(new Error('').stack), process.getActiveResourcesInfo?.() ?? []]);
  } finally {
    Error.stackTraceLimit = limit;
  }
})()
//# sourceURL=${SOURCE}`;

/** `undefined`: not answered within `limitMs`; the thread is in native code, or stopped. */
export async function askStack(connection: ProtocolConnection, limitMs: number): Promise<ScriptStack | undefined> {
  const answer = await connection.request('Runtime.evaluate', { expression: STACK_EXPRESSION, returnByValue: true }, limitMs);
  if (answer === undefined) return undefined;
  const { value } = answer['result'] as { readonly value?: unknown };
  if (typeof value !== 'string') throw inspectorError('its stack could not be read');
  const [stack, resources] = JSON.parse(value) as readonly [string, readonly string[]];
  return { frames: framesOf(stack), resources };
}

/** The frames in the text of a stack, without those of the question. */
export function framesOf(stack: string): string[] {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes(SOURCE))
    .map((line) => line.trim());
}

/**
 * Samples the thread every `intervalUs` for `durationMs`. It goes on meanwhile, a little slower.
 *
 * @throws MillraceError `ERR_INSPECTOR` when the thread does not answer within `limitMs` before or after
 */
export async function askProfile(connection: ProtocolConnection, durationMs: number, intervalUs: number, limitMs: number): Promise<CpuProfile> {
  await answered(connection.request('Profiler.enable', {}, limitMs));
  await answered(connection.request('Profiler.setSamplingInterval', { interval: intervalUs }, limitMs));
  await answered(connection.request('Profiler.start', {}, limitMs));
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const { profile } = await answered(connection.request('Profiler.stop', {}, limitMs));
  await connection.request('Profiler.disable', {}, limitMs);
  return profile as CpuProfile;
}

/**
 * Hands the heap over as text in chunks, as developer tools read it (`.heapsnapshot`). The thread stands still meanwhile: some seconds for a heap of
 * some hundred megabytes.
 *
 * @throws MillraceError `ERR_INSPECTOR` when that takes longer than `limitMs`
 */
export async function askHeapSnapshot(connection: ProtocolConnection, limitMs: number, onChunk: (chunk: string) => void): Promise<void> {
  connection.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => onChunk(String(chunk)));
  await answered(connection.request('HeapProfiler.takeHeapSnapshot', { reportProgress: false }, limitMs));
}

async function answered<T>(answer: Promise<T | undefined>): Promise<T> {
  const value = await answer;
  if (value === undefined) throw inspectorError('it does not answer: it is in native code or stopped');
  return value;
}
