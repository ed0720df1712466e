/** The thread that plays the thief. */
import { workerData } from 'node:worker_threads';
import { ALL_FORK_SCENARIOS, playForks, SCENARIO } from './fork-scenarios.js';
import { NOTES, serveRuns } from './turns.js';

const { turns, memory } = workerData as { readonly turns: SharedArrayBuffer; readonly memory: SharedArrayBuffer };
const words = new Int32Array(turns);

// The director notes which scenario this run is of.
serveRuns(words, () => playForks(ALL_FORK_SCENARIOS[words[NOTES + SCENARIO]!]!, 1, words, memory));
