/** What the progress of a run looks like: pure functions of a snapshot. */
import { formatCount, formatDuration, formatLatency, formatRate } from './format.js';

export interface Progress {
  /** Inputs with an outcome, failed ones and those skipped by a resume included. */
  readonly done: number;
  readonly failed: number;
  /** `undefined` for a stream of unknown length. */
  readonly total: number | undefined;
  readonly elapsedMs: number;
  /** Inputs a second, over the last seconds. */
  readonly ratePerSecond: number;
  readonly busy: number;
  readonly workers: number;
  /** Percentiles of an attempt's time; `undefined` before the first has ended. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

const BAR_WIDTH_MAX = 24;
const BAR_WIDTH_MIN = 6;
/** Blocks an eighth of a cell apart. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** One line of at most `width` columns: `▐███▌   ▌  6,412/10,000  64%  1,204/s  eta 3s  2 failed  8/8 busy  p50 5.9ms p99 21ms`. */
export function renderBar(progress: Progress, width: number, colour: boolean): string {
  const segments = barSegments(progress);
  let kept = fitted(segments, width);
  const used = lengthOf(kept);
  const room = width - used - 4;
  if (progress.total !== undefined && room >= BAR_WIDTH_MIN)
    kept = [{ text: bar(progress.done / Math.max(1, progress.total), Math.min(BAR_WIDTH_MAX, room)), colour: 'cyan', rank: 0 }, ...kept];
  return kept.map((segment) => paint(segment, colour)).join('  ');
}

interface Segment {
  readonly text: string;
  readonly colour?: 'cyan' | 'red' | 'dim';
  /** The highest go first when the line is too narrow. */
  readonly rank: number;
}

function barSegments(progress: Progress): Segment[] {
  const { done, failed, total, busy, workers, p50Ms, p99Ms } = progress;
  const eta = etaMs(progress);
  const segments: Segment[] = [{ text: countText(done, total), rank: 0 }];
  if (total !== undefined && total > 0) segments.push({ text: `${Math.floor((100 * done) / total)}%`, rank: 4 });
  segments.push({ text: formatRate(progress.ratePerSecond), rank: 3 });
  segments.push(eta === undefined ? { text: formatDuration(progress.elapsedMs), rank: 5, colour: 'dim' } : { text: `eta ${formatDuration(eta)}`, rank: 2 });
  if (failed > 0) segments.push({ text: `${formatCount(failed)} failed`, rank: 1, colour: 'red' });
  segments.push({ text: `${busy}/${workers} busy`, rank: 6 });
  if (p50Ms !== undefined && p99Ms !== undefined) segments.push({ text: `p50 ${formatLatency(p50Ms)} p99 ${formatLatency(p99Ms)}`, rank: 7, colour: 'dim' });
  return segments;
}

/** Drops segments, least wanted first, until the rest fit; the count stays, cut if need be. */
function fitted(segments: readonly Segment[], width: number): Segment[] {
  let kept = [...segments];
  while (kept.length > 1 && lengthOf(kept) > width) {
    const worst = Math.max(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== worst);
  }
  const [first] = kept;
  return kept.length === 1 && first !== undefined && first.text.length > width ? [{ ...first, text: first.text.slice(0, Math.max(0, width)) }] : kept;
}

function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { text }) => sum + text.length, 2 * (segments.length - 1));
}

function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return `▐${('█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]).padEnd(width)}▌`;
}

function countText(done: number, total: number | undefined): string {
  return total === undefined ? `${formatCount(done)} done` : `${formatCount(done)}/${formatCount(total)}`;
}

const CODES = { cyan: 36, red: 31, dim: 2 } as const;

function paint({ text, colour }: Segment, on: boolean): string {
  return on && colour !== undefined ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

/** Time to the end at the present rate; `undefined` when there is no end or no rate. */
export function etaMs({ done, total, ratePerSecond }: Progress): number | undefined {
  return total === undefined || ratePerSecond <= 0 ? undefined : (Math.max(0, total - done) / ratePerSecond) * 1_000;
}

/** A line for logs: `6,412/10,000 (64%), 1,204/s, eta 3s, 2 failed, 8 of 8 workers busy, p50 5.9ms, p99 21ms`. */
export function renderPlain(progress: Progress): string {
  const { done, failed, total, busy, workers, p50Ms, p99Ms, ratePerSecond } = progress;
  const eta = etaMs(progress);
  const parts = [
    `${countText(done, total)}${total === undefined || total === 0 ? '' : ` (${Math.floor((100 * done) / total)}%)`}`,
    formatRate(ratePerSecond),
    ...(eta === undefined ? [] : [`eta ${formatDuration(eta)}`]),
    `${formatCount(failed)} failed`,
    `${busy} of ${workers} workers busy`,
    ...(p50Ms === undefined || p99Ms === undefined ? [] : [`p50 ${formatLatency(p50Ms)}`, `p99 ${formatLatency(p99Ms)}`]),
  ];
  return parts.join(', ');
}

/** A line for programs. */
export function renderJson(progress: Progress): string {
  const eta = etaMs(progress);
  const rounded = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value * 1_000) / 1_000);
  return JSON.stringify({
    done: progress.done,
    failed: progress.failed,
    total: progress.total ?? null,
    elapsedMs: Math.round(progress.elapsedMs),
    ratePerSecond: rounded(progress.ratePerSecond),
    etaMs: eta === undefined ? null : Math.round(eta),
    busy: progress.busy,
    workers: progress.workers,
    p50Ms: rounded(progress.p50Ms),
    p99Ms: rounded(progress.p99Ms),
  });
}
