/** The help texts, made from the table of flags. */
import { envName, flagsOf } from './flags.js';
import type { CommandName, Flag } from './flags.js';

const COMMANDS: Readonly<Record<CommandName, { readonly usage: string; readonly summary: string; readonly text: string }>> = {
  run: {
    usage: 'millrace run <module> [function] [inputs...] [flags] [::: inputs...] [:::: files...]',
    summary: 'run a task function over many inputs, in parallel',
    text: `Runs an exported function of <module> once for each input and prints a line of JSON for each.
Without [function] the default export is taken, or the only function exported.

Inputs are, in this order: words and globs after the function (quote globs to have millrace expand them),
words after :::, lines of the files after ::::, --input files, and stdin when there is nothing else or for "-".

  millrace run ./tasks.js resize 'photos/**/*.{jpg,png}'
  millrace run ./tasks.js fetch ::: https://a.example https://b.example
  cat ids.txt | millrace run ./tasks.js -j 8 -k > results.ndjson
  millrace run ./tasks.js score --input rows.csv --joblog score.log --retries 2`,
  },
  demo: {
    usage: 'millrace demo [folder] [flags]',
    summary: 'compress the files of a folder on an adaptive pool, and measure the speed-up',
    text: `Compresses (gzip and brotli) and hashes files below [folder] in threads, shows the pool growing,
then measures the speed-up against one worker. Takes under a minute. Default folder: node_modules.`,
  },
  simulate: {
    usage: 'millrace simulate [scenario.json] [flags]',
    summary: 'how many workers a traffic needs, and how long tasks will wait, in virtual time',
    text: `Runs the pool in virtual time over simulated workers and prints, for each sizing policy, waits, cost and
changes of size. Traffic comes from --rate, from --trace or from a scenario file; flags override the file.
The same seed gives the same numbers.

  millrace simulate --rate 400 --service 20ms --cores 16
  millrace simulate --trace requests.csv --service 80ms --policy adaptive,hpa --html report.html
  millrace simulate --rate 400 --service 20ms --wait-target 50ms --plan`,
  },
  tune: {
    usage: 'millrace tune <module> [function] [inputs...] [flags] [::: inputs...]',
    summary: 'measure which workers a function wants on this machine, and how many',
    text: `Runs an exported function of <module> with 1, 2, 4 … calls at once, in each kind of worker, until more at once
gives no more a second. Prints the curve, how much of a call computes and how much waits, and the options
to paste. Inputs are as for run, and taken in turn; without any the function is called without arguments.

  millrace tune ./tasks.js resize photo.jpg
  millrace tune ./tasks.js fetchPage --worker async --svg curve.svg ::: https://a.example`,
  },
};

/** `millrace --help`. */
export function mainHelp(version: string): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`);
  return `millrace ${version}: run task functions on the event loop, in threads and in processes\n\nCommands:\n${commands.join('\n')}\n\nmillrace <command> --help tells more. Exit codes: 0 ok, 1 inputs failed, 2 usage, 3 module does not load,\n4 halted, 124 deadline, 130 and 143 ended by a signal.\n`;
}

/** `millrace <command> --help`. */
export function commandHelp(command: CommandName): string {
  const { usage, text } = COMMANDS[command];
  const rows = flagsOf(command).map((flag) => ({ left: leftColumn(flag), right: rightColumn(flag) }));
  const width = Math.min(34, Math.max(...rows.map(({ left }) => left.length)));
  const flags = rows.map(({ left, right }) => (left.length > width ? `${left}\n${' '.repeat(width)}  ${right}` : `${left.padEnd(width)}  ${right}`));
  return `${usage}\n\n${text}\n\nFlags:\n${flags.join('\n')}\n`;
}

function leftColumn(flag: Flag): string {
  return `  ${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
}

function rightColumn(flag: Flag): string {
  return flag.noEnv === true ? flag.help : `${flag.help} [${envName(flag)}]`;
}
