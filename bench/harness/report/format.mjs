/** Numbers and phrases of the report. */

/** Three significant digits, thousands grouped. */
export function number(value) {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A spread as `median (min–max)`. */
export function spread({ median, min, max }, unit) {
  if (unit === 'yes/no') return median === 1 ? 'yes' : 'no';
  return `${number(median)} (${number(min)}–${number(max)})`;
}

/** `12.3x (11.0–13.4)`, or a dash. */
export function ratio({ ratio: value, ratioMin, ratioMax }) {
  return value === undefined ? '–' : `${number(value)}x (${number(ratioMin)}–${number(ratioMax)})`;
}

/** What is to be reached, in words; empty when nothing is. */
export function target({ target: wanted, unit }) {
  if (wanted === undefined) return '';
  const unitText = unit === 'yes/no' ? '' : unit === 'x' ? 'x' : ` ${unit}`;
  if (wanted.min !== undefined) return unit === 'yes/no' ? 'yes' : `≥ ${wanted.min}${unitText}`;
  if (wanted.max !== undefined) return `≤ ${wanted.max}${unitText}`;
  return `≥ ${wanted.ratio}x ${wanted.over ?? 'the best peer'}`;
}

/** Whether it was reached: with the ratio over the named peer, when the target names one. */
export function verdict({ reached, targetRatio }) {
  if (reached === undefined) return '';
  return `${reached ? 'yes' : 'no'}${targetRatio === undefined ? '' : ` (${number(targetRatio)}x)`}`;
}

/** The value of an entry for a metric, or why there is none. */
export function cell(entry, metric) {
  const values = entry.values[metric.key];
  return values === undefined ? '–' : spread(values, metric.unit);
}

/** Status and note of an entry; empty when all is well. */
export function remark({ status, note }) {
  const text = status === 'failed' ? `failed: ${note}` : (note ?? '');
  return text;
}
