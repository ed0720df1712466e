import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_LEVELS } from './queued-task.js';
import type { QueueBounds, QueueLoad } from './admission.js';
import { LevelCounts } from './level-counts.js';
import { estimateWaitMs, neverFitsError, queueFullError, taskShedError } from './refusal.js';

const bounds: QueueBounds = { max: 10, bytesMax: 100, levels: DEFAULT_LEVELS, whenFull: 'shed-lowest' };
const load: QueueLoad = { counts: new LevelCounts(DEFAULT_LEVELS.length), delayed: { size: 10, bytes: 70 }, waiting: { size: 0 } };

describe('estimateWaitMs', () => {
  it('is the work that is queued, shared by the slots', () => {
    assert.equal(estimateWaitMs(100, 20, 4), 500);
    assert.equal(estimateWaitMs(1, 10, 4), 3);
    assert.equal(estimateWaitMs(0, 20, 2), 10, 'where nothing may wait, one of those that run must end');
  });

  it('stays from 1 ms to a minute, whatever is not known', () => {
    for (const [queued, serviceMs, slots] of [
      [5, Number.NaN, 2],
      [5, 0, 2],
      [0, 1, 2],
      [Infinity, 0, 0],
    ] as const)
      assert.equal(estimateWaitMs(queued, serviceMs, slots), 1);
    assert.equal(estimateWaitMs(1_000_000, 1_000, 0), 60_000);
    assert.equal(estimateWaitMs(Infinity, 1, 1), 60_000);
  });
});

describe('refusals', () => {
  it('say what the queue holds and when to try again', () => {
    const error = queueFullError('resize', bounds, load, 25);
    assert.deepEqual([error.code, error.retryAfter], ['ERR_QUEUE_FULL', 25]);
    assert.match(error.message, /^resize: .*10 of 10 tasks, 70 of 100 bytes.*25 ms/);
  });

  it('say what is missing where nothing may wait', () => {
    assert.match(
      queueFullError('resize', { ...bounds, max: 0 }, load, 25).message,
      /^resize: no worker is free, and queue\.max 0 lets no task wait\. Try again in 25 ms/,
    );
  });

  it('name the levels that are full', () => {
    const levels = DEFAULT_LEVELS.map((level) => ({ ...level, max: level.name === 'low' ? 0 : 5 }));
    assert.match(queueFullError('resize', { ...bounds, levels }, load, 1).message, /full levels: low\)/);
  });

  it('tell a task that can never fit not to try again', () => {
    const error = neverFitsError('resize', bounds, 101);
    assert.deepEqual([error.code, error.retryAfter], ['ERR_QUEUE_FULL', Infinity]);
    assert.match(error.message, /can never fit.*101 bytes.*100/);
  });

  it('tell an evicted task why', () => {
    const error = taskShedError('resize', bounds, 7);
    assert.deepEqual([error.code, error.retryAfter], ['ERR_TASK_SHED', 7]);
    assert.match(error.message, /more urgent.*shed-lowest/);
    assert.match(taskShedError('resize', { ...bounds, whenFull: 'drop-oldest' }, 7).message, /newer.*drop-oldest/);
  });
});
