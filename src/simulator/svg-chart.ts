/** Charts as SVG text: lines over a common axis, or points. No script, no font, no file besides. */

export interface ChartLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Draws points instead of a line, each with its label. */
  readonly labels?: readonly string[];
  /** Holds each value until the next. */
  readonly stepped?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly ChartLine[];
  /** Default 720 by 220. */
  readonly width?: number;
  readonly height?: number;
  /** A logarithmic y axis, for values above 0. */
  readonly logY?: boolean;
}

const COLOURS: readonly string[] = ['#1f6feb', '#d1590a', '#2da44e', '#8250df', '#bf3989', '#57606a'];
const MARGIN = { top: 26, right: 14, bottom: 34, left: 64 } as const;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
}

/** A chart with axes from 0 (logarithmic ones from the smallest value), a grid and a legend. */
export function svgChart(options: ChartOptions): string {
  const frame = frameOf(options);
  const { width, height } = frame;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${escapeXml(options.title)}">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="15" font-size="13" font-weight="600">${escapeXml(options.title)}</text>`,
    ...grid(frame),
    `<text x="${width - MARGIN.right}" y="${height - 4}" text-anchor="end" fill="#57606a">${escapeXml(options.xLabel)}</text>`,
    `<text x="4" y="15" fill="#57606a">${escapeXml(options.yLabel)}</text>`,
    ...options.lines.map((line, index) => (line.labels === undefined ? path(line, frame, colour(index)) : dots(line, frame, colour(index)))),
    legend(options.lines, width),
    '</svg>',
  ];
  return parts.join('\n');
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function frameOf({ width = 720, height = 220, lines, logY = false }: ChartOptions): Frame {
  const points = lines.flatMap((line) => line.points).filter(([, y]) => Number.isFinite(y) && (!logY || y > 0));
  const xMax = points.reduce((max, [x]) => Math.max(max, x), 0) || 1;
  const yMax = points.reduce((max, [, y]) => Math.max(max, y), 0) || 1;
  const yMin = logY ? points.reduce((min, [, y]) => Math.min(min, y), yMax) : 0;
  const yTicks = logY ? decades(yMin, yMax) : ticks(yMax);
  const top = Math.max(yMax, yTicks.at(-1) ?? yMax);
  const bottom = logY ? Math.min(yMin, yTicks[0] ?? yMin) : 0;
  const share = (y: number): number => (logY ? Math.log(Math.max(y, bottom) / bottom) / Math.max(1e-9, Math.log(top / bottom)) : y / top);
  return {
    width,
    height,
    x: (value) => round(MARGIN.left + (value / xMax) * (width - MARGIN.left - MARGIN.right)),
    y: (value) => round(height - MARGIN.bottom - share(value) * (height - MARGIN.top - MARGIN.bottom)),
    xTicks: ticks(xMax).filter((tick) => tick <= xMax),
    yTicks,
  };
}

/** 0, and four to eight round numbers up to `max`. */
function ticks(max: number): number[] {
  const rough = max / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

function decades(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min));
  const last = Math.ceil(Math.log10(max));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

function grid({ width, height, x, y, xTicks, yTicks }: Frame): string[] {
  const horizontal = yTicks.map(
    (tick) =>
      `<path d="M${MARGIN.left} ${y(tick)}H${width - MARGIN.right}" stroke="#d8dee4"/><text x="${MARGIN.left - 6}" y="${round(y(tick) + 4)}" text-anchor="end" fill="#57606a">${brief(tick)}</text>`,
  );
  const vertical = xTicks.map((tick) => `<text x="${x(tick)}" y="${height - MARGIN.bottom + 14}" text-anchor="middle" fill="#57606a">${brief(tick)}</text>`);
  return [...horizontal, ...vertical];
}

function path({ points, stepped = false }: ChartLine, { x, y }: Frame, stroke: string): string {
  const drawn = points.map(([px, py], index) => (index === 0 ? `M${x(px)} ${y(py)}` : stepped ? `H${x(px)}V${y(py)}` : `L${x(px)} ${y(py)}`));
  return `<path d="${drawn.join('')}" fill="none" stroke="${stroke}" stroke-width="1.4"/>`;
}

function dots({ points, labels = [] }: ChartLine, { x, y, width }: Frame, fill: string): string {
  return points
    .map(([px, py], index) => {
      const left = x(px) > width - 110;
      const label = `<text x="${x(px) + (left ? -6 : 6)}" y="${round(y(py) - 4)}" text-anchor="${left ? 'end' : 'start'}" fill="${fill}">${escapeXml(labels[index] ?? '')}</text>`;
      return `<circle cx="${x(px)}" cy="${y(py)}" r="3.5" fill="${fill}"/>${label}`;
    })
    .join('');
}

function legend(lines: readonly ChartLine[], width: number): string {
  let right = width - MARGIN.right;
  return lines
    .map((line, index) => {
      const end = right;
      right -= 7 * line.name.length + 16;
      return `<text x="${end}" y="15" text-anchor="end" fill="${colour(index)}">${escapeXml(line.name)}</text>`;
    })
    .join('');
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

function brief(value: number): string {
  return value >= 10_000 ? `${Number((value / 1_000).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
