/**
 * How many workers a load needs: the law itself, without memory.
 *
 *     load    a = arrivals/s x service time                              Little's law: places that are busy on average
 *     flow      = a + beta sqrt(burstiness a)                            square-root staffing: headroom for chance, less than proportional
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
}

/** While tasks wait so many times the drain beyond what is good, the pool grows by at least this factor on what is in use: the estimates are wrong. */
const LATE_GROWTH = 1.25;
const LATE_DRAINS = 2;
/** Rounding must not cost a worker. */
const EPSILON = 1e-9;

export function staff(demand: Demand, aim: Aim): Terms {
  const { arrivalsPerS, serviceMs, burstiness, queueDepth, oldestWaitMs, inFlight, concurrency } = demand;
  const load = (arrivalsPerS * serviceMs) / 1_000;
  const flow = load + aim.beta * Math.sqrt(burstiness * load);
  const overdueMs = oldestWaitMs - aim.waitTargetMs;
  const wanted = Math.min(queueDepth, (queueDepth * serviceMs) / aim.drainMs);
  const drain = overdueMs > 0 ? wanted : Math.min(wanted, Math.max(flow, 1));
  const places = Math.max(flow, load + drain, overdueMs > LATE_DRAINS * aim.drainMs ? LATE_GROWTH * inFlight : 0);
  return { load, flow, drain, workers: Math.ceil(places / concurrency - EPSILON) };
}
