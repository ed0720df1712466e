/** `millrace simulate [scenario.json]`: a pool under a given traffic, in virtual time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { costCurve, htmlReport, paretoFront, planSize, simulate } from '../../simulator/door.js';
import type { CostPoint, Scenario, SimulationReport } from '../../simulator/door.js';
import { parseCommandLine } from '../command-line.js';
import type { FlagValues } from '../command-line.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { wholeFlag } from '../flag-parsers.js';
import { formatCount, formatDuration, formatLatency } from '../format.js';
import { commandHelp } from '../help.js';
import type { Host } from '../host.js';
import { packageInfo } from '../package-info.js';
import { readScenario } from '../simulation/read-scenario.js';
import { Screen } from '../screen.js';
import { renderTable } from '../table.js';

const POLICIES_DEFAULT: readonly string[] = ['adaptive', 'queue-depth', 'threshold'];

/** Resolves to the exit code. */
export async function simulateCommand(argv: readonly string[], host: Host): Promise<number> {
  const { flags, positionals, groups } = parseCommandLine('simulate', argv, host.env);
  if (flags.on('help') || flags.on('version')) {
    host.stdout.write(flags.on('help') ? commandHelp('simulate') : `${packageInfo().version}\n`, () => {});
    return EXIT.ok;
  }
  if (positionals.length > 1 || groups.length > 0) throw new CommandError('simulate: expected one scenario file at most');
  const scenario = readScenario(positionals[0], flags, (path) => readText(resolve(host.cwd, path), path));
  const seed = wholeFlag(flags, 'seed', 0) ?? 1;
  const screen = new Screen(host.stderr, host.env);
  if (flags.on('plan')) {
    await write(host, await planText(scenario, policiesOf(flags, scenario)[0] as string, seed, screen));
    return EXIT.ok;
  }
  const reports = await runPolicies(scenario, policiesOf(flags, scenario), seed, screen);
  const costs = flags.on('pareto') ? await costCurve(scenario, seed) : [];
  await write(host, `${summary(reports)}\n${costs.length === 0 ? '' : `\n${costTable(costs)}\n`}`);
  save(flags, host, reports, costs);
  const broken = reports.flatMap(({ policy, checks }) => checks.violations.map((violation) => `${policy}: ${violation}`));
  for (const violation of broken) screen.print(`millrace: ${violation}; please report this with the command you ran`);
  return broken.length > 0 ? EXIT.failed : EXIT.ok;
}

function policiesOf(flags: FlagValues, { pool }: Scenario): readonly string[] {
  const named = flags.list('policy').flatMap((text) => text.split(','));
  if (named.length > 0) return named;
  return typeof pool?.policy === 'string' ? [pool.policy] : POLICIES_DEFAULT;
}

async function runPolicies(scenario: Scenario, policies: readonly string[], seed: number, screen: Screen): Promise<SimulationReport[]> {
  const reports: SimulationReport[] = [];
  for (const policy of policies) {
    screen.status(`simulating ${policy}…`);
    reports.push(await simulate(scenario, { seed, policy }));
  }
  screen.status('');
  return reports;
}

function summary(reports: readonly SimulationReport[]): string {
  const [first] = reports as [SimulationReport];
  const head = `${first.scenario}: ${formatCount(first.tasks.arrived)} tasks in ${formatDuration(first.durationMs)}, seed ${first.seed}; the optimum in hindsight takes ${formatCount(first.optimum.workerS)} worker-s, ${first.optimum.fixedWorkers} fixed workers are the best of all fixed sizes\n`;
  const rows = reports.map(({ policy, wait, target, cost, stability, optimum }) => [
    policy,
    ...[wait.p50, wait.p99, wait.max].map(formatLatency),
    `${(100 * target.missShare).toFixed(2)}%`,
    `${cost.workersMean.toFixed(1)}/${cost.workersMax}`,
    formatCount(cost.workerS),
    formatCount(cost.boots),
    `${(100 * cost.utilisation).toFixed(0)}%`,
    `${stability.actions}/${stability.reversals}`,
    optimum.regret.toFixed(2),
  ]);
  const titles = [
    'policy',
    'wait p50',
    'p99',
    'longest',
    `> ${formatLatency(first.target.waitMs)}`,
    'workers mean/max',
    'worker-s',
    'boots',
    'used',
    'changes/reversals',
    'regret',
  ];
  return `${head}\n${renderTable(
    titles.map((title, index) => ({ title, align: index === 0 ? ('left' as const) : ('right' as const) })),
    rows,
  )}`;
}

function costTable(costs: readonly CostPoint[]): string {
  const front = new Set(paretoFront(costs));
  const rows = [...costs]
    .sort((a, b) => a.workerS - b.workerS)
    .map((point) => [point.policy, point.setting, formatCount(point.workerS), formatLatency(point.waitP99Ms), front.has(point) ? 'yes' : '']);
  const columns = ['policy', 'setting', 'worker-s', 'wait p99', 'nothing is better'].map((title, index) => ({
    title,
    align: index < 2 ? ('left' as const) : ('right' as const),
  }));
  return renderTable(columns, rows);
}

async function planText(scenario: Scenario, policy: string, seed: number, screen: Screen): Promise<string> {
  const plan = await planSize(scenario, {
    seed,
    policy,
    onRun: ({ min, max, waitP99Ms }) => screen.status(`size ${min} to ${max}: p99 wait ${formatLatency(waitP99Ms)}`),
  });
  screen.status('');
  const { best, fixed, met, waitTargetMs } = plan;
  const lines = [
    met
      ? `p99 wait ${formatLatency(best.waitP99Ms)} (target ${formatLatency(waitTargetMs)}) with`
      : `no size reaches a p99 wait of ${formatLatency(waitTargetMs)}: the best is ${formatLatency(best.waitP99Ms)} with`,
    '',
    `  size: { min: ${best.min}, max: ${best.max} }, policy: '${policy}'`,
    '',
    `${formatCount(best.workerS)} worker-s; a fixed size of ${fixed.max} would take ${formatCount(fixed.workerS)} for ${formatLatency(fixed.waitP99Ms)}.`,
    `${plan.runs.length} simulations, seed ${seed}.`,
  ];
  return `${lines.join('\n')}\n`;
}

function save(flags: FlagValues, host: Host, reports: readonly SimulationReport[], costs: readonly CostPoint[]): void {
  const [json, html] = [flags.text('json'), flags.text('html')];
  if (json !== undefined) writeFileSync(resolve(host.cwd, json), `${JSON.stringify(costs.length === 0 ? reports : { reports, costs })}\n`);
  if (html !== undefined) writeFileSync(resolve(host.cwd, html), htmlReport(reports, costs));
}

function readText(file: string, shown: string): string {
  try {
    const bytes = readFileSync(file);
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  } catch (error) {
    throw new CommandError(`${shown}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function write(host: Host, text: string): Promise<void> {
  return new Promise((done) => host.stdout.write(text, () => done()));
}
