/**
 * What a worker is doing, told from outside: from what it has answered, what the kernel says of its thread, and who waits for which lock.
 *
 *     stopped by a signal? ── stopped
 *     has no tasks? ── idle              its event loop answers? ── waiting (for a promise, a timer, a socket)
 *     asleep on a shared lock? ── locked, or deadlocked when those it waits for wait for it
 *     on a core, or used one since the last look? ── computing (a loop, or native code that computes): healthy
 *     else ── blocked (synchronous input and output, a child process, sleep)
 */

export type WorkerActivity =
  /** It is not ready yet. */
  | 'starting'
  /** It has no tasks. */
  | 'idle'
  /** Its tasks wait, and its event loop turns. */
  | 'waiting'
  /** It uses a core. */
  | 'computing'
  /** It sleeps in a call that does not return: input and output, a child process, native code. */
  | 'blocked'
  /** It sleeps until another thread gives up a lock. */
  | 'locked'
  /** It waits for a lock whose holder waits, directly or through others, for it. */
  | 'deadlocked'
  /** A signal has stopped its process. */
  | 'stopped'
  /** Its event loop does not turn, and the platform does not tell why. */
  | 'unknown'
  /** It has ended. */
  | 'dead';

/** What is known of a worker at one look. */
export interface Observation {
  readonly hasTasks: boolean;
  /** Whether its event loop has answered, or a task was, since the look before. */
  readonly responds: boolean;
  /** The kernel's letter for the state of its thread; `undefined` where there is no such thing. */
  readonly osState: string | undefined;
  /** CPU time used since the look before, as a share of one core; `undefined` where it is not known. */
  readonly cpuShare: number | undefined;
  readonly waitsForLock: boolean;
  readonly isDeadlocked: boolean;
}

/** Share of a core from which a worker counts as computing (P): one that sleeps uses none, one that polls a little. */
const COMPUTING_SHARE = 0.05;

export function activityOf(seen: Observation): WorkerActivity {
  if (seen.osState === 'Z' || seen.osState === 'X') return 'dead';
  if (seen.osState === 'T' || seen.osState === 't') return 'stopped';
  if (!seen.hasTasks) return 'idle';
  if (seen.isDeadlocked) return 'deadlocked';
  if (seen.responds) return 'waiting';
  if (seen.waitsForLock) return 'locked';
  if (seen.osState === undefined && seen.cpuShare === undefined) return 'unknown';
  return seen.osState === 'R' || (seen.cpuShare ?? 0) >= COMPUTING_SHARE ? 'computing' : 'blocked';
}
