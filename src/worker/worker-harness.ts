/** What the contract suite of workers drives a worker with: a host that records what it is told, and tasks that can be awaited. */
import type { MillraceError } from '../errors.js';
import { deferred } from '../runtime/deferred.js';
import type { Deferred } from '../runtime/deferred.js';
import type { LogLevel } from '../transport/protocol.js';
import type { Worker, WorkerExit, WorkerFactory, WorkerHost, WorkerOptions, WorkerReady, WorkerTask } from './worker.js';

/** How a task left its worker. */
export interface Outcome {
  readonly how: 'completed' | 'failed' | 'unsent';
  readonly value: unknown;
}

export class TestTask implements WorkerTask {
  slot = -1;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly sequence: number;
  transfer: readonly object[] | undefined = undefined;
  attempt = 1;
  flags = 0;
  deadlineEpochMs = 0;
  correlationId: string | undefined = undefined;
  readonly outcome: Deferred<Outcome> = deferred<Outcome>();
  readonly started: Deferred<void> = deferred<void>();
  readonly streaming: Deferred<void> = deferred<void>();
  readonly progress: unknown[] = [];
  readonly values: unknown[] = [];
  readonly #awaited: { readonly count: number; readonly gate: Deferred<void> }[] = [];

  constructor(name: string, args: readonly unknown[], sequence: number) {
    this.name = name;
    this.args = args;
    this.sequence = sequence;
  }

  /** Resolves to the result; rejects with the error. */
  async result(): Promise<unknown> {
    const { how, value } = await this.outcome.promise;
    if (how === 'completed') return value;
    throw value;
  }

  /** Resolves when the stream has brought so many values. */
  async valuesAre(count: number): Promise<readonly unknown[]> {
    if (this.values.length < count) {
      const gate = deferred<void>();
      this.#awaited.push({ count, gate });
      await gate.promise;
    }
    return this.values;
  }

  take(value: unknown): void {
    this.values.push(value);
    for (const { count, gate } of this.#awaited) if (this.values.length >= count) gate.resolve();
  }
}

export class TestHost implements WorkerHost<TestTask> {
  readonly calls: string[] = [];
  readonly logs: { readonly task: TestTask | undefined; readonly level: LogLevel; readonly message: string; readonly fields: Record<string, unknown> | undefined }[] = [];
  readonly ready: Deferred<WorkerReady> = deferred<WorkerReady>();
  readonly exit: Deferred<WorkerExit> = deferred<WorkerExit>();
  readonly vacated: Map<object, Deferred<void>> = new Map();
  pong: Deferred<void> = deferred<void>();
  health: Deferred<Error | undefined> = deferred<Error | undefined>();
  readonly recycle: Deferred<number> = deferred<number>();
  /** Tasks in flight at the moment of the exit. */
  lost: TestTask[] = [];

  onReady(_worker: Worker<TestTask>, info: WorkerReady): void {
    this.calls.push('ready');
    this.ready.resolve(info);
  }

  onStarted(_worker: Worker<TestTask>, task: TestTask): void {
    this.calls.push(`started ${task.name}`);
    task.started.resolve();
  }

  onCompleted(_worker: Worker<TestTask>, task: TestTask, value: unknown): void {
    this.calls.push(`completed ${task.name}`);
    task.outcome.resolve({ how: 'completed', value });
  }

  onFailed(_worker: Worker<TestTask>, task: TestTask, error: unknown): void {
    this.calls.push(`failed ${task.name}`);
    task.outcome.resolve({ how: 'failed', value: error });
  }

  onUnsent(_worker: Worker<TestTask>, task: TestTask, error: MillraceError): void {
    this.calls.push(`unsent ${task.name}`);
    task.outcome.resolve({ how: 'unsent', value: error });
  }

  onProgress(_worker: Worker<TestTask>, task: TestTask, value: unknown): void {
    task.progress.push(value);
  }

  onStream(_worker: Worker<TestTask>, task: TestTask): void {
    task.streaming.resolve();
  }

  onYield(_worker: Worker<TestTask>, task: TestTask, value: unknown): void {
    task.take(value);
  }

  onLog(_worker: Worker<TestTask>, task: TestTask | undefined, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void {
    this.logs.push({ task, level, message, fields });
  }

  onVacated(_worker: Worker<TestTask>, token: object): void {
    this.calls.push('vacated');
    this.whenVacated(token).resolve();
  }

  onPong(): void {
    this.pong.resolve();
  }

  onHealth(_worker: Worker<TestTask>, error: Error | undefined): void {
    this.health.resolve(error);
  }

  onRecycle(_worker: Worker<TestTask>, _reason: 'heap', heapBytes: number): void {
    this.recycle.resolve(heapBytes);
  }

  onExit(worker: Worker<TestTask>, exit: WorkerExit): void {
    this.calls.push(`exit ${exit.reason}`);
    this.lost = [...worker.inFlight()];
    this.exit.resolve(exit);
  }

  whenVacated(token: object): Deferred<void> {
    let gate = this.vacated.get(token);
    if (gate === undefined) this.vacated.set(token, (gate = deferred<void>()));
    return gate;
  }
}

/** A worker under test with its host. */
export class Rig {
  readonly host: TestHost = new TestHost();
  readonly worker: Worker<TestTask>;
  #sequence = 0;

  constructor(make: WorkerFactory<TestTask>, options: WorkerOptions) {
    this.worker = make(options, this.host);
  }

  /** Dispatches without a flush. */
  dispatch(name: string, args: readonly unknown[] = [], fields: Partial<Pick<TestTask, 'flags' | 'attempt' | 'deadlineEpochMs' | 'correlationId' | 'transfer'>> = {}): TestTask {
    const task = Object.assign(new TestTask(name, args, this.#sequence++), fields);
    this.worker.dispatch(task);
    return task;
  }

  submit(...given: Parameters<Rig['dispatch']>): TestTask {
    const task = this.dispatch(...given);
    this.worker.flush();
    return task;
  }

  run(name: string, ...args: unknown[]): Promise<unknown> {
    return this.submit(name, args).result();
  }
}

/** The fixture module of that name. */
export function fixture(name: string): string {
  return new URL(`./fixtures/${name}.js`, import.meta.url).href;
}

export function workerOptions(changes: Partial<Omit<WorkerOptions, 'runtime'>> & { readonly runtime?: Partial<WorkerOptions['runtime']> } = {}): WorkerOptions {
  const { runtime, ...rest } = changes;
  return {
    id: 'test-1',
    poolName: 'test',
    taskIdPrefix: 'prefix',
    moduleUrl: fixture('tasks'),
    concurrency: 1,
    startTimeoutMs: 15_000,
    terminateTimeoutMs: 5_000,
    streamCredit: 4,
    heapBytesMax: 0,
    errorClasses: [],
    ...rest,
    runtime: { env: undefined, argv: [], execArgv: [], resourceLimits: undefined, cwd: undefined, workerData: undefined, ...runtime },
  };
}
