/**
 * The rounds of one case: A B C … A B C …, each contender in a fresh process every time, so that what disturbs the machine disturbs all alike and
 * no heap or compiled code is shared.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { work } from '../tasks/functions.mjs';
import { finalistsOf } from './screening.mjs';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
const LIMIT_MS = 90_000;
const END_BY_ITSELF_MS = 3_000;
const STDERR_KEPT = 600;

/**
 * Runs the rounds; resolves to one `{ entry, answers, screened }` an entry, with the answers of all its rounds. An entry that did not answer well is not
 * asked again: its first answer tells why. With `screening` the first round decides who takes part in the others. No process
 * lives on beyond `giveUpAt` on the clock of `performance.now()`.
 */
export async function runRounds({ benchCase, entries }, { rounds, screening, giveUpAt = Infinity, ...settings }, onAnswer = () => {}) {
  const results = entries.map((entry) => ({ entry, answers: [], screened: false }));
  const count = Math.min(rounds, benchCase.roundsMax ?? Infinity);
  for (let round = 0; round < count; round++) {
    for (const { entry, answers } of results.filter(goesOn)) {
      const limitMs = Math.min(benchCase.limitMs ?? LIMIT_MS, Math.max(1, giveUpAt - performance.now()));
      const answer = await runChild(requestFor(benchCase, entry, settings, answers[0]?.passTasks), { ...benchCase, limitMs });
      answers.push(answer);
      onAnswer(entry, answer, round);
    }
    if (screening && round === 0 && count > 1) screenOut(benchCase, results);
  }
  return results;
}

const goesOn = ({ answers, screened }) => !screened && answers.every(({ status }) => status === 'ok');

function screenOut(benchCase, results) {
  const names = finalistsOf(benchCase, results);
  for (const result of results) result.screened = goesOn(result) && !names.has(result.entry.label);
}

function requestFor(benchCase, { contender, kind, variant, asItComes }, { threads, quick, iterationsPerUs }, passTasks) {
  return { case: benchCase.name, contender: contender.name, kind, variant, asItComes, threads, quick, iterationsPerUs, passTasks };
}

/** Runs one measuring process; resolves to its answer, or to a failed one when there is none within the limit. */
function runChild(request, { limitMs, nodeArgs = [], endsByItself = false }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', ...nodeArgs, CHILD, JSON.stringify(request)], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    let text = '';
    let stderr = '';
    let killed = false;
    const kill = () => {
      killed = true;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(kill, limitMs);
    child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr = (stderr + chunk).slice(-STDERR_KEPT)));
    child.stdio[3].setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (!endsByItself || !text.endsWith('\n')) return;
      clearTimeout(timer);
      timer = setTimeout(kill, END_BY_ITSELF_MS);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const answer = text.endsWith('\n') ? JSON.parse(text) : noAnswer({ killed, limitMs, code, signal, stderr });
      if (endsByItself && answer.status === 'ok') answer.values.endedByItself = killed ? 0 : 1;
      resolve(answer);
    });
  });
}

function noAnswer({ killed, limitMs, code, signal, stderr }) {
  const why = killed ? `no answer within ${Math.round(limitMs / 1000)} s` : `ended with ${signal ?? `code ${code}`} before it answered`;
  const lines = stderr.trim().split('\n');
  return { status: 'failed', note: stderr === '' ? why : `${why}: ${lines.find((line) => /error/i.test(line)) ?? lines.at(-1)}` };
}

/** How many iterations of `work` take a microsecond here: the best of several tries, so that every contender gets the same fixed work. */
export function calibrate() {
  const iterations = 2_000_000;
  let best = Infinity;
  for (let i = 0; i < 10; i++) {
    const started = performance.now();
    work(iterations);
    best = Math.min(best, performance.now() - started);
  }
  return iterations / (best * 1000);
}
