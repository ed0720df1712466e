/** The door `millrace`. */
export { createPool } from './pool/create-pool.js';
export { createPoolGroup } from './pool/pool-group.js';
export type { FunctionRoute, PoolGroup, PoolGroupOptions } from './pool/pool-group.js';
export {
  BreakerOpenError,
  ERROR_CODES,
  MillraceError,
  ModuleLoadError,
  OptionError,
  PoisonedError,
  OverloadError,
  QueueFullError,
  TaskCancelledError,
  TaskTimeoutError,
  ValueError,
  WaitTimeoutError,
  WorkerCrashedError,
  WorkerStuckError,
} from './errors.js';
export type { ErrorCode } from './errors.js';
export { defineTask, defineWorker } from './task/define-task.js';
export type { WorkerDefinition, WorkerStartInfo } from './task/define-task.js';
export { move } from './transport/move.js';
export type { DeadLetter, DeadLetterFilter, DeadLetterReason } from './queue/dead-letters.js';
export type { PoolEvents, TaskEvent, WorkerEvent } from './pool/events.js';
export type {
  CloseOptions,
  CloseReport,
  PoolOptions,
  PoolSize,
  QueueOptions,
  RecycleOptions,
  ReturnedTask,
  WatchdogOptions,
  WhenFull,
} from './pool/options.js';
export type { ProfileOptions, SnapshotOptions, StackOptions, WorkerInspector } from './pool/inspection.js';
export type { DeadLetterQueue, MapOptions, MapOutcome, Pool, RangeArgs, RangeOptions, Submitter, WorkerInfo } from './pool/pool.js';
export type { BreakerStats, Distribution, PoolStats } from './pool/stats.js';
export type { WorkerStack } from './pool/worker-stack.js';
export type { Clock, Timer } from './runtime/clock.js';
export type { Duration, Size } from './runtime/units.js';
export type { PlacementName } from './scheduler/placement.js';
export { adaptive } from './scheduler/scaler/adaptive.js';
export type { AdaptiveOptions } from './scheduler/scaler/adaptive.js';
export { queueDepth } from './scheduler/scaler/queue-depth.js';
export type { QueueDepthOptions } from './scheduler/scaler/queue-depth.js';
export { threshold } from './scheduler/scaler/threshold.js';
export type { ThresholdOptions } from './scheduler/scaler/threshold.js';
export type { FlowSignals, FunctionFlow, HostSignals, ScalingDecision, ScalingPolicy, ScalingSignals } from './scheduler/scaler/scaling-policy.js';
export type { TaskState } from './task/lifecycle.js';
export type {
  Backoff,
  BreakerOptions,
  BulkheadOptions,
  RetryOptions,
  Task,
  TaskArgs,
  TaskDefaults,
  TaskName,
  TaskOptions,
  TaskResult,
  TaskStream,
  WorkerLimits,
  MemoryLimits,
} from './task/types.js';
export type { WorkerActivity } from './scheduler/supervisor/activity.js';
export type { StuckReason } from './scheduler/supervisor/watch-policy.js';
export type { CpuProfile } from './worker/inspect/questions.js';
export type { WorkerKind, WorkerState } from './worker/worker.js';
