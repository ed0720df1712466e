/** What faults and observers see of a simulated worker. */
export interface SimulatedWorker {
  readonly ready: boolean;
  /** Executions going on. */
  readonly running: number;
  /** How many times slower than normal it is. */
  slowness: number;
  /** Share of its tasks that fail. */
  errorShare: number;
  /** It dies by itself. */
  crash(): void;
}
