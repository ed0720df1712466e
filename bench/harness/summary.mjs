/** From the answers of all rounds to medians, ratios and targets. */
import { OURS } from '../contenders/index.mjs';
import { advantage, median } from './statistics.mjs';

/**
 * The summary of one case: `{ name, title, metrics, entries }`. An entry is `{ name, variant, reference, screened, status, note, passTasks, values: { [key]:
 * spread } }`, where one that was screened out has the figures of the first round and is no candidate for the best peer; a metric gets `bestPeer`, `ratio` (ours over the best peer's, above 1 is better) with its spread over the rounds, and `reached` for its target.
 */
export function summarise({ name, title, metrics }, results) {
  const entries = results.map((result) => entrySummary(result, metrics));
  return { name, title, metrics: metrics.map((metric) => ({ ...metric, ...compare(metric, entries) })), entries };
}

function entrySummary({ entry: { contender, variant, label }, answers, screened = false }, metrics) {
  const bad = answers.find(({ status }) => status !== 'ok');
  const base = {
    name: label,
    variant,
    reference: contender.reference === true,
    screened,
    status: bad?.status ?? 'ok',
    note: (bad ?? answers.find(({ note }) => note !== undefined))?.note,
    passTasks: answers[0]?.passTasks,
    values: {},
  };
  if (bad !== undefined || answers.length === 0) return base;
  for (const { key } of metrics) base.values[key] = spread(answers.map(({ values }) => values[key]));
  return base;
}

function spread(all) {
  return { median: median(all), min: Math.min(...all), max: Math.max(...all), all };
}

function compare(metric, entries) {
  const ours = entries.find(({ name, status }) => name === OURS && status === 'ok')?.values[metric.key];
  const peers = entries.filter(({ name, reference, screened, status }) => name !== OURS && !reference && !screened && status === 'ok');
  const best = bestOf(metric, peers);
  const versus = ours === undefined || best === undefined || metric.compared === false ? {} : ratioOf(metric, ours, best.values[metric.key]);
  return { bestPeer: best?.name, ...versus, ...target(metric, ours, peers, versus.ratio) };
}

function bestOf(metric, peers) {
  const better = (a, b) => (advantage(a.values[metric.key].median, b.values[metric.key].median, metric) > 1 ? a : b);
  return peers.length === 0 ? undefined : peers.reduce(better);
}

function ratioOf(metric, ours, theirs) {
  const perRound = ours.all.slice(0, theirs.all.length).map((value, round) => advantage(value, theirs.all[round], metric));
  return { ratio: advantage(ours.median, theirs.median, metric), ratioMin: Math.min(...perRound), ratioMax: Math.max(...perRound) };
}

/** Whether the target holds: a ratio over the best or a named peer, or a bound on the value itself. `targetRatio` is set when the peer is a named one. */
function target(metric, ours, peers, ratio) {
  if (metric.target === undefined || ours === undefined) return {};
  const { ratio: wanted, over, min, max } = metric.target;
  if (min !== undefined) return { reached: ours.median >= min };
  if (max !== undefined) return { reached: ours.median <= max };
  if (over === undefined) return ratio === undefined ? {} : { reached: ratio >= wanted };
  const named = peers.find(({ name }) => name === over)?.values[metric.key];
  if (named === undefined) return {};
  const targetRatio = advantage(ours.median, named.median, metric);
  return { targetRatio, reached: targetRatio >= wanted };
}
