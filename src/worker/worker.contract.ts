/** The contract suite of workers: the rules of `worker.ts`, for every kind. */
import { describe } from 'node:test';
import { createBench } from './fixtures/bench.js';
import type { TestTask } from './fixtures/harness.js';
import { contextContract } from './worker-context.contract.js';
import { lifecycleContract } from './worker-lifecycle.contract.js';
import { prefetchContract } from './worker-prefetch.contract.js';
import { remoteContract } from './worker-remote.contract.js';
import { streamsContract } from './worker-streams.contract.js';
import { tasksContract } from './worker-tasks.contract.js';
import type { WorkerFactory, WorkerKind } from './worker.js';

export function workerContract(kind: WorkerKind, make: WorkerFactory<TestTask>): void {
  describe(`${kind} worker`, { timeout: 180_000 }, () => {
    const bench = createBench(kind, make);
    lifecycleContract(bench);
    tasksContract(bench);
    streamsContract(bench);
    contextContract(bench);
    if (!bench.isRemote) return;
    remoteContract(bench);
    prefetchContract(bench);
  });
}
