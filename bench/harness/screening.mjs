/** Who is measured beyond the first round: a slow peer costs most of the time and decides nothing. */
import { OURS } from '../contenders/index.mjs';
import { advantage } from './statistics.mjs';

/** How far behind the best peer the second may be and still go on: more than one round on an idle machine can be wrong by. */
const CLOSE = 0.75;

/**
 * The names that go on, by the first round: millrace and the yardsticks; by the first metric the best peer, and the second where it is close; by every other
 * compared metric the best peer; and the peer a target names. The others keep the figure of the first round, and the report says so.
 */
export function finalistsOf({ metrics }, results) {
  const ran = results.filter(({ answers }) => answers.length > 0 && answers.every(({ status }) => status === 'ok'));
  const isPeer = ({ entry }) => entry.contender.name !== OURS && entry.contender.reference !== true;
  const peers = ran.filter(isPeer);
  const named = peers.filter((peer) => metrics.some(({ target }) => target?.over === nameOf(peer)));
  const best = metrics.filter(({ compared }) => compared !== false).flatMap((metric) => bestBy(metric, peers, metric === metrics[0]));
  return new Set([...ran.filter((result) => !isPeer(result)), ...named, ...best].map(nameOf));
}

const nameOf = ({ entry }) => entry.label;

function bestBy(metric, peers, alsoSecond) {
  const value = ({ answers }) => answers[0].values[metric.key];
  const [first, second] = [...peers].sort((a, b) => advantage(value(b), value(a), metric) - 1);
  if (first === undefined) return [];
  return alsoSecond && second !== undefined && advantage(value(second), value(first), metric) >= CLOSE ? [first, second] : [first];
}
