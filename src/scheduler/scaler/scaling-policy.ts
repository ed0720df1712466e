/**
 * The contract of a sizing policy: a pure function of what is seen and what it remembers. Time comes as an argument; the pool obeys the answer.
 */

/** What a policy sees. Everything is a plain number so that the simulator and a test can write it down. */
export interface ScalingSignals {
  /** Now, in ms. */
  readonly nowMs: number;
  /** Workers that count toward the size: starting + ready. */
  readonly workers: number;
  /** Of these, still starting. */
  readonly starting: number;
  /** Ready workers with at least one task in flight. */
  readonly busy: number;
  /** Tasks in flight. */
  readonly inFlight: number;
  /** Tasks in flight allowed inside one worker. */
  readonly concurrency: number;
  /** Tasks waiting. */
  readonly queueDepth: number;
  /** How long the oldest waiting task has waited, in ms. */
  readonly oldestWaitMs: number;
  /** CPU use of this process tree as a share of the cores it may use, 0 to 1; `undefined` where it is not known. */
  readonly cpu: number | undefined;
  /** For each worker without a task: how long it has been idle, in ms, longest first. */
  readonly idleMs: readonly number[];
  readonly min: number;
  readonly max: number;
}

/** What a policy wants. */
export interface ScalingDecision {
  /** Wanted number of workers; the pool clamps it to [min, max]. */
  readonly target: number;
  /** Why, in one sentence with the numbers that decided, for `scaled` events and `explain()`. */
  readonly reason: string;
}

/** A sizing policy. `M` is its memory: made by `initial`, replaced at each decision, never shared between pools. */
export interface ScalingPolicy<M = unknown> {
  readonly name: string;
  /** Time between two decisions, in ms. The first decision after an idle spell is taken at once, on enqueue. */
  readonly intervalMs: number;
  initial(): M;
  decide(signals: ScalingSignals, memory: M): { readonly decision: ScalingDecision; readonly memory: M };
}
