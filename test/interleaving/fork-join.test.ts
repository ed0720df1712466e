/**
 * The real code of offers, seats and bells, in two real threads, under every interleaving of their atomic operations with a bounded number of forced
 * switches. No child may be lost, run twice or waited for in vain; and a bug that is put in must be found.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { replaceAtomics } from '../../src/runtime/atomics.js';
import { ForkArea } from '../../src/shared/fork-join/fork-area.js';
import { explore, type Exploration } from './explorer.js';
import { FORK_MUTATIONS, type ForkMutation } from './fork-doubles.js';
import { ALL_FORK_SCENARIOS, BROKEN, DEATH_SCENARIO, FORK_SCENARIOS, KILL_STEP, KILLED, MUTATION, playForks, SCENARIO } from './fork-scenarios.js';
import type { ForkScenario } from './fork-scenarios.js';
import { createTurns, Director, NOTES } from './turns.js';

const turns = createTurns();
const notes = turns.subarray(NOTES);
const area = ForkArea.create(2);
area.inUse = 2;
const worker = new Worker(new URL('./fork-worker.js', import.meta.url), { workerData: { turns: turns.buffer, memory: area.buffer } });
const director = new Director(turns);

after(async () => {
  replaceAtomics();
  director.end();
  await worker.terminate();
});

function exploreForks(scenario: ForkScenario, mutation: ForkMutation, switchesMax: number, killStep = 0): Exploration {
  return explore(switchesMax, (switchSteps) => {
    const prepare = (): void => {
      area.clear();
      notes[SCENARIO] = ALL_FORK_SCENARIOS.indexOf(scenario);
      notes[MUTATION] = FORK_MUTATIONS.indexOf(mutation);
      notes[KILL_STEP] = killStep;
    };
    const record = director.run(switchSteps, prepare, () => playForks(scenario, 0, turns, area.buffer));
    return { record, wrong: notes[BROKEN] === 0 ? scenario.verdict(notes) : 'a party failed' };
  });
}

describe('under every interleaving of an owner and a thief', () => {
  for (const scenario of FORK_SCENARIOS) {
    test(`no child is lost, run twice or waited for in vain: ${scenario.name}`, (context) => {
      const { failure, schedules, stepsMax } = exploreForks(scenario, 'none', scenario.switchesMax);
      assert.equal(failure, undefined);
      assert.ok(schedules > 100, `only ${schedules} schedules of up to ${stepsMax} steps: nothing was explored`);
      context.diagnostic(`${schedules} schedules of up to ${stepsMax} steps`);
    });
  }
});

describe('a bug that is put in is found', () => {
  for (const scenario of FORK_SCENARIOS) {
    for (const [mutation, expected] of scenario.finds) {
      test(`${mutation}: ${scenario.name}`, () => {
        assert.match(exploreForks(scenario, mutation, 2).failure?.what ?? 'nothing', expected);
      });
    }
  }
});

test('a thief that is ended leaves no child undecided, wherever it is', (context) => {
  let schedules = 0;
  let killStep = 0;
  do {
    killStep += 1;
    const exploration = exploreForks(DEATH_SCENARIO, 'none', DEATH_SCENARIO.switchesMax, killStep);
    assert.equal(exploration.failure, undefined, `ended before its operation ${killStep}`);
    schedules += exploration.schedules;
    // The last run of an exploration may have ended before that operation came; one without forced switches tells.
    exploreForks(DEATH_SCENARIO, 'none', 0, killStep);
  } while (notes[KILLED] === 1 && killStep < 60);
  assert.ok(killStep > 10, `only ${killStep} operations`);
  context.diagnostic(`${schedules} schedules, ${killStep} operations`);
});
