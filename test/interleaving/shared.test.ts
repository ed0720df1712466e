/**
 * The real code of the shared objects, in two real threads, under every interleaving of their atomic operations with a bounded number of forced
 * switches. No two may be where one may be, nothing may be lost or wait for ever; and a bug that is put in must be found.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { replaceAtomics } from '../../src/runtime/atomics.js';
import { replaceThreadTable, ThreadTable } from '../../src/shared/thread-table.js';
import { explore, type Exploration } from './explorer.js';
import { SHARED_MUTATIONS, type SharedMutation } from './shared-doubles.js';
import { DEATH_SCENARIOS } from './shared-deaths.js';
import { ALL_SCENARIOS, SHARED_SCENARIOS } from './shared-scenarios.js';
import { createTable, FAILED, KILL_STEP, KILLED, MUTATION, playShared, SCENARIO, type SharedScenario } from './shared-stage.js';
import { createTurns, Director, NOTES } from './turns.js';

const turns = createTurns();
const table = createTable();
replaceThreadTable(new ThreadTable(table, 100, 0));
const notes = turns.subarray(NOTES);
const memories = ALL_SCENARIOS.map((scenario) => scenario.create());
const everything = [table, ...memories.flat()].map((memory) => ({ bytes: new Uint8Array(memory), pristine: Uint8Array.from(new Uint8Array(memory)) }));
const worker = new Worker(new URL('./shared-worker.js', import.meta.url), { workerData: { turns: turns.buffer, table, memories } });
const director = new Director(turns);

after(async () => {
  replaceAtomics();
  director.end();
  await worker.terminate();
});

function exploreShared(scenario: SharedScenario, mutation: SharedMutation, switchesMax: number, killStep = 0): Exploration {
  const index = ALL_SCENARIOS.indexOf(scenario);
  return explore(switchesMax, (switchSteps) => {
    const prepare = (): void => {
      for (const { bytes, pristine } of everything) bytes.set(pristine);
      notes[SCENARIO] = index;
      notes[MUTATION] = SHARED_MUTATIONS.indexOf(mutation);
      notes[KILL_STEP] = killStep;
    };
    const record = director.run(switchSteps, prepare, () => playShared(scenario, 0, turns, table, memories[index]!));
    return { record, wrong: notes[FAILED] === 0 ? scenario.verdict(notes) : 'a party failed' };
  });
}

describe('under every interleaving of two threads', () => {
  for (const scenario of SHARED_SCENARIOS) {
    test(`nothing is lost and nobody is left asleep: ${scenario.name}`, (context) => {
      const { failure, schedules, stepsMax } = exploreShared(scenario, 'none', scenario.switchesMax);
      assert.equal(failure, undefined);
      assert.ok(schedules > 100, `only ${schedules} schedules of up to ${stepsMax} steps: nothing was explored`);
      context.diagnostic(`${schedules} schedules of up to ${stepsMax} steps`);
    });
  }
});

describe('a bug that is put in is found', () => {
  for (const scenario of SHARED_SCENARIOS) {
    for (const [mutation, expected] of scenario.finds) {
      test(`${mutation}: ${scenario.name}`, () => {
        assert.match(exploreShared(scenario, mutation, 3).failure?.what ?? 'nothing', expected);
      });
    }
  }
});

describe('a thread that is ended leaves nobody waiting, wherever it is', () => {
  for (const scenario of DEATH_SCENARIOS) {
    test(scenario.name, (context) => {
      let schedules = 0;
      let killStep = 0;
      do {
        killStep += 1;
        const exploration = exploreShared(scenario, 'none', scenario.switchesMax, killStep);
        assert.equal(exploration.failure, undefined, `ended before its operation ${killStep}`);
        schedules += exploration.schedules;
        // The last run of an exploration may have ended before that operation came; one without forced switches tells.
        exploreShared(scenario, 'none', 0, killStep);
      } while (notes[KILLED] === 1);
      assert.ok(killStep > 10, `only ${killStep} operations`);
      context.diagnostic(`${schedules} schedules, ${killStep} operations`);
    });
  }
});
