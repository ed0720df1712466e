/** Plays the rounds of a plan and says what held; started by `main.ts`. */
import { join } from 'node:path';
import { readArguments } from './arguments.js';
import { playEpisode } from './episode.js';
import type { EpisodeReport } from './episode.js';
import { describe, leaks, takeStock } from './leaks.js';
import type { Holdings } from './leaks.js';
import { FAULTS_PER_ROUND, makeRound } from './plan.js';
import type { Round } from './plan.js';
import type { Gap } from './recovery.js';

/** Rounds of a minute: 24 faults each, so 1,000 in ten minutes. */
const ROUNDS_PER_MINUTE = 4.2;
/** A busy machine may take this much longer than planned; what is left then is skipped. */
const OVERTIME = 1.5;
const VIOLATIONS_SHOWN = 12;

const [folder = '', ...rest] = process.argv.slice(2);
const { minutes, seed, round: only } = readArguments(rest);
const rounds = only === undefined ? Math.max(2, Math.ceil(minutes * ROUNDS_PER_MINUTE)) : 1;
const startedAt = performance.now();
const sum = { passed: 0, failed: 0, skipped: 0, faults: 0, tasks: 0 };
const gaps: Gap[] = [];
const stocks: Holdings[] = [];

console.log(`chaos with seed ${seed}: ${rounds} rounds of ${FAULTS_PER_ROUND} faults`);
for (let at = 0; at < rounds; at += 1) {
  const late = performance.now() - startedAt > minutes * 60_000 * OVERTIME;
  if (late && at >= 2 && only === undefined) sum.skipped += FAULTS_PER_ROUND;
  else await playRound(makeRound(seed, only ?? at));
}
judgeLeaks();
console.log(`\n${sum.faults} faults, ${sum.tasks} tasks, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
gaps.sort((a, b) => a.ms - b.ms);
const gap = (share: number): string => {
  const { ms, gone, bootMs } = gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))] ?? { ms: 0, gone: 0, bootMs: 0 };
  return `${ms.toFixed(0)} ms (${gone} of them, a start took up to ${bootMs.toFixed(0)} ms)`;
};
console.log(`${gaps.length} times workers were missing: median ${gap(0.5)}, p95 ${gap(0.95)}, longest ${gap(1)}`);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 ? 0 : 1;

async function playRound(round: Round): Promise<void> {
  const begunAt = performance.now();
  const lanes = round.lanes.map(async (episodes, lane) => {
    const reports: EpisodeReport[] = [];
    for (const [index, episode] of episodes.entries()) reports.push(await playEpisode(episode, join(folder, `${round.number}-${lane}-${index}`)));
    return reports;
  });
  const reports = (await Promise.all(lanes)).flat();
  const problems = reports.flatMap(problemsOf);
  for (const report of reports) count(report);
  const stock = await takeStock(stocks[0]);
  stocks.push(stock);
  const tasks = reports.reduce((total, report) => total + report.tasks, 0);
  console.log(`round ${round.number}: ${tasks} tasks in ${((performance.now() - begunAt) / 1000).toFixed(1)} s; ${describe(stock)}`);
  if (problems.length === 0) return;
  console.log(
    problems
      .slice(0, VIOLATIONS_SHOWN)
      .map((problem) => `  ${problem}`)
      .join('\n'),
  );
  console.log(`  repeat it: npm run chaos -- --seed ${seed} --round ${round.number}`);
}

function problemsOf({ episode, faults, violations }: EpisodeReport): string[] {
  const where = `${episode.kind} x${episode.size}, concurrency ${episode.concurrency}, ${episode.steps.map(({ fault, change }) => `${fault.name}${change.name === 'none' ? '' : ` ${change.name}`}`).join(', ')}, ${episode.ending}`;
  const found = [...faults.flatMap(({ problem }) => problem ?? []), ...violations];
  return found.map((problem) => `${problem}\n    in ${where}`);
}

function count({ faults, violations, tasks, gaps: missing }: EpisodeReport): void {
  for (const { problem } of faults) sum[problem === undefined ? 'passed' : 'failed'] += 1;
  sum[violations.length === 0 ? 'passed' : 'failed'] += 1;
  sum.faults += faults.length;
  sum.tasks += tasks;
  gaps.push(...missing);
}

/** The first round warms everything up; memory is compared from a third of the run on, when all code has been seen. */
function judgeLeaks(): void {
  const first = stocks[0];
  const warm = stocks[Math.max(1, Math.floor(stocks.length / 3))];
  const last = stocks.at(-1);
  if (first === undefined || warm === undefined || last === undefined || last === first) return;
  for (const { what, problem } of leaks({ ...first, heapBytes: warm.heapBytes }, last)) {
    // Too short a run to tell a leak from code that is compiled for the first time.
    if (what === 'memory' && stocks.length < 6) sum.skipped += 1;
    else sum[problem === undefined ? 'passed' : 'failed'] += 1;
    if (problem !== undefined && (what !== 'memory' || stocks.length >= 6))
      console.log(`  ${problem}\n  repeat it: npm run chaos -- --minutes ${minutes} --seed ${seed}`);
  }
}
