/** Asks the sizing policy how many workers there should be, and tells the fleet. Asked at once when a backlog appears, then once an interval. */
import { CpuSampler, ownCpuTimeUs, processCpuTimeUs } from '../runtime/cpu-usage.js';
import { systemClock } from '../runtime/clock.js';
import { cpuCores, cpuLimit } from '../runtime/limits.js';
import type { ScalingDecision, ScalingSignals } from '../scheduler/scaler/scaling-policy.js';
import { quietHost } from '../scheduler/scaler/signals.js';
import { LoopUse } from '../runtime/loop-use.js';
import type { Alarm } from './alarms.js';
import { AutoConcurrency } from './auto-concurrency.js';
import type { PoolCore } from './core.js';
import type { Fleet } from './fleet.js';
import { HostReadings } from './host-readings.js';
import type { HostSource } from './host-readings.js';
import { SizingSignals } from './sizing-signals.js';

/** Workers whose CPU or event loop is busy for this share of the time have none left for more tasks. */
const FULL_SHARE = 0.9;

export class Scaling {
  /** With `concurrency: 'auto'`. */
  readonly #auto: AutoConcurrency | undefined;
  readonly #core: PoolCore;
  readonly #fleet: Fleet;
  readonly #signals: SizingSignals;
  #memory: unknown;
  #alarm: Alarm | undefined;
  #decidedAt = -Infinity;
  #last: (ScalingDecision & { readonly signals: ScalingSignals }) | undefined;

  constructor(core: PoolCore, fleet: Fleet) {
    this.#core = core;
    this.#fleet = fleet;
    this.#memory = core.settings.policy.initial();
    const { clock, host, memoryBudget } = core.settings;
    const cpu = new CpuSampler(host?.cores ?? cpuLimit().cpus, core.now(), () => host?.cpuTimeUs() ?? this.#cpuTimeUs());
    this.#signals = new SizingSignals(core, fleet, cpu, host ?? (clock === systemClock ? new HostReadings(cpuCores(), memoryBudget) : quietSource()));
    this.#auto = core.settings.autoConcurrency ? new AutoConcurrency(core, fleet, this.#fullness()) : undefined;
  }

  /** Whether the workers have no time left to look after more tasks. */
  #fullness(): (nowMs: number) => boolean {
    const { kind, clock } = this.#core.settings;
    if (kind === 'async') {
      // Under a clock that is not the host's, its event loop means nothing.
      const loop = clock === systemClock ? new LoopUse() : undefined;
      return () => (loop?.read() ?? 0) > FULL_SHARE;
    }
    return (nowMs) => {
      const { host, inFlight, workers, starting } = this.#signals.read(nowMs);
      return (host.cpuDemand ?? 0) * inFlight > FULL_SHARE * Math.max(1, workers - starting);
    };
  }

  /** `flush`, with all that must be looked at once a turn. */
  watching(flush: () => void): () => void {
    const auto = this.#auto;
    if (auto === undefined) return flush;
    return () => {
      flush();
      auto.watch();
    };
  }

  /** Tasks wait and no worker has room. */
  onBacklog(): void {
    // With no worker at all there is nothing to wait for.
    if (this.#fleet.wanted === 0) return this.#decide();
    const { intervalMs, backlogMs = intervalMs } = this.#core.settings.policy;
    const due = this.#decidedAt + (this.#fleet.wanted < this.#fleet.limits.max ? Math.min(backlogMs, intervalMs) : intervalMs);
    if (this.#alarm !== undefined && this.#alarm.at <= due) return;
    this.stop();
    if (this.#core.now() >= due) this.#decide();
    else this.#arm(due);
  }

  /** The limits have changed, or workers were added or removed by hand. */
  reconsider(): void {
    const { min, max } = this.#fleet.limits;
    const wanted = Math.min(max, Math.max(min, this.#fleet.wanted));
    this.#apply({ target: wanted, reason: `size is ${min} to ${max}` }, 'resize');
    this.keepWatching();
  }

  /** The last decision in words. */
  explain(): string {
    const last = this.#last;
    const { min, max } = this.#fleet.limits;
    const limit = this.#auto === undefined ? '' : `; ${this.#auto.explain()}`;
    const now = `${this.#fleet.size} workers (min ${min}, max ${max}, wanted ${this.#fleet.wanted})${limit}`;
    if (last === undefined) return `${now}; policy ${this.#core.settings.policy.name} has not been asked yet`;
    const { queueDepth, busy, workers, oldestWaitMs, cpu } = last.signals;
    return `${now}; policy ${this.#core.settings.policy.name} wanted ${last.target}: ${last.reason} [queue ${queueDepth}, oldest ${Math.round(oldestWaitMs)} ms, busy ${busy}/${workers}, cpu ${cpu === undefined ? 'unknown' : `${Math.round(cpu * 100)} %`}]`;
  }

  /** The pool is closed. */
  end(): void {
    this.stop();
    this.#signals.close();
  }

  stop(): void {
    if (this.#alarm !== undefined) this.#core.alarms.cancel(this.#alarm);
    this.#alarm = undefined;
  }

  /** CPU time of this process with its threads, and of the worker processes. */
  #cpuTimeUs(): number {
    let totalUs = ownCpuTimeUs();
    if (this.#core.settings.kind === 'process') for (const member of this.#fleet.members) totalUs += processCpuTimeUs(member.info?.pid);
    return totalUs;
  }

  #arm(at: number): void {
    this.#alarm = this.#core.alarms.set(at, () => {
      this.#alarm = undefined;
      this.#decide();
    });
  }

  #decide(): void {
    const core = this.#core;
    if (core.phase === 'closed') return;
    const now = core.now();
    this.stop();
    this.#decidedAt = now;
    const signals = this.#signals.read(now);
    const answer = core.settings.policy.decide(signals, this.#memory);
    this.#memory = answer.memory;
    this.#last = { ...answer.decision, signals };
    // "As many as there are" is no change of what is wanted: a replacement may just be waiting for its backoff.
    if (Number.isFinite(answer.decision.target) && answer.decision.target !== signals.workers) this.#apply(answer.decision, 'policy', signals);
    // Whatever the policy: a task that waits must have somebody to wait for.
    if (this.#fleet.wanted === 0 && core.scheduler.depth > 0) this.#apply({ target: 1, reason: 'tasks wait and there is no worker' }, 'policy', signals);
    this.keepWatching();
  }

  /** Keeps asking while there is anything to decide: tasks wait, or workers above the minimum may leave. */
  keepWatching(): void {
    const core = this.#core;
    if (this.#alarm !== undefined || core.phase === 'closed') return;
    if (core.scheduler.depth > 0 || this.#fleet.size > this.#fleet.limits.min) this.#arm(core.now() + core.settings.policy.intervalMs);
  }

  #apply(decision: ScalingDecision, cause: 'policy' | 'resize', signals?: ScalingSignals): void {
    const fleet = this.#fleet;
    const { min, max } = fleet.limits;
    const from = fleet.wanted;
    const to = Math.min(max, Math.max(min, Math.round(decision.target)));
    fleet.wanted = to;
    fleet.reconcile();
    const { events, settings } = this.#core;
    if (from === to || !events.has('scaled')) return;
    const { target: _, ...why } = decision;
    events.emit('scaled', { from, to, cause, policy: settings.policy.name, ...why, ...(signals === undefined ? {} : { signals }) });
  }
}

/** Under a clock that is not the host's its readings would mean nothing. */
function quietSource(): HostSource {
  const cores = cpuCores();
  return { read: (_nowMs, { blocked }) => ({ ...quietHost(cores), blocked }) };
}
