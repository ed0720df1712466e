/** The ratios as a chart: one bar a metric on a logarithmic scale, from 1x to the ratio; a tick marks the target. */
import { number } from './format.mjs';

const WIDTH = 860;
const LABEL = 330;
const RIGHT = 90;
const ROW = 22;
const TOP = 44;

export function svg({ cases }) {
  const bars = cases.flatMap(({ name, metrics }) =>
    metrics.filter(({ ratio }) => ratio !== undefined).map((metric) => ({ ...metric, text: metrics.length === 1 ? name : `${name}: ${metric.label}` })),
  );
  const ends = bars.flatMap(({ ratio, target }) => [ratio, target?.over === undefined ? (target?.ratio ?? 1) : 1]);
  const low = Math.min(0.5, ...ends) / 1.2;
  const high = Math.max(2, ...ends) * 1.2;
  const x = (ratio) => LABEL + ((WIDTH - LABEL - RIGHT) * Math.log(ratio / low)) / Math.log(high / low);
  const height = TOP + bars.length * ROW + 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Ratios of millrace to the best peer">
<style>text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600}.axis{stroke:#999}.better{fill:#2a8a5f}.worse{fill:#c2572f}.target{stroke:#333;stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#ddd}.target{stroke:#ddd}}</style>
<text class="title" x="8" y="18">millrace over the best peer (logarithmic; right of 1x is better; the tick is the target)</text>
<text x="${px(x(1))}" y="36" text-anchor="middle">1x</text>
<line class="axis" x1="${px(x(1))}" x2="${px(x(1))}" y1="40" y2="${height - 8}"/>
${bars.map((bar, row) => barOf(bar, TOP + row * ROW, x)).join('\n')}
</svg>
`;
}

function barOf({ text, ratio, target, bestPeer }, y, x) {
  const [from, to] = ratio >= 1 ? [x(1), x(ratio)] : [x(ratio), x(1)];
  const wanted =
    target?.ratio !== undefined && target.over === undefined
      ? `<line class="target" x1="${px(x(target.ratio))}" x2="${px(x(target.ratio))}" y1="${y + 1}" y2="${y + ROW - 5}"/>`
      : '';
  return `<text x="${LABEL - 10}" y="${y + 13}" text-anchor="end">${escape(text)}</text><rect class="${ratio >= 1 ? 'better' : 'worse'}" x="${px(from)}" y="${y + 3}" width="${px(Math.max(1, to - from))}" height="${ROW - 10}"/>${wanted}<text x="${px(Math.max(to, x(1)) + 6)}" y="${y + 13}">${number(ratio)}x ${escape(bestPeer)}</text>`;
}

const px = (value) => Math.round(value * 10) / 10;
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
