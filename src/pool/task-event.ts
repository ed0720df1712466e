import type { TaskState } from '../task/lifecycle.js';

/** Which task an event is about. */
export interface TaskEvent {
  readonly taskId: string;
  readonly taskName: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly correlationId: string;
}
