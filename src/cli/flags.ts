/**
 * Every flag of every command, once: the parser, the help text, the environment variables and `docs/reference/cli.md` all follow this table.
 *
 * A flag's value comes from the command line, else from its environment variable (`MILLRACE_` and the name in capitals), else from the default
 * named in its help.
 */

export type CommandName = 'run' | 'demo' | 'simulate' | 'tune';

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in the help; a flag without one is a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** Has no environment variable: it asks for something instead of setting it. */
  readonly noEnv?: boolean;
  readonly commands: readonly CommandName[];
  readonly help: string;
}

export const FLAGS: readonly Flag[] = [
  {
    name: 'jobs',
    short: 'j',
    value: 'N|N%|+N|-N|auto',
    commands: ['run', 'demo', 'tune'],
    help: 'most workers at once: a number, a share of the CPUs, CPUs plus or minus N; default auto, the CPUs this process may use',
  },
  { name: 'worker', short: 'w', value: 'thread|process|async', commands: ['run', 'tune'], help: 'where the function runs; default thread, for tune all three' },
  { name: 'concurrency', short: 'c', value: 'N', commands: ['run', 'simulate'], help: 'tasks at once inside one worker; default 1, for async 64' },
  { name: 'retries', short: 'r', value: 'N', commands: ['run'], help: 'how often a failed input is tried again; default 0' },
  { name: 'timeout', short: 't', value: 'TIME', commands: ['run'], help: 'limit for one attempt, such as 500ms, 10s, 5m; default none' },
  { name: 'deadline', value: 'TIME', commands: ['run'], help: 'limit for the whole run, then exit 124; default none' },
  {
    name: 'input',
    short: 'i',
    value: 'FILE',
    multiple: true,
    commands: ['run', 'tune'],
    help: 'read inputs from FILE (.txt, .ndjson, .jsonl, .json, .csv; - is stdin)',
  },
  { name: 'input-format', value: 'lines|ndjson|json|csv', commands: ['run'], help: 'format of stdin and of files with another ending; default lines' },
  { name: 'null', short: '0', commands: ['run'], help: 'lines end with NUL instead of newline, as from find -print0' },
  { name: 'keep-order', short: 'k', commands: ['run'], help: 'results in the order of the inputs; default as they finish' },
  { name: 'values', commands: ['run'], help: 'print only the values, one a line, strings as they are; errors go to stderr' },
  { name: 'tag', commands: ['run'], help: 'as --values, each line after its input and a tab' },
  { name: 'results', value: 'DIR', commands: ['run'], help: 'also write each outcome to files in DIR, a folder for each input' },
  { name: 'memfree', value: 'SIZE', commands: ['run'], help: 'start no input while less memory is free, such as 2gb; default no limit' },
  { name: 'halt', value: 'WHEN,RULE', commands: ['run'], help: 'now or soon, then fail=N, fail=N%, success=N or done=N; or never; default never' },
  { name: 'joblog', value: 'FILE', commands: ['run'], help: 'append a line to FILE for each finished input' },
  { name: 'resume', commands: ['run'], help: 'skip the inputs that --joblog records as done' },
  { name: 'resume-failed', commands: ['run'], help: 'run only the inputs that --joblog records as failed' },
  { name: 'exit-code', value: 'simple|count', commands: ['run'], help: 'count: exit with the number of failed inputs, 101 for more than 100; default simple' },
  { name: 'dry-run', commands: ['run'], help: 'print the inputs that would run, run nothing' },
  {
    name: 'duration',
    value: 'TIME',
    commands: ['demo', 'simulate', 'tune'],
    help: 'how long the main part takes; default: demo 20s, simulate 10m of traffic, tune 1s for each measurement',
  },
  { name: 'seed', value: 'N', commands: ['demo', 'simulate'], help: 'chooses the sample of files, or the random numbers; default 1' },
  { name: 'rate', value: 'N', commands: ['simulate'], help: 'tasks that arrive a second, at random' },
  { name: 'trace', value: 'FILE', commands: ['simulate'], help: 'arrivals from a CSV file (.gz too): an instant a line, or an instant and a count' },
  { name: 'speed', value: 'N', commands: ['simulate'], help: 'plays the trace so many times as fast; default 1' },
  { name: 'scale', value: 'N', commands: ['simulate'], help: 'multiplies the counts of the trace; default 1' },
  { name: 'service', value: 'TIME', commands: ['simulate'], help: 'mean CPU time of a task; default 20ms' },
  { name: 'io', value: 'TIME', commands: ['simulate'], help: 'mean time a task then waits for something else; default none' },
  { name: 'cores', value: 'N', commands: ['simulate'], help: 'cores that tasks share; default no limit' },
  { name: 'boot', value: 'TIME', commands: ['simulate'], help: 'mean time a worker takes to start; default 50ms' },
  { name: 'min', value: 'N', commands: ['simulate'], help: 'fewest workers; default 1' },
  { name: 'max', value: 'N', commands: ['simulate'], help: 'most workers; default 256' },
  {
    name: 'policy',
    value: 'NAME,NAME',
    multiple: true,
    commands: ['simulate'],
    help: 'sizing policies to compare: adaptive, queue-depth, threshold, fixed, hpa, hill-climbing; default the first three',
  },
  { name: 'wait-target', value: 'TIME', commands: ['simulate'], help: 'a wait that is still good; default 100ms' },
  { name: 'plan', commands: ['simulate'], help: 'finds the smallest min and max with which the p99 wait meets --wait-target' },
  { name: 'pareto', commands: ['simulate'], help: 'cost against p99 wait for several settings of each policy' },
  { name: 'html', value: 'FILE', commands: ['simulate'], help: 'write the report with its charts to FILE, one page that needs nothing else' },
  { name: 'svg', value: 'FILE', commands: ['tune'], help: 'write the curves to FILE' },
  { name: 'json', value: 'FILE', commands: ['simulate'], help: 'write the reports with their time series to FILE' },
  { name: 'progress', value: 'bar|plain|json|none', commands: ['run', 'demo'], help: 'progress on stderr; default bar on a terminal, else plain' },
  { name: 'quiet', short: 'q', commands: ['run'], help: 'nothing on stderr but errors' },
  { name: 'shutdown-timeout', value: 'TIME', commands: ['run', 'demo'], help: 'how long running inputs may take to finish after Ctrl-C; default 25s' },
  { name: 'help', short: 'h', noEnv: true, commands: ['run', 'demo', 'simulate', 'tune'], help: 'print this help' },
  { name: 'version', short: 'V', noEnv: true, commands: ['run', 'demo', 'simulate', 'tune'], help: 'print the version' },
];

export function flagsOf(command: CommandName): readonly Flag[] {
  return FLAGS.filter((flag) => flag.commands.includes(command));
}

/** The environment variable of a flag: `MILLRACE_KEEP_ORDER` for `keep-order`. */
export function envName(flag: Flag): string {
  return `MILLRACE_${flag.name.toUpperCase().replaceAll('-', '_')}`;
}
