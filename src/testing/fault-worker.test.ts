/** The worker between the pool and the real one keeps the contract of workers: a plan without faults changes nothing, but that no task is sent ahead. */
import { describe } from 'node:test';
import { systemClock } from '../runtime/clock.js';
import { createAsyncWorker } from '../worker/async-worker.js';
import { createBench } from '../worker/fixtures/bench.js';
import type { TestTask } from '../worker/fixtures/harness.js';
import { createThreadWorker } from '../worker/thread-worker.js';
import type { Worker, WorkerFactory, WorkerHost, WorkerTask } from '../worker/worker.js';
import { contextContract } from '../worker/worker-context.contract.js';
import { lifecycleContract } from '../worker/worker-lifecycle.contract.js';
import { remoteContract } from '../worker/worker-remote.contract.js';
import { streamsContract } from '../worker/worker-streams.contract.js';
import { tasksContract } from '../worker/worker-tasks.contract.js';
import { workerContract } from '../worker/worker.contract.js';
import { FaultPlan } from './fault-plan.js';
import { FaultWorker } from './fault-worker.js';

type AnyFactory = <T extends WorkerTask>(options: Parameters<WorkerFactory<T>>[0], host: WorkerHost<T>) => Worker<T>;

function between(factory: AnyFactory): WorkerFactory<TestTask> {
  return (options, host) => new FaultWorker((each) => factory(options, each), host, { plan: new FaultPlan(), clock: systemClock, border: undefined });
}

workerContract('async', between(createAsyncWorker));

describe('thread worker', { timeout: 180_000 }, () => {
  const bench = createBench('thread', between(createThreadWorker));
  lifecycleContract(bench);
  tasksContract(bench);
  streamsContract(bench);
  contextContract(bench);
  remoteContract(bench);
});
