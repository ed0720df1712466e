/** Numbers as people read them. Pure. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,204`. */
export function formatCount(count: number): string {
  return WHOLE.format(count);
}

/** `0.4/s`, `12.3/s`, `1,204/s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond < 100 ? perSecond.toFixed(1) : formatCount(perSecond)}/s`;
}

/** A measured time: `0.05ms`, `5.9ms`, `210ms`, `1.25s`, then as {@link formatDuration}. */
export function formatLatency(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)}ms`;
  if (ms < 100) return `${ms.toFixed(1)}ms`;
  if (ms < 1_000) return `${ms.toFixed(0)}ms`;
  return ms < 10_000 ? `${(ms / 1_000).toFixed(2)}s` : formatDuration(ms);
}

/** A span of time: `0.4s`, `12s`, `3m04s`, `1h02m`, `2d03h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 1_440 ? `${Math.floor(minutes / 60)}h${two(minutes % 60)}m` : `${Math.floor(minutes / 1_440)}d${two(Math.floor((minutes % 1_440) / 60))}h`;
}

/** `812 B`, `1.4 KB`, `23 MB` (powers of 1024). */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit]}`;
}

const UNITS: readonly string[] = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `1 input`, `2 inputs`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Cuts a text that is too long for a message, on one line. */
export function shorten(text: string, lengthMax: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
