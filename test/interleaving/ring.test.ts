/**
 * The real code of both ends of a ring, in two real threads, under every interleaving of their atomic operations with a bounded number of forced
 * switches. Nothing may be lost, run twice, answered out of order, or wait for ever; and a bug that is put in must be found.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { replaceAtomics } from '../../src/runtime/atomics.js';
import { RingMemory } from '../../src/transport/shared-ring/layout.js';
import { MUTATIONS, type Mutation } from './doubles.js';
import { explore, type Exploration } from './explorer.js';
import { PoolPart, SCENARIOS, SIZES, takeBack, verdict, type Scenario } from './ring-scenarios.js';
import { createTurns, Director, NOTES, Party } from './turns.js';

const turns = createTurns();
const memory = RingMemory.create(SIZES);
const pristine = new Uint8Array(memory.bytes);
const entry = new URL('./ring-worker.js', import.meta.url);
const worker = new Worker(entry, { workerData: { turns: turns.buffer, ring: memory.buffer } });
const director = new Director(turns);

after(async () => {
  replaceAtomics();
  director.end();
  await worker.terminate();
});

function exploreRing(scenario: Scenario, mutation: Mutation, switchesMax: number): Exploration {
  return explore(switchesMax, (switchSteps) => {
    let pool: PoolPart | undefined;
    const prepare = (): void => {
      memory.bytes.set(pristine);
      turns[NOTES + 30] = SCENARIOS.indexOf(scenario);
      turns[NOTES + 31] = MUTATIONS.indexOf(mutation);
    };
    const record = director.run(switchSteps, prepare, () => {
      pool = new PoolPart(memory, new Party(turns, 0), scenario, mutation);
      scenario.play(pool);
    });
    return { record, wrong: pool === undefined ? 'the pool did not start' : verdict(pool, turns.subarray(NOTES)) };
  });
}

/** One schedule costs some 0.2 ms; with three forced switches a scenario has thousands. */
function explored(scenario: Scenario): void {
  const { failure, schedules, stepsMax } = exploreRing(scenario, 'none', scenario.switchesMax);
  assert.equal(failure, undefined);
  assert.ok(schedules > 100, `only ${schedules} schedules of up to ${stepsMax} steps: nothing was explored`);
}

describe('under every interleaving of the two ends of a ring', () => {
  for (const scenario of SCENARIOS) test(`no task is lost, run twice or left asleep: ${scenario.name}`, () => explored(scenario));
});

describe('a bug that is put in is found', () => {
  for (const mutation of ['no-second-look', 'late-publish', 'no-wake'] as const) {
    for (const scenario of SCENARIOS) {
      test(`${mutation}: ${scenario.name}`, () => {
        assert.match(exploreRing(scenario, mutation, 2).failure?.what ?? 'nothing', /deadlock/);
      });
    }
  }
  test('plain-claim: tasks are taken back while the worker begins them', () => {
    const scenario = SCENARIOS.find(({ play }) => play === takeBack)!;
    assert.match(exploreRing(scenario, 'plain-claim', 2).failure?.what ?? 'nothing', /was taken back and ran 1 times/);
  });
});

test('a schedule repeats a run step by step', () => {
  const first = exploreRing(SCENARIOS[0]!, 'no-second-look', 2);
  assert.deepEqual(exploreRing(SCENARIOS[0]!, 'no-second-look', 2), first);
});
