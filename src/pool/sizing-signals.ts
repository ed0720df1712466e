/** What the pool shows a sizing policy of itself: one pass over the workers a decision, nothing a task. */
import type { CpuSampler } from '../runtime/cpu-usage.js';
import type { OsThreadName } from '../runtime/thread-schedule.js';
import type { FlowSignals, ScalingSignals } from '../scheduler/scaler/scaling-policy.js';
import type { PoolCore } from './core.js';
import type { Fleet } from './fleet.js';
import type { HostSource } from './host-readings.js';
import type { Member } from './member.js';
import type { WorkerKind, WorkerReady } from '../worker/worker.js';

/** Until the first worker is ready. */
const BOOT_MS_GUESS: Readonly<Record<WorkerKind, number>> = { async: 5, thread: 50, process: 150 };

export class SizingSignals {
  readonly #core: PoolCore;
  readonly #fleet: Fleet;
  readonly #cpu: CpuSampler;
  readonly #host: HostSource;
  #bootMs: number;
  #finished = 0;
  #occupiedMs = 0;
  /** `run.count` and the sum of `run` at the last look. */
  #runCount = 0;
  #runMs = 0;

  constructor(core: PoolCore, fleet: Fleet, cpu: CpuSampler, host: HostSource) {
    this.#core = core;
    this.#fleet = fleet;
    this.#cpu = cpu;
    this.#host = host;
    this.#bootMs = BOOT_MS_GUESS[core.settings.kind];
  }

  /** Lets go of what is kept open for the readings. */
  close(): void {
    this.#host.close?.();
  }

  read(nowMs: number): ScalingSignals {
    const core = this.#core;
    let starting = 0;
    let busy = 0;
    const idleMs: number[] = [];
    for (const member of this.#fleet.members) {
      if (!member.counts) continue;
      if (member.state === 'starting') starting += 1;
      else if (member.inFlight > 0) busy += 1;
      else idleMs.push(nowMs - member.idleSince);
    }
    const oldest = core.scheduler.oldest();
    const flow = this.#flow(nowMs);
    return {
      nowMs,
      workers: this.#fleet.size,
      starting,
      busy,
      inFlight: core.inFlight,
      concurrency: core.places,
      queueDepth: core.scheduler.runnable,
      oldestWaitMs: oldest === undefined ? 0 : Math.max(0, nowMs - oldest.submittedAt),
      cpu: this.#cpu.sample(nowMs),
      idleMs: idleMs.sort((a, b) => b - a),
      saturated: core.limitReached,
      min: this.#fleet.limits.min,
      max: this.#fleet.limits.max,
      flow,
      host: this.#host.read(nowMs, { threads: this.#threads(), occupiedMs: flow.occupiedMs + flow.runningMs, blocked: this.#blocked() }),
    };
  }

  #threads(): OsThreadName[] {
    const threads: OsThreadName[] = [];
    for (const { info, state } of this.#fleet.members) if (info !== undefined && state !== 'dead') threads.push(threadOf(info));
    return threads;
  }

  #blocked(): number {
    let blocked = 0;
    for (const { blocking, counts } of this.#fleet.members) if (blocking > 0 && counts) blocked += 1;
    return blocked;
  }

  #flow(nowMs: number): FlowSignals {
    const { counters } = this.#core;
    const finished = counters.completed + counters.failed + counters.retried;
    this.#occupiedMs += (finished - this.#finished) * this.#meanMs();
    this.#finished = finished;
    let runningMs = 0;
    for (const member of this.#fleet.members) {
      if (member.state !== 'starting') runningMs += this.#runningMs(member, nowMs);
      this.#learnBoot(member);
    }
    return {
      arrived: counters.submitted + counters.retried,
      finished,
      occupiedMs: this.#occupiedMs,
      runningMs,
      bootMs: this.#bootMs,
      functions: this.#core.functionTimes.read(),
    };
  }

  /** Mean time in a worker of the tasks that ended since the last look. What waited inside the worker for those before it does not count. */
  #meanMs(): number {
    const { run } = this.#core;
    const count = run.count - this.#runCount;
    const totalMs = run.mean * run.count;
    const meanMs = count > 0 ? (totalMs - this.#runMs) / count : run.mean;
    this.#runCount = run.count;
    this.#runMs = totalMs;
    return Math.min(meanMs, this.#measuredMs());
  }

  /** By the clocks of the workers that are sent tasks ahead; `Infinity` where none is. */
  #measuredMs(): number {
    const { places } = this.#core;
    let sum = 0;
    let count = 0;
    for (const { creditMax, serviceMs } of this.#fleet.members) {
      if (creditMax <= places || Number.isNaN(serviceMs)) continue;
      sum += serviceMs * places;
      count += 1;
    }
    return count === 0 ? Infinity : sum / count;
  }

  /** How long the tasks of a member have run at least: since it was last seen to answer, or was given work. */
  #runningMs(member: Member, nowMs: number): number {
    if (member.answered !== member.answeredAtSizing || member.inFlight === 0) {
      member.answeredAtSizing = member.answered;
      member.sizedAt = nowMs;
    }
    if (member.inFlight === 0) return 0;
    const sinceMs = Math.max(member.sizedAt, member.batchSince);
    return Math.max(0, nowMs - sinceMs) * Math.min(member.inFlight, this.#core.places);
  }

  #learnBoot(member: Member): void {
    if (member.info === undefined || member.bootSized) return;
    member.bootSized = true;
    const bootMs = member.readyAt - member.startedAt;
    this.#bootMs += 0.3 * (bootMs - this.#bootMs);
  }
}

/** A process worker computes in its main thread, whose id is that of the process. */
function threadOf({ pid, osThreadId }: WorkerReady): OsThreadName {
  return { pid, osThreadId: osThreadId ?? (pid === process.pid ? 0 : pid) };
}
