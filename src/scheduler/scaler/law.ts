/**
 * How many workers a load needs: the law itself, without memory.
 *
 *     load    a = arrivals/s x service time                              Little's law: places that are busy on average
 *     flow      = a + beta sqrt(variability a)                           square-root staffing: headroom for chance, less than proportional
 *     drain     = queued work / the time in which it is to be gone       one place for each waiting task at most
 *     workers   = ceil(max(flow, a + drain) / places in one worker)
 *
 * Headroom and drain do not add up: clearing backlogs is what the headroom is for. The drain asks for no more than the flow while the oldest task has
 * not waited longer than it should.
 */

/** What the law sees. */
export interface Demand {
  readonly arrivalsPerS: number;
  /** How long a task occupies a place, in ms. */
  readonly serviceMs: number;
  /** 1 for independent arrivals. */
  readonly burstiness: number;
  /** Variance of the time a task takes over the square of its mean: 1 for exponential times. */
  readonly scv: number;
  readonly queueDepth: number;
  readonly oldestWaitMs: number;
  /** Tasks in flight. */
  readonly inFlight: number;
  readonly concurrency: number;
}

/** What the user wants of it. */
export interface Aim {
  /** Headroom in standard deviations of the load. */
  readonly beta: number;
  /** Wait that is still good, in ms. */
  readonly waitTargetMs: number;
  /** Time in which a backlog is to be gone, in ms. */
  readonly drainMs: number;
}

/** The terms, for whoever wants to know why. */
export interface Terms {
  /** Places busy on average, if there were enough. */
  readonly load: number;
  readonly flow: number;
  readonly drain: number;
  /** Workers wanted, before any cap. */
  readonly workers: number;
  /** The same without the backlog, which passes. */
  readonly lasting: number;
  /** With these nobody needs to be added for the load alone: between them and `lasting` lies what noise may do. */
  readonly enough: number;
}

/** While tasks wait so many times the drain beyond what is good, the pool grows by at least this factor on what is in use: the estimates are wrong. */
const LATE_GROWTH = 1.25;
const LATE_DRAINS = 2;
/** Share of the headroom without which a pool is still well off. */
const ENOUGH_SHARE = 0.7;
const SHORT_SHARE = 0.5;
/** Headroom that is less than this share of the load is not worth saving. */
const CHEAP_SHARE = 0.025;
/** Times that vary more than this are of several kinds, and their variance is mostly that of the rarest. */
const SCV_MAX = 4;
/** The wait of all but one in 26 is within t when the headroom is service / t x ln(26 P(wait)): with a third of the tasks waiting at all, 2.15. */
const WAIT_LOG = 2.15;
/** Rounding must not cost a worker. */
const EPSILON = 1e-9;

export function staff(demand: Demand, aim: Aim): Terms {
  const { arrivalsPerS, serviceMs, queueDepth, oldestWaitMs, inFlight, concurrency } = demand;
  const load = (arrivalsPerS * serviceMs) / 1_000;
  const headroom = headroomFor(load, demand, aim);
  const flow = load + headroom;
  const overdueMs = oldestWaitMs - aim.waitTargetMs;
  const wanted = Math.min(queueDepth, (queueDepth * serviceMs) / aim.drainMs);
  const drain = overdueMs > 0 ? wanted : Math.min(wanted, Math.max(flow, 1));
  const places = Math.max(flow, load + drain, overdueMs > LATE_DRAINS * aim.drainMs ? LATE_GROWTH * inFlight : 0);
  const workersFor = (count: number): number => Math.ceil(count / concurrency - EPSILON);
  return { load, flow, drain, workers: workersFor(places), enough: workersFor(load + ENOUGH_SHARE * headroom), lasting: workersFor(flow) };
}

/**
 * In full where a task takes as long as it may wait; down to half where it is so short that a queue of them is gone in time all the same, and where half of it
 * is much. Queues of tasks whose times vary more than exponential ones take longer, in proportion to the variance (Lee and Longton): that counts in the full
 * headroom, which is cheap for thousands. Where it is more than the wait asks for it is cheaper to do something about the queues that come.
 */
function headroomFor(load: number, { serviceMs, burstiness, scv }: Demand, { beta, waitTargetMs }: Aim): number {
  const full = beta * Math.sqrt(Math.max(burstiness, (burstiness + Math.min(SCV_MAX, scv)) / 2) * load);
  return Math.min(full, Math.max(SHORT_SHARE * full, CHEAP_SHARE * load, (WAIT_LOG * burstiness * serviceMs) / waitTargetMs));
}
