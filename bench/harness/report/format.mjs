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
  if (value === undefined) return '–';
  return ratioMin === ratioMax ? `${number(value)}x` : `${number(value)}x (${number(ratioMin)}–${number(ratioMax)})`;
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
  if (values === undefined) return '–';
  return values.all.length === 1 && metric.unit !== 'yes/no' ? number(values.median) : spread(values, metric.unit);
}

/** What there is to say of an entry: how it failed, its note, the length of its passes, and that it was screened out. */
export function remark({ status, note, passTasks, screened }) {
  if (status === 'failed') return `failed: ${note}`;
  const remarks = [note, passTasks && `passes of ${number(passTasks)}`, screened && 'screening round only'];
  return remarks.filter(Boolean).join('; ');
}
