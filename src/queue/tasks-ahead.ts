import type { LevelCounts } from './level-counts.js';
import type { LevelOptions, QueuedTask } from './queued-task.js';

/**
 * How many of the queued tasks go before one that is submitted now: all of its own level and of more urgent ones, and of the less urgent those that have
 * waited for longer than the difference of the head starts. These are taken to have come at an even rate since the first of them. More urgent
 * tasks that are yet to come are not foreseen. O(levels).
 */
export function tasksAhead(
  level: number,
  nowMs: number,
  levels: readonly LevelOptions[],
  counts: Pick<LevelCounts, 'sizeOf'>,
  oldestOf: (level: number) => Pick<QueuedTask, 'submittedAt'> | undefined,
): number {
  let ahead = 0;
  const headStartMs = (levels[level] as LevelOptions).headStartMs;
  for (let each = 0; each < levels.length; each += 1) {
    const size = counts.sizeOf(each);
    if (size === 0) continue;
    ahead += each <= level ? size : size * shareBefore(nowMs - (levels[each] as LevelOptions).headStartMs + headStartMs, nowMs, oldestOf(each));
  }
  return ahead;
}

/** Share of a level that was submitted before `atMs`. */
function shareBefore(atMs: number, nowMs: number, oldest: Pick<QueuedTask, 'submittedAt'> | undefined): number {
  if (oldest === undefined || oldest.submittedAt >= atMs) return 0;
  return (atMs - oldest.submittedAt) / (nowMs - oldest.submittedAt);
}
