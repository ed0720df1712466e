/**
 * Watches the main thread from a thread beside it: started by `main-watch.ts`.
 *
 *     the main thread counts up a shared word from a timer ──> stands still for too long ──> its stack is taken, once
 *                                                          └─> counts on ──> a message tells for how long, and where it stood
 *
 * While the main thread stands still nobody there can be told. A standstill that goes on is therefore printed, once, from here.
 */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';
import { load } from '../runtime/atomics.js';
import { performanceNow, setInterval } from '../runtime/host-timers.js';
import { ProtocolConnection } from '../worker/inspect/protocol-connection.js';
import { askStack } from '../worker/inspect/questions.js';

/** The `workerData` of the thread. */
export interface MainWatchData {
  readonly beat: SharedArrayBuffer;
  readonly afterMs: number;
  readonly poolName: string;
}

/** What it tells when the main thread goes on. */
export interface Stall {
  /** For how long the event loop stood still, in ms, to a quarter of the limit. */
  readonly blockedMs: number;
  /** Where it stood when the limit had passed, innermost first; empty where that cannot be had. */
  readonly frames: readonly string[];
  /** In one sentence. */
  readonly detail: string;
}

/** Longest wait for the stack, in ms (P). */
const STACK_MS_MAX = 1_000;
/** A standstill of so many limits is printed (P). */
const PRINT_AFTER_LIMITS = 5;
const STDERR = 2;

const { beat, afterMs, poolName } = workerData as MainWatchData;
const words = new Int32Array(beat);
const periodMs = Math.max(1, afterMs / 4);

let seen = load(words, 0);
let seenAt = performanceNow();
let lookedAt = seenAt;
let frames: readonly string[] | undefined;
let detail = '';
let printed = false;

setInterval(look, periodMs);

function look(): void {
  const now = performanceNow();
  const missedMs = now - lookedAt - periodMs;
  lookedAt = now;
  const count = load(words, 0);
  if (count !== seen) {
    if (frames !== undefined) parentPort?.postMessage({ blockedMs: now - seenAt, frames, detail } satisfies Stall, []);
    seen = count;
    seenAt = now;
    frames = undefined;
    printed = false;
    return;
  }
  // The whole process stood still, or the machine slept: that says nothing of the main thread.
  if (missedMs > afterMs) seenAt += missedMs;
  else if (now - seenAt >= afterMs && frames === undefined) void takeStack();
  else if (now - seenAt >= PRINT_AFTER_LIMITS * afterMs && frames !== undefined && !printed) print(now - seenAt);
}

async function takeStack(): Promise<void> {
  frames = [];
  detail = 'it is in native code';
  const session = new Session();
  try {
    session.connectToMainThread();
    const stack = await askStack(connectionOf(session), STACK_MS_MAX);
    if (stack === undefined) return;
    frames = stack.frames;
    detail = stack.frames.length === 0 ? 'its event loop turns, but its timers are late' : 'it was computing';
  } catch (error) {
    detail = `no stack: ${(error as Error).message}`;
  } finally {
    session.disconnect();
  }
}

function connectionOf(session: Session): ProtocolConnection {
  const connection = new ProtocolConnection({
    send: (text) => {
      const { id, method, params } = JSON.parse(text) as { readonly id: number; readonly method: string; readonly params: object };
      session.post(method, params, (error, result) => {
        connection.receive(JSON.stringify(error === null ? { id, result } : { id, error: { message: error.message } }));
      });
    },
    close: () => session.disconnect(),
  });
  return connection;
}

function print(stillMs: number): void {
  printed = true;
  const lines = [`millrace: pool ${poolName}: the main thread has stood still for ${Math.round(stillMs)} ms: ${detail}`];
  writeSync(STDERR, `${[...lines, ...(frames ?? []).map((frame) => `    ${frame}`)].join('\n')}\n`);
}
