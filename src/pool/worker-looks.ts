/**
 * Looks at workers from outside, whatever they are doing: what the kernel says of their thread, who waits for which lock, and the stack.
 * Nothing here costs a worker anything until somebody looks.
 */
import { readOsThread } from '../runtime/os-thread.js';
import type { OsThread } from '../runtime/os-thread.js';
import { activityOf } from '../scheduler/supervisor/activity.js';
import type { WorkerActivity } from '../scheduler/supervisor/activity.js';
import { findDeadlocks } from '../scheduler/supervisor/wait-for-graph.js';
import type { WaitEdge } from '../scheduler/supervisor/wait-for-graph.js';
import { threadTable } from '../shared/thread-table.js';
import { isInFlight } from '../task/lifecycle.js';
import type { WorkerPlace } from '../worker/inspect/inspect-worker.js';
import type { ScriptStack } from '../worker/inspect/questions.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';
import { workerStack } from './worker-stack.js';
import type { WorkerStack } from './worker-stack.js';

/** Who waits for which lock, at one moment. */
export interface LockSituation {
  readonly edges: readonly WaitEdge[];
  readonly deadlocks: readonly (readonly WaitEdge[])[];
}

const NO_LOCKS: LockSituation = { edges: [], deadlocks: [] };
/** What workers without a thread say: those on the event loop, and simulated ones. */
const NO_THREAD = 0;
const NO_STACK: ScriptStack = { frames: [], resources: [] };

export class WorkerLooks {
  readonly #core: PoolCore;
  readonly #members: ReadonlySet<Member>;

  constructor(core: PoolCore, members: ReadonlySet<Member>) {
    this.#core = core;
    this.#members = members;
  }

  /** What the kernel says of the worker's thread. */
  osThread(member: Member): OsThread | undefined {
    const { info, worker } = member;
    if (info === undefined) return undefined;
    return readOsThread(info.pid, info.osThreadId ?? (worker.kind === 'process' ? info.pid : 0));
  }

  /** The threads of this process that sleep on locks. Processes share none. */
  locks(): LockSituation {
    if (this.#core.settings.kind !== 'thread') return NO_LOCKS;
    const edges = threadTable().blocked();
    return { edges, deadlocks: findDeadlocks(edges) };
  }

  /** The tasks that the worker executes. */
  begunTasks(member: Member): PoolTask[] {
    return [...member.worker.inFlight()].filter((task) => isInFlight(task.stateCode) && member.worker.begun(task));
  }

  /**
   * The worker with its stack, within `limitMs` and some ms. Never rejects: what cannot be had is said in `detail`.
   *
   * @param known what it is doing, when that has been found out
   */
  async stack(member: Member, limitMs: number, known?: WorkerActivity): Promise<WorkerStack> {
    const { worker, info } = member;
    const tasks = this.begunTasks(member).map((task) => this.#core.taskEvent(task));
    const about = { workerId: worker.id, kind: worker.kind, tasks };
    if (info === undefined) return workerStack({ ...about, activity: 'starting', ...NO_STACK, detail: 'it is not ready yet' });
    if (worker.kind === 'async' || info.osThreadId === NO_THREAD) {
      const activity = known ?? (member.inFlight > 0 ? 'waiting' : 'idle');
      return workerStack({ ...about, activity, ...NO_STACK, detail: 'it has no thread of its own but shares this one' });
    }
    // Before the question, which wakes it.
    const os = this.osThread(member);
    const locks = this.locks();
    const { script, why } = await this.#ask({ kind: worker.kind, pid: info.pid, threadId: info.threadId }, os, limitMs);
    const seen = {
      hasTasks: tasks.length > 0 || (script !== undefined && script.frames.length > 0),
      responds: script?.frames.length === 0,
      osState: os?.state,
      cpuShare: undefined,
      waitsForLock: locks.edges.some(({ threadId }) => threadId === info.threadId),
      isDeadlocked: locks.deadlocks.flat().some(({ threadId }) => threadId === info.threadId),
    };
    const activity = known ?? activityOf(seen);
    const detail = [this.#describe(activity, info.threadId, os, script, why, locks), ...(why === undefined ? [] : [why])].join('; ');
    return workerStack({ ...about, activity, ...(script ?? NO_STACK), detail });
  }

  async #ask(
    place: WorkerPlace,
    os: OsThread | undefined,
    limitMs: number,
  ): Promise<{ readonly script: ScriptStack | undefined; readonly why: string | undefined }> {
    // One that is stopped would answer when it goes on.
    if (os?.state === 'T' || os?.state === 't') return { script: undefined, why: undefined };
    try {
      const { readStack } = await import('../worker/inspect/inspect-worker.js');
      return { script: await readStack(place, limitMs), why: undefined };
    } catch (error) {
      return { script: undefined, why: `no stack: ${(error as Error).message}` };
    }
  }

  #describe(
    activity: WorkerActivity,
    threadId: number,
    os: OsThread | undefined,
    script: ScriptStack | undefined,
    why: string | undefined,
    locks: LockSituation,
  ): string {
    const inNative = script === undefined && why === undefined ? ' in native code' : '';
    switch (activity) {
      case 'starting':
        return 'it is not ready yet';
      case 'idle':
        return 'it has no task';
      case 'waiting':
        return `its event loop waits${script === undefined || script.resources.length === 0 ? '' : ` for ${[...new Set(script.resources)].join(', ')}`}`;
      case 'computing':
        return `it computes${inNative}`;
      case 'blocked':
        return `it sleeps${inNative}${whereInKernel(os)}`;
      case 'locked':
      case 'deadlocked':
        return this.#describeLock(threadId, locks);
      case 'stopped':
        return 'its process was stopped by a signal';
      case 'unknown':
        return 'its event loop does not turn';
      case 'dead':
        return 'it has ended';
    }
  }

  #describeLock(threadId: number, locks: LockSituation): string {
    const circle = locks.deadlocks.find((edges) => edges.some((edge) => edge.threadId === threadId));
    const edge = locks.edges.find((each) => each.threadId === threadId);
    const edges = circle ?? (edge === undefined ? [] : [edge]);
    return edges.length === 0
      ? 'it sleeps on a lock'
      : edges
          .map(({ threadId: who, waitsOn, waitsFor }) => `${this.#nameOf(who)} waits for shared object ${waitsOn}${heldBy(this.#nameOf(waitsFor))}`)
          .join(', ');
  }

  /** The worker on that thread; the thread by its number when it is none of ours. */
  #nameOf(threadId: number | undefined): string | undefined {
    if (threadId === undefined) return undefined;
    for (const { info, worker } of this.#members) if (info?.threadId === threadId) return worker.id;
    return `thread ${threadId}`;
  }
}

function heldBy(holder: string | undefined): string {
  return holder === undefined ? '' : ` held by ${holder}`;
}

function whereInKernel(os: OsThread | undefined): string {
  const words = [os?.syscall === undefined ? '' : `system call ${os.syscall}`, os?.sleepsIn === undefined ? '' : `in ${os.sleepsIn}`].filter(
    (word) => word !== '',
  );
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}
