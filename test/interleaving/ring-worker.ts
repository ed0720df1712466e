/** The thread that plays the worker's side. */
import { workerData } from 'node:worker_threads';
import { RingMemory } from '../../src/transport/shared-ring/layout.js';
import { MUTATIONS } from './doubles.js';
import { playWorker, SCENARIOS } from './ring-scenarios.js';
import { NOTES, Party, serveRuns } from './turns.js';

const { turns, ring } = workerData as { readonly turns: SharedArrayBuffer; readonly ring: SharedArrayBuffer };
const words = new Int32Array(turns);

serveRuns(words, () => {
  // The director notes which scenario and mutation this run is of.
  const scenario = SCENARIOS[words[NOTES + 30]!]!;
  playWorker(RingMemory.open(ring), new Party(words, 1), words, scenario, MUTATIONS[words[NOTES + 31]!]!);
});
