/** How long a worker may be kept busy by what it was sent ahead: enough to hide a round trip, too little to hoard. */
const PREFETCH_MS = 0.5;
/** The same where one worker does more than two, and loses its core to others now and then (P): so that what it cannot do meanwhile wakes nobody else. */
const PREFETCH_TOGETHER_MS = 4;
/** Who holds so many times what it may be sent gives it back where that is needed (P): taking a task back costs about as much as sending it. */
const HELD_SHARE = 2;
/** The same out of a long queue (P): neither side need wake the other more than once in some ms, and the pool need not get a core at once to be in time. Of longer tasks, one. */
const RESERVE_MS = 8;
/** Most tasks in reserve (P): of shorter ones, PREFETCH_MS is as many. */
const RESERVE_MAX = 256;
/** Longer tasks are not held in reserve (P): the round trip that it spares, some tenths of a ms where all cores are busy, is nothing beside them. */
const RESERVED_MS_MAX = 50;
/** The same where somebody counts how long tasks wait in the queue, and what waits in a worker has left it. */
const RESERVED_COUNTED_MS_MAX = 2;
/** The worker's share of the queue is so many times longer than its reserve: a task waits in the queue, where all workers can get it, not in a reserve. */
const QUEUE_PER_RESERVE = 4;

/** What a parked worker takes to be woken: so much work ahead at one that is awake is done as soon as the wake-up (P). */
const WAKE_MS = 0.03;
/** What the pool itself spends on a task: of shorter ones a single worker does more than it can be sent (P). */
const HAND_OFF_MS = 0.0015;
/** The same where a second worker that is woken would run on the pool's own core: up to here one worker does more than two (P). */
const HAND_OFF_CROWDED_MS = 0.0035;
export const PACKING_MAX: number = 10;
/** The same in times of what the pool has been measured to spend on a task, without what its caller does (P). */
const HAND_OFF_SHARE = 0.7;
const HAND_OFF_CROWDED_SHARE = 1.5;
/** What takes a worker longer than this is worth a worker of its own, whatever it costs to send (P). */
const HAND_OFF_MS_MAX = 0.05;

/**
 * How many tasks are as good as none for a worker that is awake, as a power of two: those that take it no longer than waking another. Tasks of next to no
 * work so go to one worker, while the others sleep, and each task that is worth a wake-up gets a worker of its own.
 *
 * @param serviceMsEwma moving mean of the execution time in ms; NaN while it is not known
 * @param isCrowded the workers and the pool's own thread want more cores than there are
 * @param handOverMs what the pool's thread has been measured to spend on a task, there and back; NaN while it is not known
 */
export function packingFor(serviceMsEwma: number, isCrowded: boolean, handOverMs: number = NaN): number {
  const knownMs = isCrowded ? HAND_OFF_CROWDED_MS : HAND_OFF_MS;
  const measuredMs = handOverMs * (isCrowded ? HAND_OFF_CROWDED_SHARE : HAND_OFF_SHARE);
  if (serviceMsEwma <= knownMs || serviceMsEwma <= Math.min(HAND_OFF_MS_MAX, measuredMs)) return PACKING_MAX;
  const tasks = WAKE_MS / serviceMsEwma;
  if (!(tasks >= 2)) return 0;
  return Math.min(PACKING_MAX, 31 - Math.clz32(tasks));
}

/**
 * How many tasks a worker may hold at once: those it executes, and some ahead when they are short.
 *
 * @param concurrency tasks it executes at once; >= 1
 * @param serviceMsEwma moving mean of the execution time in ms; NaN while it is not known (nothing is sent ahead)
 * @param prefetchMax upper limit of what is sent ahead; 0 for transports that cannot take tasks back
 * @param reserve what `reserveFor` or `togetherFor` says
 */
export function creditFor(concurrency: number, serviceMsEwma: number, prefetchMax: number, reserve: number): number {
  if (Number.isNaN(serviceMsEwma)) return concurrency;
  const ahead = serviceMsEwma <= 0 ? prefetchMax : Math.floor(PREFETCH_MS / serviceMsEwma);
  return concurrency + Math.min(prefetchMax, Math.max(ahead, reserve));
}

/**
 * How many tasks a worker may be sent ahead out of a long queue; 0 where that is no more than it is sent out of any.
 *
 * @param serviceMs mean execution time in ms, not one that prefers short times; NaN while it is not known
 * @param queuedPerWorker tasks queued for each worker
 * @param isCounted whether somebody goes by how long tasks wait in the queue: a bound on it, or the pool's sizing
 */
export function reserveFor(serviceMs: number, queuedPerWorker: number, isCounted: boolean): number {
  if (!(serviceMs <= (isCounted ? RESERVED_COUNTED_MS_MAX : RESERVED_MS_MAX))) return 0;
  const share = Math.min(RESERVE_MAX, Math.floor(queuedPerWorker / QUEUE_PER_RESERVE));
  if (share * serviceMs <= PREFETCH_MS) return 0;
  return Math.min(share, Math.max(1, Math.floor(RESERVE_MS / serviceMs)));
}

/**
 * How many tasks a worker may be sent ahead where it does more than two (`packingFor`), so that all go to it.
 *
 * @param steadyMs what tasks have taken it lately, not one that prefers short times: a long one among them must not wait beside an idle worker
 */
export function togetherFor(steadyMs: number): number {
  return steadyMs > 0 ? Math.floor(PREFETCH_TOGETHER_MS / steadyMs) : 0;
}

/** Whether a worker is to give back what it was sent when its tasks were shorter, if another is idle: `inFlight` tasks are far more than its `credit`, and long work. */
export function holdsTooMuch(inFlight: number, credit: number, steadyMs: number): boolean {
  return inFlight > HELD_SHARE * credit && inFlight * steadyMs > PREFETCH_TOGETHER_MS;
}
