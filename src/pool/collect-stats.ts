/** Builds the answer of `pool.stats()` and `pool.workers`. */
import type { LogHistogram } from '../collections/log-histogram.js';
import type { PoolCore } from './core.js';
import type { Fleet } from './fleet.js';
import type { Member } from './member.js';
import type { WorkerInfo } from './pool.js';
import type { OverloadControl } from './overload-control.js';
import type { Supervision } from './supervision.js';
import type { Distribution, PoolStats } from './stats.js';

export function collectStats(core: PoolCore, fleet: Fleet, { isolation, breakers, crashLooping }: Supervision, overload: OverloadControl): PoolStats {
  const workers = { total: 0, starting: 0, ready: 0, busy: 0, idle: 0, draining: 0, min: fleet.limits.min, max: fleet.limits.max };
  for (const member of fleet.members) {
    workers.total += 1;
    if (member.state === 'starting') workers.starting += 1;
    else if (member.state === 'ready' || member.state === 'suspect') {
      workers.ready += 1;
      if (member.inFlight > 0) workers.busy += 1;
      else workers.idle += 1;
    } else workers.draining += 1;
  }
  const oldest = core.scheduler.oldest();
  const slots = workers.ready * core.places;
  const { counts } = core.scheduler;
  return {
    workers,
    queue: {
      depth: core.scheduler.depth,
      bytes: counts.bytes,
      delayed: core.delayed.size,
      waiting: core.waiting.size,
      byLevel: Object.fromEntries(core.settings.queue.levels.map((level, index) => [level.name, counts.sizeOf(index)])),
      oldestMs: oldest === undefined ? 0 : Math.max(0, core.now() - oldest.submittedAt),
    },
    tasks: { ...core.counters, inFlight: core.inFlight },
    wait: distribution(core.wait),
    run: distribution(core.run),
    utilization: slots === 0 ? 0 : Math.min(1, core.inFlight / slots),
    health: {
      workers: Object.fromEntries([...fleet.members].map((member) => [member.worker.id, member.health])),
      isolated: isolation.isolated,
      panic: isolation.panic,
    },
    breakers: breakers.stats(),
    bulkheads: Object.fromEntries(core.functions.bulkheads().map(({ name, inFlight, max }) => [name, { inFlight, max }])),
    held: core.scheduler.held,
    overload: overload.stats(),
    degraded: core.degraded !== undefined || crashLooping,
    paused: core.paused,
  };
}

export function describeWorkers(core: PoolCore, fleet: Fleet): readonly WorkerInfo[] {
  return [...fleet.members].map((member) => describeWorker(core, member));
}

function describeWorker(core: PoolCore, member: Member): WorkerInfo {
  const status = member.worker.status();
  return {
    id: member.worker.id,
    kind: member.worker.kind,
    state: member.state,
    pid: member.info?.pid,
    threadId: member.info?.threadId,
    health: member.health,
    inFlight: member.inFlight,
    completed: member.answered,
    ageMs: member.info === undefined ? 0 : core.now() - member.readyAt,
    cpuMs: status === undefined || status.cpuMs < 0 ? undefined : status.cpuMs,
    heapBytes: status === undefined || status.heapBytes === 0 ? undefined : status.heapBytes,
  };
}

function distribution(histogram: LogHistogram): Distribution {
  return {
    count: histogram.count,
    mean: histogram.mean,
    p50: histogram.quantile(0.5),
    p95: histogram.quantile(0.95),
    p99: histogram.quantile(0.99),
    max: histogram.max,
  };
}
