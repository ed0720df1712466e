import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { activityOf } from './activity.js';
import type { Observation, WorkerActivity } from './activity.js';

const QUIET: Observation = { hasTasks: true, responds: false, osState: 'S', cpuShare: 0, waitsForLock: false, isDeadlocked: false };

describe('the activity of a worker', () => {
  const cases: readonly [string, Partial<Observation>, WorkerActivity][] = [
    ['one that uses a core computes', { osState: 'R', cpuShare: 1 }, 'computing'],
    ['one that is on a core computes, though nothing is known of the time before', { osState: 'R', cpuShare: undefined }, 'computing'],
    ['one that has used a core since the last look computes, though it sleeps at this moment', { osState: 'S', cpuShare: 0.4 }, 'computing'],
    ['one that sleeps and has used nothing is blocked', {}, 'blocked'],
    ['one that waits for a device is blocked', { osState: 'D' }, 'blocked'],
    ['one whose event loop answers waits', { responds: true }, 'waiting'],
    ['one without tasks is idle, also when its event loop is not asked', { hasTasks: false }, 'idle'],
    ['one that sleeps on a lock is locked', { waitsForLock: true }, 'locked'],
    ['one in a circle of locks is deadlocked', { waitsForLock: true, isDeadlocked: true }, 'deadlocked'],
    ['one whose process was stopped is stopped, with tasks or without', { osState: 'T', hasTasks: false }, 'stopped'],
    ['one held by a debugger is stopped', { osState: 't', cpuShare: 0.9 }, 'stopped'],
    ['one that has ended is dead', { osState: 'Z' }, 'dead'],
    ['one of which nothing is known is unknown', { osState: undefined, cpuShare: undefined }, 'unknown'],
  ];
  for (const [claim, seen, activity] of cases) test(claim, () => assert.equal(activityOf({ ...QUIET, ...seen }), activity));
});
