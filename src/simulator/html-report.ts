/** A report as one page that needs nothing else: numbers, charts, decisions. */
import type { CostPoint } from './pareto.js';
import type { SimulationReport } from './report.js';
import { escapeXml, svgChart } from './svg-chart.js';
import type { ChartLine } from './svg-chart.js';

const STYLE =
  'body{font:14px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1f2328}table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #d8dee4}td:first-child,th:first-child{text-align:left}svg{display:block;margin:1em 0;max-width:100%;height:auto}.bad{color:#cf222e}details{margin:1em 0}';
const DECISIONS_SHOWN = 200;

/**
 * One self-contained HTML page over runs of the same scenario, one a policy.
 *
 * @param costs cost against wait for other settings, drawn as a chart when there are any
 */
export function htmlReport(reports: readonly SimulationReport[], costs: readonly CostPoint[] = []): string {
  const title = reports[0]?.scenario ?? 'simulation';
  const body = [
    `<h1>${escapeXml(title)}</h1>`,
    `<p>Simulated by millrace, seed ${reports[0]?.seed ?? 1}, ${((reports[0]?.durationMs ?? 0) / 1_000).toFixed(0)} s of traffic.</p>`,
    summaryTable(reports),
    ...reports.flatMap((report) => report.checks.violations.map((violation) => `<p class="bad">${escapeXml(report.policy)}: ${escapeXml(violation)}</p>`)),
    ...(costs.length === 0 ? [] : [costChart(costs)]),
    ...reports.flatMap(chartsOf),
    ...reports.map(decisionsOf),
    '<details><summary>All numbers as JSON</summary><pre>',
    escapeXml(
      JSON.stringify(
        reports.map(({ series: _series, decisions: _decisions, ...numbers }) => numbers),
        undefined,
        2,
      ),
    ),
    '</pre></details>',
  ];
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escapeXml(title)}</title><style>${STYLE}</style></head><body>\n${body.join('\n')}\n</body></html>\n`;
}

function summaryTable(reports: readonly SimulationReport[]): string {
  const heads = [
    'policy',
    'wait p50',
    'p99',
    'p99.9',
    'max (ms)',
    'beyond target',
    'workers mean',
    'max',
    'worker-s',
    'boots',
    'used',
    'changes',
    'reversals',
    'regret',
  ];
  const rows = reports.map(({ policy, wait, target, cost, stability, optimum }) => [
    policy,
    ...[wait.p50, wait.p99, wait.p999, wait.max].map((ms) => ms.toFixed(1)),
    `${(100 * target.missShare).toFixed(2)} %`,
    cost.workersMean.toFixed(2),
    String(cost.workersMax),
    cost.workerS.toFixed(0),
    String(cost.boots),
    `${(100 * cost.utilisation).toFixed(0)} %`,
    String(stability.actions),
    String(stability.reversals),
    optimum.regret.toFixed(2),
  ]);
  const cells = (row: readonly string[], tag: string): string => `<tr>${row.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${cells(heads, 'th')}${rows.map((row) => cells(row, 'td')).join('')}</table>`;
}

function chartsOf({ policy, series }: SimulationReport): string[] {
  const line = (name: string, values: readonly number[]): ChartLine => ({
    name,
    points: values.map((value, index) => [((index + 1) * series.intervalMs) / 1_000, value] as const),
  });
  const chart = (title: string, yLabel: string, lines: readonly ChartLine[]): string =>
    svgChart({ title: `${policy}: ${title}`, xLabel: 'seconds', yLabel, lines });
  return [
    chart('workers', 'workers', [line('workers', series.workers), line('busy', series.busy)]),
    chart('traffic', 'tasks/s', [line('arrivals', series.arrivalsPerS), line('completions', series.completionsPerS)]),
    chart('wait', 'ms', [line('longest', series.waitMaxMs), line('mean', series.waitMeanMs)]),
    chart('queue', 'tasks', [line('waiting', series.depth)]),
  ];
}

function costChart(costs: readonly CostPoint[]): string {
  const policies = [...new Set(costs.map(({ policy }) => policy))];
  const lines = policies.map((policy) => {
    const points = costs.filter((point) => point.policy === policy);
    return {
      name: policy,
      points: points.map(({ workerS, waitP99Ms }) => [workerS, Math.max(0.1, waitP99Ms)] as const),
      labels: points.map(({ setting }) => setting),
    };
  });
  return svgChart({ title: 'cost against wait', xLabel: 'worker-seconds', yLabel: 'p99 ms', lines, height: 360, logY: true });
}

function decisionsOf({ policy, decisions }: SimulationReport): string {
  const rows = decisions
    .slice(0, DECISIONS_SHOWN)
    .map(
      ({ atMs, from, to, reason }) =>
        `<tr><td>${(atMs / 1_000).toFixed(2)} s</td><td>${from} to ${to}</td><td style="text-align:left">${escapeXml(reason)}</td></tr>`,
    );
  const more = decisions.length > DECISIONS_SHOWN ? `<p>and ${decisions.length - DECISIONS_SHOWN} more</p>` : '';
  return `<details><summary>${decisions.length} decisions of ${escapeXml(policy)}</summary><table>${rows.join('')}</table>${more}</details>`;
}
