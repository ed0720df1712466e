/** Measures a function on real pools: so many tasks at once, for a while. */
import { createPool } from '../../index.js';
import type { Pool, PoolOptions } from '../../index.js';
import { ownCpuTimeUs, processCpuTimeUs } from '../../runtime/cpu-usage.js';
import type { Clock } from '../../runtime/clock.js';
import type { WorkerKind } from '../../worker/worker.js';
import type { Measure, Measurement } from './saturation.js';

export interface MeasureOptions {
  readonly url: string;
  readonly functionName: string;
  /** Taken in turn; a function without inputs is called without arguments. */
  readonly inputs: readonly unknown[];
  /** Time that counts, in ms; a quarter of it goes before to warm up. */
  readonly durationMs: number;
  readonly clock: Clock;
  readonly execArgv: (kind: WorkerKind) => string[];
}

type Tasks = Record<string, (...args: unknown[]) => unknown>;

const WARM_UP_SHARE = 0.25;

/** Every measurement is one of a pool of its own. Rejects with the error of the first task that fails. */
export function measureOn(options: MeasureOptions): Measure {
  return async (kind, atOnce) => {
    const pool = createPool<Tasks>(options.url, { ...poolOptions(kind, atOnce), execArgv: options.execArgv(kind) });
    try {
      await pool.ready();
      while (pool.stats().workers.starting > 0)
        await new Promise<void>((resolve) => pool.once('workerReady', () => resolve()).once('workerExit', () => resolve()));
      await load(pool, atOnce, options, options.durationMs * WARM_UP_SHARE);
      return await load(pool, atOnce, options, options.durationMs);
    } finally {
      await pool.terminate();
    }
  };
}

function poolOptions(kind: WorkerKind, atOnce: number): PoolOptions {
  const size = kind === 'async' ? { size: 1, concurrency: atOnce } : { size: atOnce };
  return { name: 'tune', worker: kind, ...size, queue: { max: Infinity }, submitStack: false };
}

async function load(pool: Pool<Tasks>, atOnce: number, { functionName, inputs, clock }: MeasureOptions, durationMs: number): Promise<Measurement> {
  const latenciesMs: number[] = [];
  const startMs = clock.now();
  const cpuBeforeUs = cpuTimeUs(pool);
  let next = 0;
  const caller = async (): Promise<void> => {
    do {
      const begunMs = clock.now();
      await (inputs.length === 0 ? pool.run(functionName) : pool.run(functionName, inputs[next++ % inputs.length]));
      latenciesMs.push(clock.now() - begunMs);
    } while (clock.now() - startMs < durationMs);
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  const elapsedMs = clock.now() - startMs;
  const count = latenciesMs.length;
  const sorted = latenciesMs.sort((a, b) => a - b);
  return {
    atOnce,
    throughputPerS: (count * 1_000) / elapsedMs,
    latencyMeanMs: sorted.reduce((sum, each) => sum + each, 0) / count,
    latencyP99Ms: sorted[Math.ceil(0.99 * count) - 1] as number,
    cpuMs: (cpuTimeUs(pool) - cpuBeforeUs) / 1_000 / count,
  };
}

/** Of this process with its threads, and of the worker processes. */
function cpuTimeUs(pool: Pool<Tasks>): number {
  const pids = new Set(pool.workers.map(({ pid }) => pid));
  pids.delete(process.pid);
  let totalUs = ownCpuTimeUs();
  for (const pid of pids) totalUs += processCpuTimeUs(pid);
  return totalUs;
}
