/** What a task is told that the queue has refused or evicted. */
import { QueueFullError } from '../errors.js';
import type { Bulkhead } from './bulkhead.js';
import type { QueueBounds, QueueLoad } from './admission.js';

const WAIT_MS_MIN = 1;
const WAIT_MS_MAX = 60_000;

/**
 * How long `queued` tasks take to leave, in whole ms from 1 to 60,000: what a caller is told as `retryAfter`.
 *
 * @param queued tasks that must leave first; one at least, or there would be room
 * @param serviceMs mean execution time; 0 or NaN while it is not known
 * @param slots tasks executed at once
 */
export function estimateWaitMs(queued: number, serviceMs: number, slots: number): number {
  const waitMs = Math.ceil((Math.max(1, queued) * serviceMs) / Math.max(1, slots));
  return waitMs >= WAIT_MS_MIN ? Math.min(WAIT_MS_MAX, waitMs) : WAIT_MS_MIN;
}

/** For `refuse` and `dead-letter`: the queue, or the task's level, has no room. */
export function queueFullError(taskName: string, bounds: QueueBounds, load: QueueLoad, retryAfterMs: number): QueueFullError {
  const why = bounds.max < 1 ? 'no worker is free, and queue.max 0 lets no task wait' : `the queue is full (${describe(bounds, load)})`;
  return new QueueFullError('ERR_QUEUE_FULL', `${taskName}: ${why}. Try again in ${retryAfterMs} ms, or raise its bounds`, retryAfterMs);
}

/** For `refuse` with `neverFits`. Its `retryAfter` is `Infinity`. */
export function neverFitsError(taskName: string, bounds: QueueBounds, bytes: number): QueueFullError {
  const bound = `its arguments take about ${bytes} bytes, and no level that it may enter holds as much within queue.maxBytes ${bounds.bytesMax}`;
  return new QueueFullError('ERR_QUEUE_FULL', `${taskName}: the task can never fit into the queue: ${bound}. Raise the bounds, or split the task`, Infinity);
}

/** For a task whose bulkhead has no room, though the queue may have. `serviceMs`: mean execution time. */
export function bulkheadFullError(taskName: string, { name, max, queuedMax, open }: Bulkhead, serviceMs: number): QueueFullError {
  const retryAfterMs = estimateWaitMs(open - max - queuedMax + 1, serviceMs, max);
  return new QueueFullError(
    'ERR_QUEUE_FULL',
    `${taskName}: its bulkhead ${name} is full (${max} in flight, ${queuedMax} waiting). Try again in ${retryAfterMs} ms, or raise its bounds`,
    retryAfterMs,
  );
}

/** For a task that was evicted. */
export function taskShedError(taskName: string, bounds: QueueBounds, retryAfterMs: number): QueueFullError {
  const why = bounds.whenFull === 'shed-lowest' ? 'a more urgent task' : 'a newer task';
  return new QueueFullError(
    'ERR_TASK_SHED',
    `${taskName}: evicted from the full queue by ${why} (whenFull '${bounds.whenFull}'). Try again in ${retryAfterMs} ms`,
    retryAfterMs,
  );
}

function describe(bounds: QueueBounds, load: QueueLoad): string {
  const { counts, delayed } = load;
  const tasks = `${counts.size + delayed.size} of ${bounds.max} tasks`;
  const bytes = bounds.bytesMax === Infinity ? '' : `, ${counts.bytes + delayed.bytes} of ${bounds.bytesMax} bytes`;
  const levels = bounds.levels.flatMap((level, index) => (counts.sizeOf(index) >= level.max ? [level.name] : []));
  return `${tasks}${bytes}${levels.length === 0 ? '' : `, full levels: ${levels.join(', ')}`}`;
}
