/** The report for the terminal: one block a case, printed as soon as it is measured. */
import { cell, ratio, remark, target, verdict } from './format.mjs';

export function caseTable(summary) {
  const { metrics } = summary;
  const head = ['', ...metrics.map(({ label, unit }) => (unit === 'yes/no' ? label : `${label}, ${unit}`)), 'configuration', ''];
  const rows = summary.entries.map((entry) => [
    `${entry.name}${entry.reference ? ' (no peer)' : ''}`,
    ...metrics.map((metric) => cell(entry, metric)),
    entry.variant,
    remark(entry),
  ]);
  return `${summary.name}: ${summary.title} (${summary.seconds} s)\n${columns([head, ...rows])}\n${metrics.map(conclusion).join('')}`;
}

function conclusion(metric) {
  const wanted = target(metric);
  if (metric.ratio === undefined && wanted === '') return '';
  const versus = metric.ratio === undefined ? '' : ` ${ratio(metric)} over ${metric.bestPeer}`;
  const goal = wanted === '' ? '' : `; target ${wanted}${metric.reached === undefined ? '' : `: ${verdict(metric)}`}`;
  return `  -> ${metric.label}${versus}${goal}\n`;
}

/** The variants of `--tune`, best first by the first metric. */
export function tuneTable(summary) {
  const [metric] = summary.metrics;
  const sign = metric.better === 'higher' ? -1 : 1;
  const rank = (entry) => (entry.values[metric.key] === undefined ? Infinity : sign * entry.values[metric.key].median);
  return caseTable({
    ...summary,
    metrics: summary.metrics.map(({ key, label, unit }) => ({ key, label, unit })),
    entries: [...summary.entries].sort((a, b) => rank(a) - rank(b)),
  });
}

function columns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      `  ${row.map((text, column) => (column === 0 || column >= row.length - 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join('  ')}`.trimEnd(),
    )
    .join('\n');
}
