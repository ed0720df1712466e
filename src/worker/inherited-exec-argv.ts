/**
 * Which of this process's own runtime flags a worker process takes over: all but those that say what this process runs or that claim something
 * only one process can have (a debugger's port).
 */

/** Flags that are left out; the value is how many further words belong to the flag when it has no `=`. */
const LEFT_OUT: ReadonlyMap<string, number> = new Map([
  // What this process runs.
  ...withWords(0, ['-i', '--interactive', '-c', '--check', '--build-snapshot', '--test', '--watch']),
  ...withWords(1, ['-e', '--eval', '-p', '-pe', '--print', '--input-type', '--run', '--build-snapshot-config']),
  // How its tests are run, which none but the runner of the tests understands.
  ...withWords(0, ['--test-only', '--test-force-exit', '--test-update-snapshots', '--experimental-test-coverage', '--experimental-test-module-mocks']),
  ...withWords(1, ['--test-name-pattern', '--test-skip-pattern', '--test-reporter', '--test-reporter-destination', '--test-concurrency', '--test-timeout']),
  ...withWords(1, ['--test-shard', '--test-isolation', '--experimental-test-isolation', '--test-coverage-include', '--test-coverage-exclude']),
  ...withWords(1, ['--test-coverage-branches', '--test-coverage-functions', '--test-coverage-lines', '--test-global-setup', '--test-rerun-failures']),
  ...withWords(0, ['--watch-preserve-output']),
  ...withWords(1, ['--watch-path', '--watch-kill-signal']),
  // Ports only one process can have.
  ...withWords(0, ['--inspect', '--inspect-brk', '--inspect-wait']),
  ...withWords(1, ['--inspect-port', '--debug-port', '--inspect-publish-uid']),
  // Profiles: of the process that was asked for one. Those that say how must go with those that ask: alone they are refused.
  ...withWords(0, ['--cpu-prof', '--heap-prof']),
  ...withWords(1, ['--cpu-prof-dir', '--cpu-prof-name', '--cpu-prof-interval', '--heap-prof-dir', '--heap-prof-name', '--heap-prof-interval']),
]);

export function inheritedExecArgv(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < execArgv.length; at += 1) {
    const word = execArgv[at] as string;
    const [flag] = word.split('=', 1) as [string];
    const further = LEFT_OUT.get(canonical(flag));
    if (further === undefined) kept.push(word);
    else if (flag === word) at += further;
  }
  return kept;
}

/** The runtime takes `_` for `-` within the name of a flag. */
function canonical(flag: string): string {
  return flag.startsWith('--') ? `--${flag.slice(2).replaceAll('_', '-')}` : flag;
}

function withWords(further: number, flags: readonly string[]): [string, number][] {
  return flags.map((flag) => [flag, further]);
}
