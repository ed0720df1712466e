/** Means over seeds, with what chance leaves of them. */

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Half width of the 95 % confidence interval of the mean (normal: 20 seeds are enough for it). */
export function halfWidth(values) {
  if (values.length < 2) return 0;
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  return 1.96 * Math.sqrt(variance / values.length);
}

/** `12.3 ± 0.4` */
export function withInterval(values, digits = 2) {
  const width = halfWidth(values);
  return `${short(mean(values), digits)}${width === 0 ? '' : ` ± ${short(width, digits)}`}`;
}

export function short(value, digits = 2) {
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(digits + 1)));
}

/** Erlang's formula: the wait that a share `1 - q` of tasks exceeds, in ms, for M/M/n. */
export function erlangWaitMs(servers, offered, serviceMs, q) {
  let inverseB = 1;
  for (let n = 1; n <= servers; n += 1) inverseB = 1 + (inverseB * n) / offered;
  const blocked = 1 / inverseB;
  const waits = (servers * blocked) / (servers - offered * (1 - blocked));
  return Math.max(0, (Math.log(waits / (1 - q)) * serviceMs) / (servers - offered));
}
