/**
 * How many workers the machine bears. Each cap answers for one resource; more stress never raises any of them, and what is not known caps nothing.
 */
import type { HostSignals } from './scaling-policy.js';

/** A limit on the number of workers and the resource that sets it. */
export interface Cap {
  readonly by: 'cpu' | 'throttling' | 'cpu-pressure' | 'memory' | 'memory-pressure' | 'throughput' | 'downstream' | 'max';
  readonly workersMax: number;
}

/** What the caps need to know of the pool. */
export interface CapContext {
  /** Starting and ready. */
  readonly workers: number;
  /** Of these, without a task. */
  readonly idle: number;
  /** Places in one worker. */
  readonly concurrency: number;
  /** CPU use of the pool's own processes, 0 to 1. */
  readonly cpu: number | undefined;
}

/** Share of the cores that workers may fill; the rest is for what feeds them. */
const CPU_SHARE_MAX = 0.9;
const THROTTLED_MAX = 0.1;
const CPU_PRESSURE_MAX = 0.4;
const CPU_WAIT_MAX = 0.2;
/** Whoever uses more of the cores than this makes the pressure himself. */
const OWN_CPU_MAX = 0.5;
/** Tasks that need a CPU for this share of their time gain nothing by more workers while others have the CPUs. */
const COMPUTES = 0.5;
const MEMORY_USE_HIGH = 0.8;
const MEMORY_USE_MAX = 0.9;
const MEMORY_PRESSURE_HIGH = 0.1;
const MEMORY_PRESSURE_MAX = 0.3;

/** All caps of the host, the tightest first. */
export function hostCaps(host: HostSignals, context: CapContext): readonly Cap[] {
  const caps: Cap[] = [
    { by: 'cpu', workersMax: cpuCap(host, context) },
    { by: 'throttling', workersMax: throttleCap(host) },
    { by: 'cpu-pressure', workersMax: pressureCap(host, context) },
    { by: 'memory', workersMax: memoryCap(host, context) },
    { by: 'memory-pressure', workersMax: memoryPressureCap(host, context) },
  ];
  return caps.sort((a, b) => a.workersMax - b.workersMax);
}

/**
 * As many workers as keep the cores busy: cores / share of the time that a place needs a CPU (Goetz's formula). Never fewer than cores: the share may
 * be one of tasks that are gone. Workers that say they block need none meanwhile.
 */
function cpuCap({ cores, cpuDemand, blocked }: HostSignals, { concurrency }: CapContext): number {
  if (cpuDemand === undefined) return Infinity;
  const demandOfWorker = Math.min(1, cpuDemand * concurrency);
  const whole = Math.max(1, Math.ceil(cores));
  return blocked + (demandOfWorker <= 0 ? Infinity : Math.max(whole, Math.ceil((cores * CPU_SHARE_MAX) / demandOfWorker)));
}

/** A group that is held back because it used up its quota gains nothing by more threads than whole cores. */
function throttleCap({ throttled, cores, blocked }: HostSignals): number {
  return throttled !== undefined && throttled > THROTTLED_MAX ? blocked + Math.max(1, Math.floor(cores)) : Infinity;
}

/**
 * Others want the CPUs, and our tasks wait for them: what is there stays, nothing is added. Pressure that we make ourselves has the CPU cap, and tasks that
 * hardly compute lose little by it: to hold their workers back would make all of them wait.
 */
function pressureCap({ cpuPressure = 0, cpuWait = 0, cpuDemand = 1 }: HostSignals, { workers, cpu }: CapContext): number {
  const others = cpuPressure > CPU_PRESSURE_MAX && cpuWait > CPU_WAIT_MAX && (cpu ?? 1) < OWN_CPU_MAX && cpuDemand >= COMPUTES;
  return others ? Math.max(1, workers) : Infinity;
}

function memoryCap({ workersFit }: HostSignals, { workers }: CapContext): number {
  return workersFit === undefined ? Infinity : Math.max(1, workers + Math.floor(workersFit));
}

/** First no growth, then the idle ones leave. */
function memoryPressureCap({ memoryPressure = 0, memoryUse = 0 }: HostSignals, { workers, idle }: CapContext): number {
  if (memoryPressure > MEMORY_PRESSURE_MAX || memoryUse > MEMORY_USE_MAX) return Math.max(1, workers - idle);
  if (memoryPressure > MEMORY_PRESSURE_HIGH || memoryUse > MEMORY_USE_HIGH) return Math.max(1, workers);
  return Infinity;
}
