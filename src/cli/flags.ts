/**
 * Every flag of every command, once: the parser, the help text, the environment variables and `docs/reference/cli.md` all follow this table.
 *
 * A flag's value comes from the command line, else from its environment variable (`MILLRACE_` and the name in capitals), else from the default
 * named in its help.
 */

export type CommandName = 'run' | 'demo';

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
    commands: ['run', 'demo'],
    help: 'most workers at once: a number, a share of the CPUs, CPUs plus or minus N; default auto, the CPUs this process may use',
  },
  { name: 'worker', short: 'w', value: 'thread|process|async', commands: ['run'], help: 'where the function runs; default thread' },
  { name: 'concurrency', short: 'c', value: 'N', commands: ['run'], help: 'inputs at once inside one worker; default 1, for async 64' },
  { name: 'retries', short: 'r', value: 'N', commands: ['run'], help: 'how often a failed input is tried again; default 0' },
  { name: 'timeout', short: 't', value: 'TIME', commands: ['run'], help: 'limit for one attempt, such as 500ms, 10s, 5m; default none' },
  { name: 'deadline', value: 'TIME', commands: ['run'], help: 'limit for the whole run, then exit 124; default none' },
  {
    name: 'input',
    short: 'i',
    value: 'FILE',
    multiple: true,
    commands: ['run'],
    help: 'read inputs from FILE (.txt, .ndjson, .jsonl, .json, .csv; - is stdin)',
  },
  { name: 'input-format', value: 'lines|ndjson|json|csv', commands: ['run'], help: 'format of stdin and of files with another ending; default lines' },
  { name: 'null', short: '0', commands: ['run'], help: 'lines end with NUL instead of newline, as from find -print0' },
  { name: 'keep-order', short: 'k', commands: ['run'], help: 'results in the order of the inputs; default as they finish' },
  { name: 'values', commands: ['run'], help: 'print only the values, one a line, strings as they are; errors go to stderr' },
  { name: 'halt', value: 'WHEN,RULE', commands: ['run'], help: 'now or soon, then fail=N, fail=N%, success=N or done=N; or never; default never' },
  { name: 'joblog', value: 'FILE', commands: ['run'], help: 'append a line to FILE for each finished input' },
  { name: 'resume', commands: ['run'], help: 'skip the inputs that --joblog records as done' },
  { name: 'resume-failed', commands: ['run'], help: 'run only the inputs that --joblog records as failed' },
  { name: 'dry-run', commands: ['run'], help: 'print the inputs that would run, run nothing' },
  { name: 'duration', value: 'TIME', commands: ['demo'], help: 'how long the main part should take; default 20s' },
  { name: 'seed', value: 'N', commands: ['demo'], help: 'chooses the sample of files; default 1' },
  { name: 'progress', value: 'bar|plain|json|none', commands: ['run', 'demo'], help: 'progress on stderr; default bar on a terminal, else plain' },
  { name: 'quiet', short: 'q', commands: ['run'], help: 'nothing on stderr but errors' },
  { name: 'shutdown-timeout', value: 'TIME', commands: ['run', 'demo'], help: 'how long running inputs may take to finish after Ctrl-C; default 25s' },
  { name: 'help', short: 'h', noEnv: true, commands: ['run', 'demo'], help: 'print this help' },
  { name: 'version', short: 'V', noEnv: true, commands: ['run', 'demo'], help: 'print the version' },
];

export function flagsOf(command: CommandName): readonly Flag[] {
  return FLAGS.filter((flag) => flag.commands.includes(command));
}

/** The environment variable of a flag: `MILLRACE_KEEP_ORDER` for `keep-order`. */
export function envName(flag: Flag): string {
  return `MILLRACE_${flag.name.toUpperCase().replaceAll('-', '_')}`;
}
