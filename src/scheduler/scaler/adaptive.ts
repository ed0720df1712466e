/**
 * Sizing by a law instead of by thresholds: as many workers as the load needs (`law.ts`), from what is measured.
 *
 *     arrival-rate.ts  arrivals/s, bursts --+
 *     service-time.ts  service time --------+--> law.ts --> caps.ts, growth-veto.ts --> up:   at once, in one step, counting those that start
 *     queue, oldest wait -------------------+                                     --> down: the largest want of the last idle timeout,
 *                                                                                           and only who was idle that long
 *
 * Why it is shaped like this, and where each part comes from: docs/design/sizing-law.md.
 */
import { OptionError } from '../../errors.js';
import { numberWithin, ownOptions } from '../../runtime/own-options.js';
import { arrivalEstimate, noArrivals, observeArrivals, type ArrivalMemory, type ArrivalScales } from './arrival-rate.js';
import { hostCaps, type Cap } from './caps.js';
import { flapCalmed, flapGrew, flapShrank, NO_FLAPS, type FlapMemory } from './flap-guard.js';
import { isUnmeasured, NO_VETO, observeVeto, vetoMax, type VetoMemory } from './growth-veto.js';
import { staff, type Aim, type Terms } from './law.js';
import { observePeak, peak, type PeakMemory } from './peak-window.js';
import type { ScalingDecision, ScalingPolicy, ScalingSignals } from './scaling-policy.js';
import { MEMORY_TASKS_SHORT, noService, observeService, serviceMs, type ServiceMemory } from './service-time.js';
import { backWithinLimits, INTERVAL_MS_MAX, situation } from './signals.js';
import { mayRecover, NOT_SLOW, observeSlow, waitsDownstream, type SlowMemory } from './slow-service.js';

export interface AdaptiveOptions {
  /**
   * What headroom is for: `'cost'` keeps it small, `'latency'` large; `'balanced'` is between. A number is the headroom itself, in standard deviations
   * of the load: 0.5, 1 and 2 for the three. Default `'balanced'`.
   */
  readonly goal?: 'cost' | 'balanced' | 'latency' | number;
  /** Wait in the queue that is still good, in ms. Default the time a task takes, at least 100. */
  readonly waitTargetMs?: number;
  /** Shortest time a worker is kept without a task, in ms. Default 100 times what it takes to start one, at least 5 s, at most 300 s. */
  readonly idleMs?: number;
  /** Time between two decisions, in ms. Default 250. */
  readonly intervalMs?: number;
}

interface AdaptiveNumbers {
  readonly beta: number;
  readonly waitTargetMs: number | undefined;
  readonly idleMs: number | undefined;
  readonly intervalMs: number;
}

/** What the policy remembers. */
export interface AdaptiveMemory {
  readonly arrivals: ArrivalMemory;
  readonly service: ServiceMemory;
  readonly serviceNow: ServiceMemory;
  readonly peaks: PeakMemory;
  readonly flaps: FlapMemory;
  readonly veto: VetoMemory;
  readonly slow: SlowMemory;
  readonly atMs: number;
  readonly retiredAtMs: number;
}

/** Time scales that follow from how long a worker takes to start. */
interface Scales extends ArrivalScales {
  readonly waitTargetMs: number;
  readonly drainMs: number;
  readonly idleMs: number;
  /** No worker leaves so soon after one was added. */
  readonly holdMs: number;
}

interface Want {
  readonly terms: Terms;
  readonly estimate: { readonly arrivalsPerS: number; readonly serviceMs: number; readonly burstiness: number };
  /** After the caps, within the limits. */
  readonly workers: number;
  /** The same without the backlog, which passes. */
  readonly lasting: number;
  readonly enough: number;
  readonly cap: Cap | undefined;
}

const KEYS = ['goal', 'waitTargetMs', 'idleMs', 'intervalMs'] as const satisfies (keyof AdaptiveOptions)[];
const BETAS: Readonly<Record<string, number>> = { cost: 0.5, balanced: 1, latency: 2 };
/** Tasks that arrive together are decided on together. */
const BACKLOG_MS = 25;
const WAIT_MS_MIN = 100;
/** A queue that is gone in so many times the wait that is good comes and goes by chance: it starts nobody. */
const GOOD_WAITS = 2;
const SLOW_MS = 30_000;
const IDLE_MS_MIN = 5_000;
const IDLE_MS_MAX = 300_000;
/** Above this many workers a surplus below a tenth of them is not worth a change, and half of them leave at once at most. */
const SMALL = 10;
const SHARE_MIN = 0.1;
const STEP_DOWN_SHARE = 0.5;
/** Idle timeouts after which a surplus leaves although nobody was idle for one (the placement spreads the tasks), and after which the last worker leaves. */
const SPREAD_TIMEOUTS = 4;
const LAST_TIMEOUTS = 3;

/**
 * The policy `'adaptive'`.
 *
 * @param option name for errors
 * @throws OptionError when an option is unknown or out of range
 */
export function adaptive(options?: AdaptiveOptions, option = 'adaptive'): ScalingPolicy<AdaptiveMemory | undefined> {
  const numbers = parse(option, options);
  return {
    name: 'adaptive',
    intervalMs: numbers.intervalMs,
    backlogMs: Math.min(BACKLOG_MS, numbers.intervalMs),
    initial: () => undefined,
    decide: (signals, memory) => decide(numbers, signals, observe(numbers, signals, memory ?? begin(signals))),
  };
}

function parse(option: string, options: AdaptiveOptions | undefined): AdaptiveNumbers {
  const own = ownOptions<AdaptiveOptions>(option, options, KEYS);
  return {
    beta: beta(`${option}.goal`, own.goal ?? 'balanced'),
    waitTargetMs: own.waitTargetMs === undefined ? undefined : numberWithin(`${option}.waitTargetMs`, own.waitTargetMs, 1, INTERVAL_MS_MAX),
    idleMs: own.idleMs === undefined ? undefined : numberWithin(`${option}.idleMs`, own.idleMs, 0, Number.MAX_SAFE_INTEGER),
    intervalMs: numberWithin(`${option}.intervalMs`, own.intervalMs ?? 250, 1, INTERVAL_MS_MAX),
  };
}

function beta(option: string, goal: unknown): number {
  if (typeof goal === 'number' && goal >= 0 && goal <= 10) return goal;
  const named = typeof goal === 'string' && Object.hasOwn(BETAS, goal) ? BETAS[goal] : undefined;
  if (named === undefined) throw new OptionError(option, "'cost', 'balanced', 'latency' or a number from 0 to 10", goal);
  return named;
}

/** Of what came before only that which has not been done yet counts as having just arrived. */
function begin({ nowMs, flow, queueDepth, inFlight }: ScalingSignals): AdaptiveMemory {
  const nothing = { arrived: 0, finished: 0, occupiedMs: 0, runningMs: 0, bootMs: 0 };
  return {
    arrivals: noArrivals(nowMs, Math.max(0, flow.arrived - queueDepth - inFlight)),
    service: noService(nothing),
    serviceNow: noService(nothing),
    peaks: [],
    flaps: NO_FLAPS,
    veto: NO_VETO,
    slow: NOT_SLOW,
    atMs: nowMs,
    retiredAtMs: -Infinity,
  };
}

function scalesOf(numbers: AdaptiveNumbers, { flow: { bootMs } }: ScalingSignals, { flaps, service }: AdaptiveMemory): Scales {
  const windowMs = numbers.intervalMs + bootMs;
  const waitTargetMs = numbers.waitTargetMs ?? Math.max(WAIT_MS_MIN, serviceMs(service));
  return {
    windowMs,
    fastMs: Math.max(1_000, 4 * windowMs),
    slowMs: SLOW_MS,
    serviceMs: serviceMs(service),
    waitTargetMs,
    drainMs: Math.max(waitTargetMs, 4 * bootMs, 100),
    idleMs: Math.max(numbers.idleMs ?? Math.min(IDLE_MS_MAX, Math.max(IDLE_MS_MIN, 100 * bootMs)), 1) * flaps.factor,
    holdMs: Math.max(numbers.idleMs === undefined ? IDLE_MS_MIN : 0, 5 * bootMs),
  };
}

function observe(numbers: AdaptiveNumbers, signals: ScalingSignals, memory: AdaptiveMemory): AdaptiveMemory {
  const { nowMs, flow } = signals;
  const service = observeService(memory.service, flow);
  const serviceNow = observeService(memory.serviceNow, flow, MEMORY_TASKS_SHORT);
  const seen = { ...memory, service, serviceNow };
  const scales = scalesOf(numbers, signals, seen);
  return {
    ...seen,
    arrivals: arrivals(signals, memory, scales),
    veto: observeVeto(memory.veto, signals, serviceMs(serviceNow)),
    slow: observeSlow(memory.slow, signals, Math.max(0, nowMs - memory.atMs)),
    flaps: flapCalmed(memory.flaps, nowMs, scales.idleMs),
    atMs: nowMs,
  };
}

/** A pool that was not asked for long knows when the waiting tasks came: not spread over the time before, but within the last wait. */
function arrivals({ nowMs, flow, queueDepth, oldestWaitMs }: ScalingSignals, { arrivals: memory, atMs }: AdaptiveMemory, scales: Scales): ArrivalMemory {
  const { windowMs } = scales;
  if (nowMs - atMs < 2 * windowMs || queueDepth === 0 || oldestWaitMs > windowMs) return observeArrivals(memory, nowMs, flow.arrived, scales);
  const before = observeArrivals(memory, nowMs - windowMs, flow.arrived - queueDepth, scales);
  return observeArrivals(before, nowMs, flow.arrived, scales);
}

function decide(numbers: AdaptiveNumbers, signals: ScalingSignals, memory: AdaptiveMemory): { decision: ScalingDecision; memory: AdaptiveMemory } {
  const scales = scalesOf(numbers, signals, memory);
  const want = wanted(numbers, signals, memory, scales);
  const peaks = observePeak(memory.peaks, signals.nowMs, want.lasting, SPREAD_TIMEOUTS * scales.idleMs);
  const answer = change(signals, { ...memory, peaks }, want, scales);
  return { decision: explained(answer.decision, want), memory: answer.memory };
}

type Answer = ReturnType<typeof decide>;

function wanted(numbers: AdaptiveNumbers, signals: ScalingSignals, memory: AdaptiveMemory, scales: Scales): Want {
  const { perS, burstiness } = arrivalEstimate(memory.arrivals, scales);
  const estimate = { arrivalsPerS: perS, serviceMs: scales.serviceMs, burstiness };
  const aim: Aim = { beta: numbers.beta, waitTargetMs: scales.waitTargetMs, drainMs: scales.drainMs };
  const terms = staff({ ...signals, ...estimate }, aim);
  const cap = tightest(signals, memory);
  // While tasks wait a worker that blocks is as good as none, and does not take part in the caps either.
  const blocked = signals.queueDepth > 0 ? signals.host.blocked : 0;
  const within = (workers: number): number => Math.max(signals.min, Math.min(workers + blocked, cap.workersMax));
  return {
    terms,
    estimate,
    workers: within(terms.workers),
    lasting: within(terms.lasting),
    enough: within(terms.enough),
    cap: cap.workersMax < terms.workers + blocked ? cap : undefined,
  };
}

function tightest(signals: ScalingSignals, { veto }: AdaptiveMemory): Cap {
  const { workers, starting, busy, concurrency, cpu } = signals;
  const [host] = hostCaps(signals.host, { workers, idle: Math.max(0, workers - starting - busy), concurrency, cpu });
  // The veto is one on growth: it sends nobody away.
  const max = vetoMax(veto, signals.nowMs);
  const caps: readonly (Cap | undefined)[] = [
    { by: 'max', workersMax: signals.max },
    host,
    { by: 'throughput', workersMax: max === Infinity ? max : Math.max(max, workers) },
    { by: 'downstream', workersMax: signals.saturated === true ? Math.max(1, workers) : Infinity },
  ];
  return caps.reduce<Cap>((least, cap) => (cap !== undefined && cap.workersMax < least.workersMax ? cap : least), { by: 'max', workersMax: Infinity });
}

function change(signals: ScalingSignals, memory: AdaptiveMemory, want: Want, scales: Scales): Answer {
  const limits = backWithinLimits(signals);
  if (want.workers > signals.workers) return grow(signals, memory, want, scales);
  if (limits !== undefined) return { decision: limits, memory };
  if (want.cap?.by === 'memory-pressure' && want.workers < signals.workers) {
    const reason = `memory is short: the idle ones of ${signals.workers} workers leave`;
    return { decision: { target: want.workers, reason }, memory: { ...memory, flaps: flapShrank(memory.flaps, signals.nowMs), retiredAtMs: signals.nowMs } };
  }
  return shrink(signals, memory, want, scales);
}

function grow(signals: ScalingSignals, memory: AdaptiveMemory, want: Want, scales: Scales): Answer {
  const { workers, starting, min, nowMs, queueDepth, concurrency, host, flow } = signals;
  const stay = (why: string): Answer => ({ decision: { target: workers, reason: `no change: ${want.workers} wanted, but ${why}` }, memory });
  const waitMs = (queueDepth * scales.serviceMs) / (Math.max(0, workers - host.blocked) * concurrency);
  if (workers >= Math.max(1, min) && want.enough <= workers && waitMs < Math.max(flow.bootMs, GOOD_WAITS * scales.waitTargetMs))
    return stay(`what waits is begun in ${Math.round(waitMs)} ms, soon enough`);
  const slow = waitsDownstream(memory.slow, host.cpuDemand);
  if (slow && workers >= Math.max(1, min) && (starting > 0 || mayRecover(memory.slow, nowMs) || isUnmeasured(memory.veto)))
    return stay('tasks that mostly wait suddenly take much longer: more workers would not make what they wait for any faster');
  const step = slow ? Math.max(1, Math.ceil(workers / 4)) : Infinity;
  const boots = Math.max(2, Math.ceil(host.cores / 2)) - starting;
  const target = Math.max(min, workers + Math.min(want.workers - workers, step, Math.max(0, boots)));
  if (target <= workers) return stay(`${starting} are being started`);
  const reason = `${sentence(want)}; ${situation(signals)}: add ${target - workers}`;
  return { decision: { target, reason }, memory: { ...memory, flaps: flapGrew(memory.flaps, nowMs, scales.idleMs) } };
}

function shrink(signals: ScalingSignals, memory: AdaptiveMemory, want: Want, scales: Scales): Answer {
  const { workers, nowMs } = signals;
  const leaving = Math.min(surplus(signals, memory, scales), stepDown(signals, memory, scales));
  if (leaving <= 0) return { decision: { target: workers, reason: `no change: ${sentence(want)}; ${situation(signals)}` }, memory };
  const reason = `${sentence(want)}, and no more in the last ${Math.round(scales.idleMs)} ms: remove ${leaving} of ${workers}`;
  return { decision: { target: workers - leaving, reason }, memory: { ...memory, flaps: flapShrank(memory.flaps, nowMs), retiredAtMs: nowMs } };
}

/** How many are not needed, by what was wanted over the last idle timeout and by who was idle through it. */
function surplus(signals: ScalingSignals, { peaks, flaps }: AdaptiveMemory, { idleMs, holdMs }: Scales): number {
  const { workers, starting, nowMs, min, queueDepth, inFlight } = signals;
  if (starting > 0 || nowMs - flaps.grewAtMs < holdMs) return 0;
  if (workers === 1 && min === 0 && queueDepth === 0 && inFlight === 0) return (signals.idleMs[0] ?? 0) >= LAST_TIMEOUTS * idleMs ? 1 : 0;
  const floor = Math.max(min, 1);
  const idle = signals.idleMs.filter((ms) => ms >= idleMs).length;
  const over = workers - Math.max(floor, peak(peaks, nowMs, idleMs, floor));
  const longOver = workers - Math.max(floor, peak(peaks, nowMs, SPREAD_TIMEOUTS * idleMs, floor));
  const found = Math.max(Math.min(over, idle), nowMs - flaps.grewAtMs >= SPREAD_TIMEOUTS * idleMs ? longOver : 0);
  return workers >= SMALL && found < workers * SHARE_MIN ? 0 : found;
}

/** At most half of them in a quarter of the idle timeout: a wrong estimate costs no more than that. */
function stepDown({ workers, nowMs }: ScalingSignals, { retiredAtMs }: AdaptiveMemory, { idleMs }: Scales): number {
  return nowMs - retiredAtMs < idleMs / 4 ? 0 : Math.max(1, Math.floor(workers * STEP_DOWN_SHARE));
}

function sentence({ terms, estimate, workers, cap }: Want): string {
  const { arrivalsPerS, serviceMs: service } = estimate;
  const law = `${brief(arrivalsPerS)} tasks/s of ${brief(service)} ms keep ${brief(terms.load)} busy, with headroom ${brief(terms.flow)}, for the backlog ${brief(terms.drain)}`;
  return cap === undefined ? `${law}: ${workers} wanted` : `${law}: ${terms.workers} wanted, ${workers} by the cap on ${cap.by}`;
}

function explained(decision: ScalingDecision, { terms, estimate, cap }: Want): ScalingDecision {
  const all = { ...estimate, ...terms };
  return cap === undefined ? { ...decision, terms: all } : { ...decision, terms: all, boundBy: cap.by };
}

/** Three figures, without an exponent. */
function brief(value: number): string {
  return value >= 100 ? Math.round(value).toString() : String(Number(value.toPrecision(3)));
}
