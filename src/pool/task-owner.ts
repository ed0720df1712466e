/** What a task's handle needs of its pool. */
export interface TaskOwner {
  taskId(sequence: number): string;
  cancelTask(task: object, reason: unknown): boolean;
}
