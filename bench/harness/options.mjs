/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { cases } from '../cases/index.mjs';
import { contenders } from '../contenders/index.mjs';

export const HELP = `Benchmarks of millrace and its peers, interleaved in one run.

  node bench/run.mjs [options]

  --case <name>        only this case (may be given several times)
  --contender <name>   only this contender (may be given several times)
  --rounds <n>         rounds for each case (default 5, with --quick 3)
  --threads <n>        workers of a pool (default 2)
  --no-screening       every contender in every round, also the slowest
  --quick              fewer tasks: for a smoke run, not for figures
  --tune               every configuration of every peer, to see which is the best for a case
  --out <folder>       where the report goes (default: bench/results for a full run, bench/results/tmp for any other)
  --list               the names of cases and contenders
  --help
`;

const OPTIONS = {
  case: { type: 'string', multiple: true },
  contender: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  threads: { type: 'string' },
  'no-screening': { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  tune: { type: 'boolean', default: false },
  out: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/** The options, checked. Throws an error whose message is for the user. */
export function readOptions(argv) {
  const { values } = parseArgs({ args: argv, options: OPTIONS });
  const quick = values.quick;
  return {
    caseNames: known('case', values.case, cases),
    contenderNames: known('contender', values.contender, contenders),
    rounds: count('rounds', values.rounds, quick ? 3 : 5),
    threads: count('threads', values.threads, 2),
    screening: !values['no-screening'] && !values.tune && values.rounds !== '1',
    quick,
    tune: values.tune,
    out: values.out,
    list: values.list,
    help: values.help,
    complete: !quick && !values.tune && values.case === undefined && values.contender === undefined,
  };
}

function known(option, names, all) {
  for (const name of names ?? []) {
    if (!all.some((one) => one.name === name)) throw new Error(`--${option}: expected one of ${all.map((one) => one.name).join(', ')}; got ${name}`);
  }
  return names;
}

function count(option, text, otherwise) {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option}: expected a whole number from 1, got ${text}`);
  return number;
}
