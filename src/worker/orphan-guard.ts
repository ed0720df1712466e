/**
 * Sees to it that no worker process outlives this process, not even one that is stuck in synchronous code when this process is killed and can clean up
 * nothing. A child whose event loop turns ends by itself, because its requests end; for the others a shell waits at a pipe from this process:
 *
 *     this process ──pipe──> sh      on each change: one line with all workers, `pid:birth pid:birth …`
 *            ✝ (end of the pipe)     gives them a second to end by themselves, then kills those that are left
 *
 * The shell is started with the first worker process and ends with the last: about 1 ms and 1 MB in all. It is in a session of its own, so that what
 * is sent to a terminal's or a service's processes does not hit it first. The birth (in clock ticks, where `/proc` tells it) makes sure that an id
 * which has been used again is left alone. Windows needs none of this: there children are in a job that ends with its maker.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Only commands of the shell itself and `sleep`. Field 22 of `/proc/<pid>/stat` is the birth; the name before it may hold anything but ends with `)`. */
const SCRIPT = `
trap '' HUP INT QUIT TERM USR1 USR2
workers=
while read -r line; do workers=$line; done
birth() { { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return; set -- \${stat##*) }; echo "\${20}"; }
lives() { kill -0 "\${1%:*}" 2>/dev/null && { [ -z "\${1#*:}" ] || [ "$(birth "\${1%:*}")" = "\${1#*:}" ]; }; }
for round in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for worker in $workers; do lives "$worker" && left="$left $worker"; done
  workers=$left
  [ -z "$workers" ] && exit
  sleep 0.1
done
for worker in $workers; do lives "$worker" && kill -9 "\${worker%:*}"; done
`;

const guarded = new Map<number, string>();
let shell: ChildProcess | undefined;

/** From now on the process is killed when this one is gone, until it has ended. */
export function guardProcess(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || process.platform === 'win32') return;
  guarded.set(pid, birthOf(pid));
  child.once('exit', () => {
    guarded.delete(pid);
    tellShell();
  });
  tellShell();
}

function tellShell(): void {
  if (guarded.size > 0) shell ??= startShell();
  const pipe = shell?.stdin;
  if (guarded.size > 0) return void pipe?.write(`${Array.from(guarded, ([pid, birth]) => `${pid}:${birth}`).join(' ')}\n`);
  pipe?.end('\n');
  shell = undefined;
}

/** Where there is no shell (in an image that holds nothing but the program) workers are as unguarded as without one. */
function startShell(): ChildProcess {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const started = spawn('/bin/sh', ['-c', SCRIPT, 'millrace-guard'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  const pipe = started.stdin as unknown as Socket;
  started.on('error', () => undefined);
  // Should it be ended by somebody else, the next change starts another.
  started.on('exit', () => {
    if (shell === started) shell = undefined;
  });
  pipe.on('error', () => undefined);
  started.unref();
  pipe.unref();
  return started;
}

function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
