/** A task as its caller sees it, and what will become of it: drawn when it arrives, so that all policies are given the same work. */
export interface SimTask {
  /** Index of its kind. */
  readonly kind: number;
  readonly level: number;
  readonly cpuMs: number;
  readonly ioMs: number;
  readonly poison: boolean;
  readonly fails: boolean;
  /** First arrival of this work; that of its resubmissions is the same. */
  readonly arrivedAt: number;
  submittedAt: number;
  /** Submissions by its caller. */
  submissions: number;
  /** Executions that were begun, over all submissions. */
  executions: number;
  /** False once a worker was given it. */
  queued: boolean;
  completions: number;
  /** Outcomes of the present submission: never more than one. */
  settled: number;
  /** Wait before its first execution, in ms; -1 while there was none. */
  waitMs: number;
}
