/** Stacks, profiles and heap snapshots of running workers, for whoever asks. */
import { OptionError } from '../errors.js';
import { ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { Duration } from '../runtime/units.js';
import type { WorkerPlace } from '../worker/inspect/inspect-worker.js';
import { inspectorError } from '../worker/inspect/protocol-connection.js';
import type { CpuProfile } from '../worker/inspect/questions.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { WorkerLooks } from './worker-looks.js';
import type { WorkerStack } from './worker-stack.js';

/** Limit of `dumpStacks` and `stack`. */
export interface StackOptions {
  /** Longest wait for a worker to answer; past it, it is in native code. Default 500 ms. */
  readonly timeout?: Duration;
}

/** Options of `profile`. */
export interface ProfileOptions {
  /** For how long. Default 1 s. */
  readonly duration?: Duration;
  /** Time between two samples, in µs. Default 1,000. */
  readonly intervalUs?: number;
}

/** Options of `heapSnapshot`. */
export interface SnapshotOptions {
  /** Longest time it may take. Default 60 s. */
  readonly timeout?: Duration;
}

/** Looks into one running worker. */
export interface WorkerInspector {
  readonly workerId: string;
  /** What it is doing. A thread answers in about 1 ms, a process in some 20 ms, also from an endless loop. Never rejects for want of a stack: `detail` says why. */
  stack(options?: StackOptions): Promise<WorkerStack>;
  /**
   * A CPU profile of the worker while it runs, as developer tools read it: write it to a `.cpuprofile` file.
   *
   * @throws (rejects with) MillraceError `ERR_INSPECTOR`
   */
  profile(options?: ProfileOptions): Promise<CpuProfile>;
  /**
   * Writes a heap snapshot to `path` (`.heapsnapshot`), as developer tools read it. The worker stands still meanwhile: about a second for each 100 MB.
   *
   * @throws (rejects with) MillraceError `ERR_INSPECTOR`; the file system's error
   */
  heapSnapshot(path: string, options?: SnapshotOptions): Promise<void>;
}

const STACK_MS_MAX = 500;
const PROFILE_MS = 1_000;
const PROFILE_INTERVAL_US = 1_000;
const SNAPSHOT_MS_MAX = 60_000;

export class Inspection {
  readonly #core: PoolCore;
  readonly #members: ReadonlySet<Member>;
  readonly #looks: WorkerLooks;

  constructor(core: PoolCore, members: ReadonlySet<Member>) {
    this.#core = core;
    this.#members = members;
    this.#looks = new WorkerLooks(core, members);
  }

  async dumpStacks(options: StackOptions | undefined): Promise<WorkerStack[]> {
    const limitMs = stackLimitMs('dumpStacks', options);
    return this.#core.holding(Promise.all([...this.#members].map((member) => this.#looks.stack(member, limitMs))));
  }

  of(workerId: string): WorkerInspector {
    const member = [...this.#members].find(({ worker }) => worker.id === workerId);
    if (member === undefined) {
      const ids = [...this.#members].map(({ worker }) => worker.id).join(', ');
      throw new OptionError('inspect: workerId', ids === '' ? 'a worker, and there is none' : `one of ${ids}`, workerId);
    }
    return {
      workerId,
      stack: async (options) => this.#core.holding(this.#looks.stack(member, stackLimitMs('stack', options))),
      profile: async (options) => this.#core.holding(profile(member, options)),
      heapSnapshot: async (path, options) => this.#core.holding(snapshot(member, path, options)),
    };
  }
}

function stackLimitMs(method: string, options: StackOptions | undefined): number {
  const { timeout } = ownOptions<StackOptions>(method, options, ['timeout']);
  return timeout === undefined ? STACK_MS_MAX : parseDuration(`${method}: timeout`, timeout);
}

async function profile(member: Member, options: ProfileOptions | undefined): Promise<CpuProfile> {
  const { duration, intervalUs = PROFILE_INTERVAL_US } = ownOptions<ProfileOptions>('profile', options, ['duration', 'intervalUs']);
  if (!Number.isInteger(intervalUs) || intervalUs < 1) throw new OptionError('profile: intervalUs', 'a whole number of microseconds >= 1', intervalUs);
  const durationMs = parseDuration('profile: duration', duration ?? PROFILE_MS);
  const { recordProfile } = await import('../worker/inspect/inspect-worker.js');
  return recordProfile(placeOf(member), durationMs, intervalUs);
}

async function snapshot(member: Member, path: string, options: SnapshotOptions | undefined): Promise<void> {
  const { timeout } = ownOptions<SnapshotOptions>('heapSnapshot', options, ['timeout']);
  if (typeof path !== 'string' || path === '') throw new OptionError('heapSnapshot: path', 'the path of a file', path);
  const limitMs = timeout === undefined ? SNAPSHOT_MS_MAX : parseDuration('heapSnapshot: timeout', timeout);
  const { writeHeapSnapshot } = await import('../worker/inspect/inspect-worker.js');
  member.snapshots += 1;
  try {
    await writeHeapSnapshot(placeOf(member), path, limitMs);
  } finally {
    member.snapshots -= 1;
  }
}

function placeOf({ worker, info, state }: Member): WorkerPlace {
  if (worker.kind === 'async') throw inspectorError('it shares the event loop of this thread; use node:inspector here');
  if (info === undefined || state === 'dead') throw inspectorError(`it is ${info === undefined ? 'not ready yet' : 'gone'}`);
  return { kind: worker.kind, pid: info.pid, threadId: info.threadId };
}
