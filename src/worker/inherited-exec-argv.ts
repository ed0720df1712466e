/**
 * Which of this process's own runtime flags a worker process takes over: all but those that say what this process runs or that claim something
 * only one process can have (a debugger's port).
 */

/** Flags that are left out; the value is how many further words belong to the flag when it has no `=`. */
const LEFT_OUT: ReadonlyMap<string, number> = new Map([
  ['-e', 1],
  ['--eval', 1],
  ['-p', 1],
  ['-pe', 1],
  ['--print', 1],
  ['-i', 0],
  ['--interactive', 0],
  ['-c', 0],
  ['--check', 0],
  ['--input-type', 1],
  ['--run', 1],
  ['--test', 0],
  ['--test-only', 0],
  ['--test-name-pattern', 1],
  ['--test-reporter', 1],
  ['--test-reporter-destination', 1],
  ['--test-concurrency', 1],
  ['--test-timeout', 1],
  ['--watch', 0],
  ['--watch-path', 1],
  ['--watch-preserve-output', 0],
  ['--inspect', 0],
  ['--inspect-brk', 0],
  ['--inspect-wait', 0],
  ['--inspect-port', 1],
  ['--debug-port', 1],
  ['--inspect-publish-uid', 1],
  ['--cpu-prof', 0],
  ['--heap-prof', 0],
]);

export function inheritedExecArgv(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < execArgv.length; at += 1) {
    const word = execArgv[at] as string;
    const [flag] = word.split('=', 1) as [string];
    const further = LEFT_OUT.get(flag);
    if (further === undefined) kept.push(word);
    else if (flag === word) at += further;
  }
  return kept;
}
