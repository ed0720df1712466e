/** The saturation curve, in the terminal and as SVG. Pure. */
import { svgChart } from '../../simulator/svg-chart.js';
import { formatLatency, formatRate } from '../format.js';
import { renderTable } from '../table.js';
import type { Saturation } from './saturation.js';

const BAR_LENGTH = 40;

/** A row for each measurement, with a bar of its throughput; the knee is marked. */
export function curveTable(all: readonly Saturation[]): string {
  const most = Math.max(...all.flatMap(({ points }) => points.map(({ throughputPerS }) => throughputPerS)));
  const rows = all.flatMap(({ kind, points, knee }, index) => [
    ...(index === 0 ? [] : [undefined]),
    ...points.map((point) => [
      kind,
      String(point.atOnce),
      formatRate(point.throughputPerS),
      formatLatency(point.latencyMeanMs),
      formatLatency(point.latencyP99Ms),
      `${'█'.repeat(Math.round((BAR_LENGTH * point.throughputPerS) / most))}${point === knee ? ' <- knee' : ''}`,
    ]),
  ]);
  return renderTable(
    [
      { title: 'worker', align: 'left' },
      { title: 'at once', align: 'right' },
      { title: 'throughput', align: 'right' },
      { title: 'mean', align: 'right' },
      { title: 'p99', align: 'right' },
      { title: '', align: 'left' },
    ],
    rows,
  );
}

/** Throughput and p99 latency over tasks at once. */
export function curveSvg(title: string, all: readonly Saturation[]): string {
  const throughput = svgChart({
    title: `${title}: throughput`,
    xLabel: 'tasks at once',
    yLabel: 'tasks/s',
    lines: all.map(({ kind, points }) => ({ name: kind, points: points.map(({ atOnce, throughputPerS }) => [atOnce, throughputPerS] as const) })),
  });
  const latency = svgChart({
    title: `${title}: p99 latency`,
    xLabel: 'tasks at once',
    yLabel: 'ms',
    lines: all.map(({ kind, points }) => ({ name: kind, points: points.map(({ atOnce, latencyP99Ms }) => [atOnce, latencyP99Ms] as const) })),
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 450" width="720" height="450">\n<g>${throughput}</g>\n<g transform="translate(0 230)">${latency}</g>\n</svg>\n`;
}
