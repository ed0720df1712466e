/**
 * The measuring process: one case, one contender, one round, then gone, so that no heap and no compiled code is shared between contenders.
 * Gets `{ case, contender, kind, variant, asItComes, threads, quick, iterationsPerUs, passTasks }` as its only argument, answers with one line of JSON on descriptor 3:
 * `{ status: 'ok', values, note, passTasks }`, `{ status: 'not available', note }` or `{ status: 'failed', note }`.
 */
import { writeSync } from 'node:fs';
import { contenders } from '../contenders/index.mjs';
import { cases } from '../cases/index.mjs';
import { NotAvailable, startCold, startWarm } from './start.mjs';

const ANSWER_FD = 3;

const request = JSON.parse(process.argv[2]);
const benchCase = cases.find((candidate) => candidate.name === request.case);
const contender = contenders.find((candidate) => candidate.name === request.contender);
const kind = request.kind;
const threads = benchCase.threads ?? request.threads;
const config = contender.variants[kind][request.variant];
const options = { kind, threads, config, module: benchCase.module };

const CLOSE_LIMIT_MS = 2_000;
const handles = [];

async function opened(starting) {
  const handle = await starting;
  handles.push(handle);
  return handle;
}

const setting = {
  contender,
  threads,
  params: { ...benchCase.params, ...(request.quick ? benchCase.quick : {}) },
  iterationsPerUs: request.iterationsPerUs,
  passTasks: request.passTasks,
  asItComes: request.asItComes === true,
  start: () => opened(startWarm(contender, options)),
  startCold: () => opened(startCold(contender, options)),
};

/** Synchronous, so that it is out before the process ends. */
function answer(message) {
  writeSync(ANSWER_FD, JSON.stringify(message) + '\n');
}

try {
  const { note, passTasks, ...values } = await benchCase.measure(setting);
  answer({ status: 'ok', values, note, passTasks });
} catch (error) {
  if (error instanceof NotAvailable) answer({ status: 'not available', note: error.message });
  else answer({ status: 'failed', note: String(error?.message ?? error) });
}
// A case that asks whether the process ends by itself must not be helped to end.
if (!benchCase.endsByItself) await end();

/** Closes the pools, so that no worker outlives this process and disturbs the next one's round; not those with a mountain of tasks left. */
async function end() {
  process.on('unhandledRejection', () => {});
  const limit = new Promise((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS));
  if (!benchCase.abandons) await Promise.race([limit, Promise.allSettled(handles.map((handle) => handle.close()))]);
  process.exit(0);
}
