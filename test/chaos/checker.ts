/**
 * What must hold of every task, judged from three records: what was submitted and became of it (kept by the submitter), what began and ended
 * (written by the workers to a file), and what was lost with its worker (from the pool's events).
 */

/** One submitted task, as its submitter saw it. */
export interface Entry {
  readonly key: number;
  readonly id: string;
  readonly name: string;
  readonly attemptsMax: number;
  /** Whether the submitter asked for its end, or its end was to be expected: it carried a fault, or a limit of time. */
  readonly mayFail: boolean;
  /** How often it settled. */
  settled: number;
  completed: boolean;
  /** Whether the result was the one it should have. */
  right: boolean;
  code: string | undefined;
  message: string;
  attempts: number;
}

/** What the workers wrote, and what was lost with them. */
export interface Evidence {
  /** Key -> attempts that began, in the order they were written. */
  readonly starts: ReadonlyMap<number, readonly number[]>;
  readonly ends: ReadonlyMap<number, number>;
  /** Task id -> how often it was in the hands of a worker that went without having been asked to, or was ended. */
  readonly lost: ReadonlyMap<string, number>;
  /** Ids of tasks that `close` gave back as never started. */
  readonly returned: ReadonlySet<string>;
  /** The pool was closed or terminated with work left. */
  readonly cutShort: boolean;
}

/** Codes a task may fail with, and who may: anybody, or only those to whom something was done. */
const FOR_THE_LOST = new Set(['ERR_WORKER_CRASHED', 'ERR_WORKER_STUCK']);
const FOR_THE_GUILTY = new Set([
  'ERR_TASK_CANCELLED',
  'ERR_TASK_TIMEOUT',
  'ERR_DEADLINE_EXCEEDED',
  'ERR_VALUE_NOT_CLONEABLE',
  'ERR_BREAKER_OPEN',
  'E_STUMBLED',
  'none',
]);
const FOR_A_POOL_CUT_SHORT = new Set(['ERR_TASK_CANCELLED', 'ERR_POOL_CLOSED']);

/** Lines of a journal: `S key attempt` and `E key attempt`. */
export function readJournal(text: string): Pick<Evidence, 'starts' | 'ends'> {
  const starts = new Map<number, number[]>();
  const ends = new Map<number, number>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [what, key, attempt] = line.split(' ') as [string, string, string];
    if (what === 'E') ends.set(Number(key), (ends.get(Number(key)) ?? 0) + 1);
    else starts.set(Number(key), [...(starts.get(Number(key)) ?? []), Number(attempt)]);
  }
  return { starts, ends };
}

/** What does not hold, in words. */
export function violations(entries: readonly Entry[], evidence: Evidence): string[] {
  return entries.flatMap((entry) => {
    const starts = evidence.starts.get(entry.key) ?? [];
    const what = `task ${entry.key} (${entry.name}, ${entry.attempts} of ${entry.attemptsMax} attempts, ${entry.completed ? 'completed' : `${entry.code}: ${entry.message}`}; began ${starts.length}, ended ${evidence.ends.get(entry.key) ?? 0}, lost ${evidence.lost.get(entry.id) ?? 0})`;
    return [...ofOutcome(entry, evidence), ...ofRuns(entry, evidence, starts)].map((violation) => `${what} ${violation}`);
  });
}

function ofOutcome(entry: Entry, { lost, returned, cutShort }: Evidence): string[] {
  const found: string[] = [];
  if (entry.settled !== 1) found.push(`settled ${entry.settled} times`);
  if (entry.completed && !entry.right) found.push('has a wrong result');
  if (entry.completed && returned.has(entry.id)) found.push('was returned and completed');
  if (entry.completed || entry.settled === 0) return found;
  const code = entry.code ?? 'none';
  const allowed =
    (FOR_THE_LOST.has(code) && (entry.mayFail || lost.has(entry.id))) ||
    (FOR_THE_GUILTY.has(code) && entry.mayFail) ||
    (FOR_A_POOL_CUT_SHORT.has(code) && cutShort);
  if (!allowed) found.push('failed and should not have');
  return found;
}

function ofRuns(entry: Entry, evidence: Evidence, starts: readonly number[]): string[] {
  const found: string[] = [];
  const lost = evidence.lost.get(entry.id) ?? 0;
  const ended = evidence.ends.get(entry.key) ?? 0;
  if (entry.attempts > entry.attemptsMax || starts.some((attempt) => attempt > entry.attemptsMax)) found.push('had more attempts than allowed');
  // A worker that goes may have begun, and even ended, what it could not answer for: that may be run again without being an attempt.
  if (starts.length > entry.attemptsMax + lost) found.push('began too often');
  if (ended > Math.max(1, lost + 1) && !entry.mayFail) found.push('ran to its end too often');
  if (entry.completed && ended === 0) found.push('completed and never ran to its end');
  if (evidence.returned.has(entry.id) && starts.length > lost) found.push('was returned as never started and had begun');
  return found;
}
