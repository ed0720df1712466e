/**
 * Sizing by a law instead of by thresholds: as many workers as the load needs (`law.ts`), from what is measured.
 *
 *     arrival-rate.ts  arrivals/s, bursts --+
 *     service-time.ts  service time --------+--> law.ts --> caps.ts, growth-veto.ts --> up:   at once, in one step, counting those that start
 *     queue, oldest wait -------------------+                                     --> down: the largest want of the last idle timeout,
 *                                                                                           and soon after growing only who was idle
 *
 * Why it is shaped like this, and where each part comes from: docs/design/sizing-law.md.
 */
import { OptionError } from '../../errors.js';
import { numberWithin, ownOptions } from '../../runtime/own-options.js';
import { arrivalEstimate, noArrivals, observeArrivals, type ArrivalMemory, type ArrivalScales } from './arrival-rate.js';
import { hostCaps, type Cap } from './caps.js';
import { isUnmeasured, NO_VETO, observeVeto, vetoMax, type VetoMemory } from './growth-veto.js';
import { staff, type Aim } from './law.js';
import { observePeak, peak, type PeakMemory } from './peak-window.js';
import { explained, sentence, type Explained } from './explanation.js';
import { NO_RETURNS, observeReturns, peakBack, peakKept, type PeakReturns } from './returning-peak.js';
import type { ScalingDecision, ScalingPolicy, ScalingSignals } from './scaling-policy.js';
import { noService, observeService, serviceEstimate, type ServiceMemory } from './service-time.js';
import { backWithinLimits, INTERVAL_MS_MAX, situation } from './signals.js';
import { mayRecover, mostlyWaits, NOT_SLOW, observeSlow, waitsDownstream, type SlowMemory } from './slow-service.js';

export interface AdaptiveOptions {
  /**
   * What headroom is for: `'cost'` keeps it small, `'latency'` large; `'balanced'` is between. A number is the headroom itself, in standard deviations
   * of the load: 0.5, 1 and 2 for the three. Default `'balanced'`.
   */
  readonly goal?: 'cost' | 'balanced' | 'latency' | number;
  /** Wait in the queue that is still good, in ms. Default the time a task takes, at least 100. */
  readonly waitTargetMs?: number;
  /**
   * Time a worker is kept without a task, in ms. Default ten times what it takes to start one, at least 1 s, at most 300 s, and longer for a peak that comes
   * back regularly and for a load that has long been the same; a time that is given is kept to.
   */
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
  readonly peaks: PeakMemory;
  readonly returns: PeakReturns;
  readonly veto: VetoMemory;
  readonly slow: SlowMemory;
  /** Workers when what tasks wait for became slow. */
  readonly slowWorkers: number;
  readonly atMs: number;
  /** How long the load had been what it was, in ms, until lately. */
  readonly heldMs: number;
  /** The same, forgotten as slowly as it grew. */
  readonly calmMs: number;
  /** When the pool last grew, and until when nobody leaves for that. */
  readonly grewAtMs: number;
  readonly stayUntilMs: number;
  /** When it last shrank. */
  readonly shrankAtMs: number;
}

/** Time scales that follow from how long a worker takes to start. */
interface Scales extends ArrivalScales {
  /** Between two decisions. */
  readonly intervalMs: number;
  readonly waitTargetMs: number;
  readonly drainMs: number;
  readonly idleMs: number;
  /** A peak that comes back within so long may be waited for. */
  readonly gapMsMax: number;
  /** Who was added because the load seemed to have grown after minutes of being the same stays for this share of them, and for a smaller one after less. */
  readonly patience: number;
  /** The last worker leaves after so long. */
  readonly lastMs: number;
}

interface Want extends Explained {
  /** How long the load has been what it is. */
  readonly sinceMs: number;
  /** The same without the backlog, which passes. */
  readonly lasting: number;
  /** What the load asks for. */
  readonly flow: number;
  readonly enough: number;
  /** What the caps allow. */
  readonly most: number;
}

const KEYS = ['goal', 'waitTargetMs', 'idleMs', 'intervalMs'] as const satisfies (keyof AdaptiveOptions)[];
const BETAS: Readonly<Record<string, number>> = { cost: 0.5, balanced: 1, latency: 2 };
/** Tasks that arrive together are decided on together. */
const BACKLOG_MS = 25;
const WAIT_MS_MIN = 100;
/** A queue that is gone within this share of the wait that is good starts nobody: those that are started take a while, and more come meanwhile. */
const GOOD_WAITS = 0.6;
/** So unlikely, as a logarithm, is a queue that is taken for more than chance just after a change; a rate that has held for long takes more to disprove. */
const CHANCE_LOG = 4;
/**
 * Nothing is left to chance that takes longer than so, in times of the wait that is good: hardly more than any other queue while the load changes, and one time
 * more whenever it has been the same for so long, in ms, or for so many windows of arrivals where a start takes long.
 */
const CHANCE_WAIT_MS = 100_000;
const CHANCE_WAIT_WINDOWS = 250;
/** A queue that chance may have made adds at most this share of the workers at once. */
const CHANCE_SHARE = 1.1;
/** The same for tasks that mostly wait, whatever the age of the rate. */
const WAITING_WAITS = 4;
/** Just after some were started, less than this share more are not worth another decision. */
const BATCH_SHARE = 1.33;
const SLOW_MS = 300_000;
/** What tasks wait for has become slow: so many times the workers may help to make use of it, and cost little if they do not. */
const TRY_SHARE = 1.25;
const EPSILON = 1e-9;
/** A worker is kept without a task for as long as ten starts take: on cost alone one would be break-even, the rest buys calm and warm code. */
const IDLE_BOOTS = 10;
const IDLE_MS_MIN = 1_000;
const IDLE_MS_MAX = 300_000;
/** Starts, and ms, after which it pays to start a peak anew instead of waiting for its return. */
const GAP_BOOTS = 300;
const GAP_MS_MIN = 15_000;
const PATIENCE_SHARE = 0.6;
/** How long the load has held is forgotten so many times as fast as it grew. */
const FORGETTING = 10;
/** So many idle timeouts after some have left, what chance explains is taken by half of how long the load had been calm. */
const SHRANK_TIMEOUTS = 20;
const CALM_SHARE = 0.5;
/** A fall to less than this share is the end of a peak: nobody looks back beyond the idle timeout, and it goes in one step. */
const PEAK_END = 0.6;
/** So many idle timeouts after a peak it is waited for that nothing more is to go. */
const SETTLE_TIMEOUTS = 5;
/** Standard errors of the load by which it may be larger than it looks when workers leave. */
const CAUTION = 1;
/** Above this many workers a surplus below a twentieth of them is not worth a change. */
const SMALL = 10;
const SHARE_MIN = 0.05;
/** The last worker is kept longer, since the next task would wait for a start. */
const LAST_BOOTS = 300;
const LAST_MS_MIN = 15_000;
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
    peaks: [],
    returns: NO_RETURNS,
    veto: NO_VETO,
    slow: NOT_SLOW,
    slowWorkers: 0,
    atMs: nowMs,
    heldMs: 0,
    calmMs: 0,
    grewAtMs: -Infinity,
    stayUntilMs: -Infinity,
    shrankAtMs: -Infinity,
  };
}

function scalesOf(numbers: AdaptiveNumbers, { flow: { bootMs } }: ScalingSignals, service: ServiceMemory): Scales {
  const { serviceMs } = serviceEstimate(service);
  const waitTargetMs = numbers.waitTargetMs ?? Math.max(WAIT_MS_MIN, serviceMs);
  const windowMs = numbers.intervalMs + bootMs;
  const boots = (count: number, msMin: number): number => Math.min(IDLE_MS_MAX, Math.max(msMin, count * bootMs));
  return {
    windowMs,
    fastMs: Math.max(1_000, 4 * windowMs),
    slowMs: SLOW_MS,
    serviceMs,
    intervalMs: numbers.intervalMs,
    waitTargetMs,
    drainMs: Math.max(waitTargetMs, 4 * bootMs, 100),
    idleMs: Math.max(1, numbers.idleMs ?? boots(IDLE_BOOTS, IDLE_MS_MIN)),
    // Who says how long a worker is kept has said that of every peak.
    gapMsMax: numbers.idleMs === undefined ? boots(GAP_BOOTS, GAP_MS_MIN) : 0,
    patience: numbers.idleMs === undefined ? PATIENCE_SHARE : 0,
    lastMs: numbers.idleMs === undefined ? boots(LAST_BOOTS, LAST_MS_MIN) : LAST_TIMEOUTS * numbers.idleMs,
  };
}

function observe(numbers: AdaptiveNumbers, signals: ScalingSignals, memory: AdaptiveMemory): AdaptiveMemory {
  const { nowMs, flow } = signals;
  const service = observeService(memory.service, flow, mostlyWaits(signals.host.cpuDemand));
  const scales = scalesOf(numbers, signals, service);
  const slow = observeSlow(memory.slow, signals, Math.max(0, nowMs - memory.atMs));
  return {
    ...memory,
    service,
    arrivals: arrivals(signals, memory, scales),
    veto: observeVeto(memory.veto, signals, serviceEstimate(service).nowMs),
    slow,
    heldMs: Math.max(0, memory.heldMs - Math.max(0, nowMs - memory.atMs) * FORGETTING),
    calmMs: Math.max(0, memory.calmMs - Math.max(0, nowMs - memory.atMs)),
    slowWorkers: slow.slowSinceMs === undefined ? signals.workers : memory.slowWorkers,
    atMs: nowMs,
  };
}

/** What waits came since the oldest of it did: a pool that was not asked for long would spread it over all the time before. */
function arrivals({ nowMs, flow, queueDepth, oldestWaitMs }: ScalingSignals, { arrivals: memory, atMs }: AdaptiveMemory, scales: Scales): ArrivalMemory {
  const { windowMs } = scales;
  const before = queueDepth > 0 && oldestWaitMs <= windowMs ? { atMs: nowMs - oldestWaitMs, count: flow.arrived - queueDepth } : undefined;
  if (before === undefined || nowMs - atMs < 2 * windowMs) return observeArrivals(memory, nowMs, flow.arrived, scales, before);
  return observeArrivals(observeArrivals(memory, nowMs - windowMs, before.count, scales), nowMs, flow.arrived, scales, before);
}

function decide(numbers: AdaptiveNumbers, signals: ScalingSignals, memory: AdaptiveMemory): { decision: ScalingDecision; memory: AdaptiveMemory } {
  const scales = scalesOf(numbers, signals, memory.service);
  const want = wanted(numbers, signals, memory, scales);
  const calmMs = Math.max(want.sinceMs, memory.calmMs);
  const peaks = observePeak(memory.peaks, signals.nowMs, want.lasting, lookBackMs(scales, calmMs));
  const returns = observeReturns(memory.returns, signals.nowMs, signals.workers, want.flow, scales.gapMsMax);
  const answer = change(signals, { ...memory, peaks, returns, heldMs: Math.max(want.sinceMs, memory.heldMs), calmMs }, want, scales);
  return { decision: explained(answer.decision, want), memory: answer.memory };
}

type Answer = ReturnType<typeof decide>;

function wanted(numbers: AdaptiveNumbers, signals: ScalingSignals, memory: AdaptiveMemory, scales: Scales): Want {
  const { perS, burstiness, error, sinceMs } = arrivalEstimate(memory.arrivals, scales);
  const service = serviceEstimate(memory.service);
  const estimate = { arrivalsPerS: perS, serviceMs: service.serviceMs, burstiness, scv: service.scv };
  const aim: Aim = { beta: numbers.beta, waitTargetMs: scales.waitTargetMs, drainMs: scales.drainMs };
  const terms = staff({ ...signals, ...estimate }, aim);
  // Chance may have made the load look smaller than it is: nobody leaves for that.
  const careful = staff({ ...signals, ...estimate, arrivalsPerS: perS * (1 + CAUTION * Math.hypot(error, service.error)) }, aim);
  const cap = tightest(signals, memory);
  // While tasks wait a worker that blocks is as good as none, and does not take part in the caps either.
  const blocked = signals.queueDepth > 0 ? signals.host.blocked : 0;
  const within = (workers: number): number => Math.max(signals.min, Math.min(workers + blocked, cap.workersMax));
  return {
    terms,
    sinceMs,
    estimate,
    workers: within(terms.workers),
    lasting: within(careful.lasting),
    flow: within(terms.lasting),
    enough: within(terms.enough),
    most: within(Infinity),
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
    return { decision: { target: want.workers, reason }, memory };
  }
  return shrink(signals, memory, want, scales);
}

function grow(signals: ScalingSignals, memory: AdaptiveMemory, want: Want, scales: Scales): Answer {
  const { workers, starting, min, nowMs, queueDepth, concurrency, host, flow } = signals;
  const stay = (why: string): Answer => ({ decision: { target: workers, reason: `no change: ${want.workers} wanted, but ${why}` }, memory });
  const waitMs = (queueDepth * scales.serviceMs) / (Math.max(0, workers - host.blocked) * concurrency);
  const age = Math.log(Math.max(1, want.sinceMs / scales.windowMs));
  // A queue of tasks that mostly wait is more likely slowness of what they wait for, which shows soon.
  const waiting = mostlyWaits(host.cpuDemand);
  const chance = !waiting && isChance(signals, want, CHANCE_LOG + age);
  // Just after some have left a queue is likely what they were there for by chance.
  const calmMs = nowMs - memory.shrankAtMs < SHRANK_TIMEOUTS * scales.idleMs ? Math.max(want.sinceMs, CALM_SHARE * memory.calmMs) : want.sinceMs;
  const goodWaits = waiting ? WAITING_WAITS : GOOD_WAITS + (chance ? calmMs / Math.max(CHANCE_WAIT_MS, CHANCE_WAIT_WINDOWS * scales.windowMs) : 0);
  const soon = waitMs < Math.max(flow.bootMs, goodWaits * scales.waitTargetMs);
  if (workers >= Math.max(1, min) && want.enough <= workers && soon) return stay(`what waits is begun in ${Math.round(waitMs)} ms, soon enough`);
  const slow = waitsDownstream(memory.slow, host.cpuDemand);
  const mayTry = slow && workers < memory.slowWorkers * TRY_SHARE;
  if (slow && !mayTry && workers >= Math.max(1, min) && (starting > 0 || mayRecover(memory.slow, nowMs) || isUnmeasured(memory.veto)))
    return stay('tasks that mostly wait suddenly take much longer: more workers would not make what they wait for any faster');
  const step = slow ? Math.max(1, Math.ceil((mayTry ? memory.slowWorkers * TRY_SHARE - workers : workers / 4) - EPSILON)) : Infinity;
  const boots = Math.max(2, Math.ceil(host.cores / 2)) - starting;
  // A queue that chance makes asks for nobody, then it is the load alone, or for few where it would last.
  const few = soon ? want.flow : Math.max(want.flow, Math.ceil(workers * CHANCE_SHARE));
  const back = Math.min(peakBack(memory.returns), want.most);
  const wanted = Math.max(back, chance || (waiting && soon) ? Math.min(want.workers, few) : want.workers);
  const target = Math.max(min, workers + Math.min(wanted - workers, step, Math.max(0, boots)));
  if (starting > 0 && target < workers * BATCH_SHARE && nowMs - memory.grewAtMs < scales.intervalMs)
    return stay(`${starting} are being started, and few more would be`);
  if (target <= workers) return stay(`${starting} are being started`);
  const reason = `${sentence(want)}; ${situation(signals)}: add ${target - workers}`;
  // Whom a queue that chance may have made brings into a load that has long been calm stays too: it was let go of, and wanted again, ten times within a minute.
  const held = Math.max(memory.heldMs, chance ? memory.calmMs : 0) / SLOW_MS;
  const stayMs = (scales.patience * SLOW_MS * held ** 2) / want.estimate.burstiness;
  const stayUntilMs = Math.max(memory.stayUntilMs, nowMs + stayMs);
  return { decision: { target, reason }, memory: { ...memory, grewAtMs: nowMs, stayUntilMs } };
}

/** Whether chance makes such a queue of independent arrivals at the present load: its length is geometric in M/M/n. */
function isChance({ queueDepth, workers, concurrency }: ScalingSignals, { terms }: Want, log: number): boolean {
  const share = terms.load / (workers * concurrency);
  // At a load that the workers cannot serve no queue is chance.
  const unlikely = share < 1 ? queueDepth * -Math.log(share) : Infinity;
  return unlikely < log;
}

function shrink(signals: ScalingSignals, memory: AdaptiveMemory, want: Want, scales: Scales): Answer {
  const { workers, nowMs } = signals;
  const leaving = surplus(signals, memory, want, scales);
  if (leaving <= 0) return { decision: { target: workers, reason: `no change: ${sentence(want)}; ${situation(signals)}` }, memory };
  const target = workers - leaving;
  const reason = `${sentence(want)}, and no more in the last ${Math.round(scales.idleMs)} ms: remove ${leaving} of ${workers}`;
  return { decision: { target, reason }, memory: { ...memory, shrankAtMs: nowMs } };
}

/** How many are not needed, by what was wanted over the last idle timeout and by who was idle through it. */
function surplus(signals: ScalingSignals, { peaks, returns, calmMs, grewAtMs, stayUntilMs, shrankAtMs }: AdaptiveMemory, want: Want, scales: Scales): number {
  const { workers, starting, nowMs, min, queueDepth, inFlight } = signals;
  const { idleMs, lastMs, patience } = scales;
  // One step an idle timeout: a want that still falls is waited for.
  if (starting > 0 || nowMs - shrankAtMs < idleMs || nowMs < stayUntilMs) return 0;
  if (workers === 1 && min === 0 && queueDepth === 0 && inFlight === 0) return (signals.idleMs[0] ?? 0) >= lastMs ? 1 : 0;
  const floor = Math.max(min, 1, want.workers, peakKept(returns, nowMs, workers));
  const idle = signals.idleMs.filter((ms) => ms >= idleMs).length;
  const ends = floor < PEAK_END * workers;
  const over = workers - Math.max(floor, peak(peaks, nowMs, ends ? idleMs : lookBackMs(scales, calmMs), floor));
  // Long after a growth it does not matter whether the placement left somebody idle: all of them are busy now and then.
  const found = nowMs - grewAtMs >= idleMs ? over : Math.min(over, idle);
  // It is still falling, or looks as if.
  if (ends && nowMs - returns.wantedAtMs < (patience > 0 ? SETTLE_TIMEOUTS * idleMs : 0) && found < workers - floor) return 0;
  return workers >= SMALL && found < workers * SHARE_MIN ? 0 : found;
}

/** What was wanted counts for the idle timeout, and for longer in a load that has long been calm: it looks smaller by chance, too. */
function lookBackMs({ idleMs, patience }: Scales, calmMs: number): number {
  return idleMs + (patience > 0 ? calmMs * (calmMs / SLOW_MS) ** 2 : 0);
}
