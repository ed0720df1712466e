/**
 * The figures of `docs/design/sizing-figures.md`, in simulated time: no quiet machine is needed.
 *
 *   node scripts/sizing/run.mjs [row ...] [--seeds 20] [--jobs N] [--write]
 *
 * All policies of a row are given the same traffic (common random numbers). Without `--write` the table is printed only.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPool } from 'millrace';
import { ROWS, violationsOf } from './rows.mjs';

const PAGE = fileURLToPath(new URL('../../docs/design/sizing-figures.md', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '20' }, jobs: { type: 'string', default: '2' }, write: { type: 'boolean', default: false } },
});
const seeds = Number(values.seeds);
const rows = positionals.length === 0 ? ROWS : ROWS.filter(({ id }) => positionals.some((wanted) => id.startsWith(wanted)));

const pool = createPool(new URL('./cell.mjs', import.meta.url), { name: 'sizing', size: Number(values.jobs), queue: { max: Infinity } });
for (const row of rows) {
  const run = (scenario, policy) => Promise.all(Array.from({ length: seeds }, (_, index) => pool.run('cell', scenario, policy, index + 1)));
  const startedAt = performance.now();
  const { reports, text, met } = await row.measure(run);
  const found = violationsOf(reports);
  const verdict = found.length > 0 ? `**violations: ${found.slice(0, 3).join('; ')}**` : met ? 'met' : 'not met';
  const line = `| ${row.id} | ${row.title} | ${row.target} | ${text} | ${seeds} | ${verdict} |`;
  if (values.write) writeLine(row.id, line);
  console.log(`${line}  [${((performance.now() - startedAt) / 1_000).toFixed(0)} s]`);
}
await pool.close();

/** Puts the line of a row into the page, in place of the one before. */
function writeLine(id, line) {
  const page = readFileSync(PAGE, 'utf8').split('\n');
  const at = page.findIndex((text) => text.startsWith(`| ${id} |`));
  if (at === -1) page.splice(page.indexOf('<!-- end of table -->'), 0, line);
  else page[at] = line;
  writeFileSync(PAGE, page.join('\n'));
}
