/** The thread that plays the second party. */
import { workerData } from 'node:worker_threads';
import { ALL_SCENARIOS } from './shared-scenarios.js';
import { playShared, SCENARIO } from './shared-stage.js';
import { NOTES, serveRuns } from './turns.js';

const { turns, table, memories } = workerData as {
  readonly turns: SharedArrayBuffer;
  readonly table: SharedArrayBuffer;
  readonly memories: readonly (readonly SharedArrayBuffer[])[];
};
const words = new Int32Array(turns);

serveRuns(words, () => {
  // The director notes which scenario this run is of.
  const scenario = words[NOTES + SCENARIO]!;
  playShared(ALL_SCENARIOS[scenario]!, 1, words, table, memories[scenario]!);
});
