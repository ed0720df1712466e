/** The report as a page: the ratios first, then every contender's figures and configuration. */
import { cell, number, ratio, remark, target, verdict } from './format.mjs';

const SCREENED = `
The first round is the screening: a peer that was neither the best in it nor close has the figure of that one round.`;

export function markdown({ machine, warning, rounds, threads, quick, screening, seconds, versions, cases }) {
  return `# Benchmark results

Written by \`npm run bench\`; do not edit. ${quick ? 'A quick run with fewer tasks: not for quoting. ' : ''}All contenders took turns in one run of ${rounds === 1 ? 'one round' : `${rounds} rounds`} (${threads} threads unless a case says otherwise), each
in a fresh process every time. Figures are medians with (min–max). A ratio is millrace over the best peer of that case, above 1 is better.${screening ? SCREENED : ''}

Machine: ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform} ${machine.arch}, Node ${machine.node}. Versions: ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}. The run took ${Math.ceil(seconds / 60)} minutes.

${warning === undefined ? '' : `**Warning:** ${warning}.\n\n`}![Ratios](latest.svg)

${table(['case', 'metric', 'millrace', 'best peer', 'ratio', 'target', 'reached'], cases.flatMap(overview))}

${cases.map(details).join('\n')}`;
}

function overview(summary) {
  const ours = summary.entries.find(({ name }) => name === 'millrace');
  return summary.metrics.map((metric) => {
    const peer = summary.entries.find(({ name }) => name === metric.bestPeer)?.values[metric.key];
    const value = ours === undefined ? '–' : ours.status === 'ok' ? cell(ours, metric) : remark(ours);
    const best = peer === undefined || metric.compared === false ? '–' : `${metric.bestPeer} ${number(peer.median)}`;
    return [summary.title, unit(metric), value, best, ratio(metric), target(metric), verdict(metric)];
  });
}

function details(summary) {
  const rows = summary.entries.map((entry) => [
    entry.name + (entry.reference ? ' (no peer)' : ''),
    ...summary.metrics.map((metric) => cell(entry, metric)),
    entry.variant,
    remark(entry),
  ]);
  return `## ${summary.title}\n\n\`--case ${summary.name}\`\n\n${table(['', ...summary.metrics.map(unit), 'configuration', 'remark'], rows)}\n`;
}

const unit = (metric) => (metric.unit === 'yes/no' ? metric.label : `${metric.label}, ${metric.unit}`);

function table(head, rows) {
  const line = (cells) => `| ${cells.map((text) => String(text).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
