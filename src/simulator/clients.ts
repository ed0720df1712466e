/**
 * The callers: they submit what arrives, wait for the outcome, and may try again. With retries and patience the loop is closed: a pool that is slow gets
 * more work because of it, as in the failures that sustain themselves.
 */
import { MillraceError, OptionError } from '../errors.js';
import type { TaskOptions } from '../task/types.js';
import { arrivalSampler } from './arrivals.js';
import type { ArrivalSampler } from './arrivals.js';
import { timeSampler } from './distributions.js';
import type { TimeSampler } from './distributions.js';
import type { Scenario, TaskModel } from './scenario.js';
import type { SimTask } from './sim-task.js';
import type { SimWorld } from './sim-world.js';
import { taskNames } from './sim-world.js';
import type { EventSource } from './virtual-clock.js';
import type { WorkerPool } from '../pool/worker-pool.js';

/** Told what callers do and what they get. */
export interface ClientObserver {
  submitted(task: SimTask): void;
  settled(task: SimTask, outcome: Outcome): void;
}

export type Outcome = 'completed' | 'failed' | 'rejected' | 'cancelled';

interface Kind {
  readonly name: string;
  readonly level: number;
  readonly cpu: TimeSampler;
  readonly io: TimeSampler;
  readonly errorShare: number;
  readonly poisonShare: number;
  readonly options: TaskOptions | undefined;
  readonly run: (task: SimTask) => Promise<unknown>;
  /** Weights up to and with this kind, as a share of all. */
  readonly upTo: number;
}

export class Clients implements EventSource {
  readonly #world: SimWorld;
  readonly #pool: WorkerPool;
  readonly #observer: ClientObserver;
  readonly #kinds: readonly Kind[];
  readonly #nextArrival: ArrivalSampler;
  /** Which kind each task is, where the arrivals say so. */
  readonly #kindsGiven: readonly number[] | undefined;
  #drawn = 0;
  readonly #endMs: number;
  readonly #retries: number;
  readonly #backoffMs: TimeSampler;
  readonly #patienceMs: number;
  #arrivesAt: number;

  constructor(scenario: Scenario, levels: readonly string[], world: SimWorld, pool: WorkerPool, observer: ClientObserver) {
    this.#world = world;
    this.#pool = pool;
    this.#observer = observer;
    this.#kinds = kindsOf(scenario, levels, pool);
    this.#kindsGiven = givenKinds(scenario.arrivals, this.#kinds.length);
    this.#nextArrival = arrivalSampler('arrivals', scenario.arrivals, world.random.arrivals);
    this.#endMs = scenario.durationMs;
    this.#retries = scenario.clients?.retries ?? 0;
    this.#backoffMs = timeSampler('clients.backoff', scenario.clients?.backoff ?? { kind: 'exponential', meanMs: 100 });
    this.#patienceMs = scenario.clients?.patienceMs ?? Infinity;
    this.#arrivesAt = this.#nextArrival();
  }

  nextAt(): number {
    return this.#arrivesAt <= this.#endMs ? this.#arrivesAt : Infinity;
  }

  fire(): void {
    this.#submit(this.#draw());
    this.#arrivesAt = this.#nextArrival();
  }

  #draw(): SimTask {
    const { tasks: random } = this.#world.random;
    const share = random();
    const kind = this.#kindsGiven?.[this.#drawn++] ?? this.#kinds.findIndex(({ upTo }) => share < upTo);
    const { level, cpu, io, errorShare, poisonShare } = this.#kinds[kind] as Kind;
    const now = this.#world.clock.now();
    return {
      kind,
      level,
      cpuMs: cpu(random),
      ioMs: io(random),
      poison: poisonShare > 0 && random() < poisonShare,
      fails: errorShare > 0 && random() < errorShare,
      arrivedAt: now,
      submittedAt: now,
      submissions: 0,
      executions: 0,
      queued: false,
      completions: 0,
      settled: 0,
      waitMs: -1,
    };
  }

  #submit(task: SimTask): void {
    task.submissions += 1;
    task.submittedAt = this.#world.clock.now();
    task.settled = 0;
    task.waitMs = -1;
    task.queued = true;
    this.#observer.submitted(task);
    // It goes on beside the task, and keeps nobody from it but by the cores it takes.
    const { callerMs, cores } = this.#world;
    if (callerMs > 0) cores.use(callerMs, () => {}, false);
    const kind = this.#kinds[task.kind] as Kind;
    const result = this.#patienceMs === Infinity ? kind.run(task) : this.#submitWithPatience(kind, task);
    result.then(
      () => this.#settled(task, 'completed'),
      (error: unknown) => this.#settled(task, outcomeOf(error)),
    );
  }

  #submitWithPatience(kind: Kind, task: SimTask): Promise<unknown> {
    const handle = this.#pool.submit(kind.name, [task], kind.options);
    this.#world.clock.setTimer(this.#patienceMs, () => handle.cancel('the caller has lost patience'));
    return handle.result;
  }

  #settled(task: SimTask, outcome: Outcome): void {
    this.#observer.settled(task, outcome);
    if (outcome === 'completed' || task.submissions > this.#retries) return;
    const { clock, random } = this.#world;
    clock.setTimer(this.#backoffMs(random.clients), () => this.#submit(task));
  }
}

function givenKinds(arrivals: Scenario['arrivals'], kinds: number): readonly number[] | undefined {
  const given = arrivals.kind === 'stamps' ? arrivals.tasks : undefined;
  for (const kind of given ?? [])
    if (!Number.isInteger(kind) || kind < 0 || kind >= kinds) throw new OptionError('arrivals.tasks', `indices from 0 to ${kinds - 1}`, kind);
  return given;
}

function kindsOf(scenario: Scenario, levels: readonly string[], pool: WorkerPool): Kind[] {
  const tasks: readonly TaskModel[] = scenario.tasks ?? [{ cpu: 20 }];
  const names = taskNames(scenario);
  const total = tasks.reduce((sum, { weight }) => sum + (weight ?? 1), 0);
  let upTo = 0;
  return tasks.map((model, index) => {
    upTo += (model.weight ?? 1) / total;
    const name = names[index] as string;
    const options = taskOptions(model);
    const view = options === undefined ? pool : pool.with(options);
    const level = levels.indexOf(model.priority ?? 'normal');
    if (level === -1) throw new OptionError(`tasks[${index}].priority`, `one of ${levels.join(', ')}`, model.priority);
    return {
      name,
      level,
      cpu: timeSampler(`tasks[${index}].cpu`, model.cpu ?? 0),
      io: timeSampler(`tasks[${index}].io`, model.io ?? 0),
      errorShare: model.errorShare ?? 0,
      poisonShare: model.poisonShare ?? 0,
      options,
      run: (task) => view.run(name, task),
      upTo: index === tasks.length - 1 ? Infinity : upTo,
    };
  });
}

function taskOptions({ priority, deadlineMs, timeoutMs }: TaskModel): TaskOptions | undefined {
  if (priority === undefined && deadlineMs === undefined && timeoutMs === undefined) return undefined;
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(deadlineMs === undefined ? {} : { deadline: deadlineMs }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  };
}

function outcomeOf(error: unknown): Outcome {
  const code = error instanceof MillraceError ? error.code : undefined;
  if (code === 'ERR_TASK_CANCELLED' || code === 'ERR_TASK_TIMEOUT' || code === 'ERR_DEADLINE_EXCEEDED') return 'cancelled';
  return code === undefined || code.startsWith('ERR_WORKER') || code === 'ERR_POISONED' ? 'failed' : 'rejected';
}
