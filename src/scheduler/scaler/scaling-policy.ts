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
  /** More tasks in flight bring no more throughput (`concurrency: 'auto'` has found that out): workers more will not either. Default false. */
  readonly saturated?: boolean;
  /** Tasks and executions so far. */
  readonly flow: FlowSignals;
  /** What the machine has and what the workers take of it. */
  readonly host: HostSignals;
}

/** Counts and sums since the pool was made; they never fall. */
export interface FlowSignals {
  /** Tasks that came to wait or to run; retries within their budget count again. */
  readonly arrived: number;
  /** Executions that have ended. */
  readonly finished: number;
  /** How long these occupied a place in a worker, in ms, all together. */
  readonly occupiedMs: number;
  /** How long those that go on have occupied theirs so far, in ms, all together; a lower bound will do. The only one here that may fall. */
  readonly runningMs: number;
  /** How long a worker takes from its start until it is ready, in ms: moving mean, or a guess before the first. */
  readonly bootMs: number;
  /** By task function: executions that completed, of workers whose tasks take 1 ms or more. Default none. */
  readonly functions?: readonly FunctionFlow[];
}

/** Sums over the executions of one function; they never fall. */
export interface FunctionFlow {
  readonly name: string;
  readonly count: number;
  /** Of the logarithm of the time each took in ms, and of its square. Times spread over orders of magnitude: in logarithms an odd one does not outweigh the others. */
  readonly log: number;
  readonly logSquared: number;
}

/** Readings of the host. `undefined` where it does not tell: the cap that needs it then never binds. */
export interface HostSignals {
  /** Cores this process may use; a quota may leave a fraction of one. */
  readonly cores: number;
  /** CPU time that the workers used or waited for, as a share of the time their places were occupied: 1 for pure computing, 0 for pure waiting. */
  readonly cpuDemand: number | undefined;
  /** Of the time the workers wanted a CPU, the share they waited for one, 0 to 1. */
  readonly cpuWait: number | undefined;
  /** Share of the last periods in which the control group was throttled, 0 to 1. */
  readonly throttled: number | undefined;
  /** Share of the last 10 s in which something waited for CPU, 0 to 1, of all on the machine or in the control group. */
  readonly cpuPressure: number | undefined;
  /** Share of the last 10 s in which something waited for memory, 0 to 1. */
  readonly memoryPressure: number | undefined;
  /** Memory in use as a share of what may be used, 0 to 1. */
  readonly memoryUse: number | undefined;
  /** Workers more for which there is memory, by what the ones there are take. */
  readonly workersFit: number | undefined;
  /** Workers whose task has said that it blocks (`context().blocking`). */
  readonly blocked: number;
}

/** What a policy wants. */
export interface ScalingDecision {
  /** Wanted number of workers; the pool clamps it to [min, max]. */
  readonly target: number;
  /** Why, in one sentence with the numbers that decided, for `scaled` events and `explain()`. */
  readonly reason: string;
  /** The quantities the decision rests on, by name. */
  readonly terms?: Readonly<Record<string, number>>;
  /** Which limit kept it from wanting more; `undefined` when none did. */
  readonly boundBy?: string;
}

/** A sizing policy. `M` is its memory: made by `initial`, replaced at each decision, never shared between pools. */
export interface ScalingPolicy<M = unknown> {
  readonly name: string;
  /** Time between two decisions, in ms. The first decision after an idle spell is taken at once, on enqueue. */
  readonly intervalMs: number;
  /** While tasks wait and there may be more workers: decide again after so long, in ms, if that is sooner. Default `intervalMs`. */
  readonly backlogMs?: number;
  initial(): M;
  decide(signals: ScalingSignals, memory: M): { readonly decision: ScalingDecision; readonly memory: M };
}
