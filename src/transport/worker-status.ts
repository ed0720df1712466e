/** What a worker shows of itself without being asked: readable while it is busy, stuck or dead. */
export interface WorkerStatus {
  /** Stands still while one task runs and while the worker sleeps; grows otherwise. */
  readonly tick: number;
  /** `sequence` of the task begun last; -1 where that is not told (a process marks each task as begun instead). */
  readonly sequence: number;
  /** When the worker last read its clock, in ms of its own clock: not later than the start of the task it is stuck in. */
  readonly clockMs: number;
  /** CPU time of the worker's thread in ms, as of its last report; -1 where the runtime does not tell. */
  readonly cpuMs: number;
  /** Bytes of heap in use, as of its last report; 0 before. */
  readonly heapBytes: number;
}
