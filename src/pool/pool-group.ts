/**
 * Pools for work of different kinds behind one door: each function goes where its kind is served, and none of the kinds starves another.
 *
 *                     +--> io     the event loop of this process, many at once            async functions that wait
 *     run(name) ------+--> cpu    threads, one task each, up to all cores                  what computes or blocks
 *                     +--> long   threads of their own, so many as the short ones leave    what takes ten times as long as the rest
 *
 * The kind is that of `scheduler/function-class.ts`: declared, or else how the function is written, corrected by what is seen: a function that keeps the
 * event loop is moved to threads. Short tasks never wait behind long ones, since these have threads of their own; long ones
 * keep a thread under any load of short ones. The cores are one budget: the long ones get what the load of the short ones leaves, and the event loop a
 * core when it is busy. So is the memory, that of the host or less (`memory-budget.ts`).
 */
import { OptionError } from '../errors.js';
import { systemClock } from '../runtime/clock.js';
import type { Timer } from '../runtime/clock.js';
import { cpuLimit } from '../runtime/limits.js';
import { LoopUse } from '../runtime/loop-use.js';
import { ownOptions, wholeNumber } from '../runtime/own-options.js';
import { classify, coresForLong, newFacts, seeBlock, seeRun } from '../scheduler/function-class.js';
import type { Classified, FunctionClass, FunctionFacts } from '../scheduler/function-class.js';
import type { Task, TaskArgs, TaskItem, TaskName, TaskOptions, TaskResult } from '../task/types.js';
import type { FunctionInfo } from '../transport/protocol.js';
import { assemblePool } from './assemble-pool.js';
import { MemoryBudget } from './memory-budget.js';
import { meterDispatch } from './meter-dispatch.js';
import { sizeLimits } from './normalise-options.js';
import type { CloseOptions, CloseReport, PoolOptions } from './options.js';
import type { MapOptions, MapOutcome, Pool, Submitter } from './pool.js';
import type { PoolStats } from './stats.js';

/** Options of `createPoolGroup`. */
export interface PoolGroupOptions {
  /** The pool of functions that wait. Default `{ worker: 'async', concurrency: 'auto' }`. */
  readonly io?: PoolOptions;
  /** The pool of functions that compute, and of those that take long. Default `{ worker: 'thread', policy: 'adaptive' }`. */
  readonly cpu?: PoolOptions;
  /** Cores for all pools together. Default those this process may use. */
  readonly cores?: number;
  /**
   * Memory for all pools together, in bytes: what this process takes and the worker processes of all of them. From 80 % of it no worker is added, from 90 %
   * idle ones leave (by the policy `'adaptive'`, the default here). At least 16 MB. Default what this process may use; that is watched in any case.
   */
  readonly memory?: number;
}

/** Why a function runs where it does. */
export type FunctionRoute = Classified;

/** Several pools that run the functions of one task module, each function where its kind is served. */
export interface PoolGroup<M> extends Submitter<M>, AsyncDisposable {
  /** Where `name` runs, and why. */
  route<K extends TaskName<M>>(name: K): FunctionRoute;
  /** The pools: for their events, statistics and the rest. Do not close them one by one. */
  readonly pools: Readonly<Record<FunctionClass, Pool<M>>>;
  /** Resolves when nothing is queued, delayed or running in any pool. */
  idle(): Promise<void>;
  stats(): Readonly<Record<FunctionClass, PoolStats>>;
  /** The last sizing decision of each pool. */
  explain(): string;
  /** Closes all pools, see {@link Pool.close}. Idempotent. */
  close(options?: CloseOptions): Promise<CloseReport>;
  /** Ends all pools now. */
  terminate(): Promise<CloseReport>;
}

const CLASSES: readonly FunctionClass[] = ['io', 'cpu', 'long'];
const BALANCE_MS = 1_000;
/** A call shorter than this is none of anybody's business. */
const LOOP_KEPT_MS = 5;
/** An event loop that is busy for this share of its time needs a core of its own. */
const LOOP_BUSY = 0.5;
/** Less would not hold one worker. */
const MEMORY_BYTES_MIN = 16 * 1_024 * 1_024;

/**
 * Makes a group of pools for the functions of one module: functions that wait, that compute, and that take long do not get in each other's way.
 *
 * Costs two more threads at most than one pool of the same cores, and some 0.2 µs a task.
 *
 * @throws OptionError when an option has the wrong type or range
 * @throws ModuleLoadError as `createPool`
 */
export function createPoolGroup<M = Record<string, (...args: unknown[]) => unknown>>(module: URL | string, options?: PoolGroupOptions): PoolGroup<M> {
  return new Group<M>(module, options);
}

class Group<M> implements PoolGroup<M> {
  readonly pools: Readonly<Record<FunctionClass, Pool<M>>>;
  readonly #cores: number;
  readonly #cpuMin: number;
  readonly #cpuMax: number;
  readonly #facts = new Map<string, FunctionFacts>();
  readonly #routes = new Map<string, Classified>();
  readonly #loop = new LoopUse();
  #timer: Timer | undefined;
  #completed = 0;
  #learned = false;

  constructor(module: URL | string, input: PoolGroupOptions | undefined) {
    const options = ownOptions<PoolGroupOptions>('options', input, ['io', 'cpu', 'cores', 'memory']);
    this.#cores = wholeNumber('options.cores', options.cores ?? cpuLimit().cpus, 1, 4_096);
    const cpu: PoolOptions = { name: 'cpu', worker: 'thread', policy: 'adaptive', ...options.cpu };
    if (cpu.worker === 'async')
      throw new OptionError('options.cpu.worker', "'thread' or 'process'", cpu.worker, 'What computes must not run on the event loop');
    const { min, max } = sizeLimits('options.cpu.size', cpu.size ?? { max: this.#cores }, 'thread');
    this.#cpuMin = min;
    this.#cpuMax = max;
    const longMax = Math.min(max, coresForLong(this.#cores, 0));
    const io: PoolOptions = { name: 'io', worker: 'async', concurrency: 'auto', ...options.io };
    const memoryBudget =
      options.memory === undefined ? undefined : new MemoryBudget(wholeNumber('options.memory', options.memory, MEMORY_BYTES_MIN, Number.MAX_SAFE_INTEGER));
    const watch = {
      ran: (name: string, ms: number): void => this.#ran(name, ms),
      learned: (infos: readonly FunctionInfo[]): void => this.#learn(infos),
    };
    const shared = memoryBudget === undefined ? { watch } : { watch, memoryBudget };
    const meter = (name: string, ms: number): void => this.#blocked(name, ms);
    this.pools = {
      io: assemblePool<M>(module, io, (parts, { kind }) => ({
        ...parts,
        shared,
        factory: kind === 'async' ? meterDispatch(parts.factory, meter) : parts.factory,
      })),
      cpu: assemblePool<M>(module, { ...cpu, size: { min, max } }, (parts) => ({ ...parts, shared })),
      long: assemblePool<M>(module, { ...cpu, name: `${cpu.name}-long`, size: { min: 0, max: longMax } }, (parts) => ({ ...parts, shared })),
    };
    this.#watch();
  }

  run<K extends TaskName<M>>(name: K, ...args: TaskArgs<M, K>): Promise<TaskResult<M, K>> {
    return this.#poolOf(name).run(name, ...args);
  }

  submit<K extends TaskName<M>>(name: K, args: TaskArgs<M, K>, options?: TaskOptions): Task<TaskResult<M, K>> {
    return this.#poolOf(name).submit(name, args, options);
  }

  map<K extends TaskName<M>, I extends TaskItem<M, K>>(
    name: K,
    inputs: Iterable<I> | AsyncIterable<I>,
    options: MapOptions & { readonly onError: 'settle' },
  ): AsyncIterableIterator<MapOutcome<TaskResult<M, K>, I>>;
  map<K extends TaskName<M>>(
    name: K,
    inputs: Iterable<TaskItem<M, K>> | AsyncIterable<TaskItem<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<TaskResult<M, K>>;
  map<K extends TaskName<M>>(name: K, inputs: Iterable<TaskItem<M, K>> | AsyncIterable<TaskItem<M, K>>, options?: MapOptions): AsyncIterableIterator<never> {
    return this.#poolOf(name).map(name, inputs, options) as AsyncIterableIterator<never>;
  }

  with(options: TaskOptions): Submitter<M> {
    const views = { io: this.pools.io.with(options), cpu: this.pools.cpu.with(options), long: this.pools.long.with(options) };
    const viewOf = (name: string): Submitter<M> => views[this.#route(name).class];
    return {
      run: (name, ...args) => viewOf(name).run(name, ...args),
      submit: (name, args, more) => viewOf(name).submit(name, args, more),
      map: ((name: TaskName<M>, inputs: Iterable<never>, more?: MapOptions) => viewOf(name).map(name, inputs, more)) as Submitter<M>['map'],
      with: (more) => this.with({ ...options, ...more }),
    };
  }

  route<K extends TaskName<M>>(name: K): FunctionRoute {
    return this.#route(name);
  }

  async idle(): Promise<void> {
    await Promise.all(CLASSES.map((each) => this.pools[each].idle()));
  }

  stats(): Readonly<Record<FunctionClass, PoolStats>> {
    const { io, cpu, long } = this.pools;
    return { io: io.stats(), cpu: cpu.stats(), long: long.stats() };
  }

  explain(): string {
    return CLASSES.map((each) => `${each}: ${this.pools[each].explain()}`).join('\n');
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return this.#end((pool) => pool.close(options));
  }

  terminate(): Promise<CloseReport> {
    return this.#end((pool) => pool.terminate());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(end: (pool: Pool<M>) => Promise<CloseReport>): Promise<CloseReport> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const reports = await Promise.all(CLASSES.map((each) => end(this.pools[each])));
    return { returned: reports.flatMap(({ returned }) => returned), terminated: reports.reduce((sum, { terminated }) => sum + terminated, 0) };
  }

  #poolOf(name: string): Pool<M> {
    return this.pools[this.#route(name).class];
  }

  /** Until a worker has told what the module exports, every function is taken for one that computes. */
  #route(name: string): Classified {
    return this.#routes.get(name) ?? classify(newFacts(undefined, undefined), 'cpu', NaN);
  }

  #learn(infos: readonly FunctionInfo[]): void {
    if (this.#learned) return;
    this.#learned = true;
    for (const { name, isAsync, options } of infos) {
      const facts = newFacts(options?.['class'] as FunctionFacts['declared'], isAsync === true);
      this.#facts.set(name, facts);
      this.#classify(name, facts);
    }
  }

  #classify(name: string, facts: FunctionFacts): void {
    this.#routes.set(name, classify(facts, this.#routes.get(name)?.class ?? 'cpu', this.#shortMs(name)));
  }

  #ran(name: string, ms: number): void {
    const facts = this.#facts.get(name);
    if (facts !== undefined) seeRun(facts, ms);
  }

  /** A call on the event loop; one that kept it for long changes the route at once, all else once a second. */
  #blocked(name: string, ms: number): void {
    const facts = this.#facts.get(name);
    if (facts === undefined) return;
    seeBlock(facts, ms);
    if (ms > LOOP_KEPT_MS) this.#classify(name, facts);
  }

  /** Mean time of the other functions of class `cpu`, each as often as it ran; NaN without any. */
  #shortMs(except: string): number {
    let [sum, count] = [0, 0];
    for (const [name, facts] of this.#facts) {
      if (name === except || facts.count === 0 || this.#routes.get(name)?.class !== 'cpu') continue;
      sum += facts.meanMs * facts.count;
      count += facts.count;
    }
    return sum / count;
  }

  #watch(): void {
    this.#timer = systemClock.setTimer(BALANCE_MS, () => {
      this.#balance();
      this.#watch();
    });
  }

  /** Shares the cores: by the load of the short ones, and by how busy the event loop is. */
  #balance(): void {
    for (const [name, facts] of this.#facts) this.#classify(name, facts);
    const { cpu, long } = this.pools;
    const { workers, tasks, run } = cpu.stats();
    const shortLoad = ((tasks.completed - this.#completed) * run.mean) / BALANCE_MS;
    this.#completed = tasks.completed;
    const cores = Math.max(1, this.#cores - (this.#loop.read() > LOOP_BUSY ? 1 : 0));
    const longMax = Math.min(this.#cpuMax, coresForLong(cores, shortLoad));
    if (long.stats().workers.max !== longMax) long.resize({ min: 0, max: longMax });
    // A size that goes beyond the cores was chosen so.
    const cpuMax = this.#cpuMax > this.#cores ? this.#cpuMax : Math.max(this.#cpuMin, 1, Math.min(this.#cpuMax, cores));
    if (workers.max !== cpuMax) cpu.resize({ min: this.#cpuMin, max: cpuMax });
  }
}
