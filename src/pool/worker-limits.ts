/**
 * Keeps workers within their limits. What the operating system can limit is set when a worker is ready; memory is looked at from here, since no limit of
 * the runtime holds for threads in every case, nor one of the system for processes:
 *
 *     memory > soft -> the worker is replaced and drains          memory > hard -> it is ended, and what it ran is to blame
 *
 * A pool without limits has none of this: no timer, no look.
 */
import { MillraceError } from '../errors.js';
import { mergeLimits, normaliseLimits } from '../task/worker-limits.js';
import type { Limits } from '../task/worker-limits.js';
import { applyOsLimits, hasOsLimits } from '../worker/os-limits.js';
import type { WorkerReady } from '../worker/worker.js';
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';

/** Time between two looks, and when a worker has used more than half of what it may (P): code allocates some hundred MB in 100 ms at most. */
const LOOK_MS = 100;
const CLOSE_LOOK_MS = 20;

/** Looks in a row that tell nothing before it is said: native code tells nothing either. */
const SILENT_LOOKS_MAX = 10;

/** What the limits ask of the fleet. */
export interface LimitedFleet {
  retire(member: Member, cause: 'memory'): void;
  kill(member: Member): void;
}

export class WorkerLimitsGuard {
  readonly #core: PoolCore;
  readonly #fleet: LimitedFleet;
  /** Members whose memory is limited. */
  readonly #watched = new Map<Member, Limits>();
  /** Looks in a row that told nothing. */
  readonly #silent = new Map<Member, number>();
  /** Members that have been asked and have not answered. */
  readonly #asked = new Set<Member>();
  readonly #warned = new Set<string>();
  #alarm: Alarm | undefined;
  /** Whether some worker was above half of what it may use at the last look. */
  #isClose = false;

  constructor(core: PoolCore, fleet: LimitedFleet) {
    this.#core = core;
    this.#fleet = fleet;
  }

  memberReady(member: Member, info: WorkerReady): void {
    const own = this.#core.settings.limits;
    const { hooks } = info;
    const limits = Object.hasOwn(hooks, 'limits') ? mergeLimits(own, normaliseLimits('defineWorker: limits', hooks.limits)) : own;
    if (hasOsLimits(limits)) void this.#applyOsLimits(member, info, limits);
    if (limits.memorySoftBytes === undefined && limits.memoryHardBytes === undefined) return;
    if (member.worker.memoryBytes === undefined) return this.#warn('memory', `a worker of kind ${member.worker.kind} has no memory of its own`, member);
    this.#watched.set(member, limits);
    this.#arm();
  }

  memberGone(member: Member): void {
    this.#watched.delete(member);
    this.#asked.delete(member);
    this.#silent.delete(member);
  }

  async #applyOsLimits(member: Member, info: WorkerReady, limits: Limits): Promise<void> {
    for (const { limit, why } of await applyOsLimits(member.worker.kind, info, limits, member.ordinal)) {
      if (member.state !== 'dead') this.#warn(limit, why, member);
    }
  }

  #arm(): void {
    if (this.#alarm !== undefined || this.#watched.size === 0) return;
    this.#alarm = this.#core.alarms.set(this.#core.now() + (this.#isClose ? CLOSE_LOOK_MS : LOOK_MS), () => {
      this.#alarm = undefined;
      this.#isClose = false;
      for (const [member, limits] of this.#watched) void this.#look(member, limits);
      this.#arm();
    });
  }

  async #look(member: Member, limits: Limits): Promise<void> {
    if (this.#asked.has(member)) return;
    this.#asked.add(member);
    const bytes = await member.worker.memoryBytes?.();
    this.#asked.delete(member);
    if (!this.#watched.has(member)) return;
    if (bytes !== undefined) {
      this.#silent.delete(member);
      return this.#judge(member, limits, bytes);
    }
    const silent = (this.#silent.get(member) ?? 0) + 1;
    this.#silent.set(member, silent);
    if (silent === SILENT_LOOKS_MAX) this.#warn('memory', `this host does not tell how much a ${member.worker.kind} uses (is /proc readable?)`, member);
  }

  #judge(member: Member, { memorySoftBytes: soft = Infinity, memoryHardBytes: hard = Infinity }: Limits, bytes: number): void {
    if (bytes > Math.min(soft, hard) / 2) this.#closeLook();
    if (bytes > hard) this.#end(member, bytes, hard);
    else if (bytes > soft && !member.retiring && member.state !== 'draining') {
      this.#tell(member, 'soft', bytes, soft);
      this.#fleet.retire(member, 'memory');
    }
  }

  #end(member: Member, bytes: number, limitBytes: number): void {
    this.#tell(member, 'hard', bytes, limitBytes);
    this.memberGone(member);
    member.endedFor = new MillraceError(
      'ERR_MEMORY_LIMIT',
      `worker ${member.worker.id} used ${megabytes(bytes)}, more than its limit of ${megabytes(limitBytes)} (limits.memory.hard)`,
    );
    this.#fleet.kill(member);
  }

  #closeLook(): void {
    if (this.#isClose) return;
    this.#isClose = true;
    if (this.#alarm !== undefined) this.#core.alarms.cancel(this.#alarm);
    this.#alarm = undefined;
    this.#arm();
  }

  #tell(member: Member, limit: 'soft' | 'hard', bytes: number, limitBytes: number): void {
    const { events } = this.#core;
    if (events.has('memoryLimit')) events.emit('memoryLimit', { workerId: member.worker.id, kind: member.worker.kind, limit, bytes, limitBytes });
  }

  /** Once for each limit and reason: what holds for one worker holds for all. */
  #warn(limit: string, why: string, member: Member): void {
    const message = `pool ${this.#core.settings.name}: limits.${limit} is not enforced: ${why}`;
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    const { events } = this.#core;
    if (events.has('warning')) events.emit('warning', { message, workerId: member.worker.id });
    else process.emitWarning(message, 'MillraceWarning');
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(0)} MB`;
}
