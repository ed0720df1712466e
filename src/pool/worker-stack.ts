/** What a look at one worker shows, and how it is said. */
import type { WorkerActivity } from '../scheduler/supervisor/activity.js';
import type { WorkerKind } from '../worker/worker.js';
import type { TaskEvent } from './task-event.js';

/** What a worker is doing, with its stack where that can be had. */
export interface WorkerStack {
  readonly workerId: string;
  readonly kind: WorkerKind;
  readonly activity: WorkerActivity;
  /** The tasks that it executes. */
  readonly tasks: readonly TaskEvent[];
  /** Lines `at function (file:line:column)`, innermost first; empty when no JavaScript runs, or none can be seen. */
  readonly frames: readonly string[];
  /** What its event loop waits for, in the words of `process.getActiveResourcesInfo()`; empty when that is not known. */
  readonly resources: readonly string[];
  /** In one sentence: what it is doing, and why there is no stack when there is none. */
  readonly detail: string;
  /** All of it as text. */
  readonly text: string;
}

export function workerStack(parts: Omit<WorkerStack, 'text'>): WorkerStack {
  const { workerId, kind, activity, tasks, frames, detail } = parts;
  const names = tasks.map(({ taskName, taskId, attempt }) => `${taskName} (${taskId}, attempt ${attempt})`);
  const head = `worker ${workerId} (${kind}) is ${activity}: ${detail}`;
  const doing = names.length === 0 ? [] : [`    task ${names.join(', ')}`];
  return { ...parts, text: [head, ...doing, ...frames.map((frame) => `    ${frame}`)].join('\n') };
}
