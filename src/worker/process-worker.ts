/**
 * A worker in a process of its own: survives nothing it does, and takes nothing with it. A start costs some tens of ms and tens of MB;
 * see `remote-worker.ts` for the protocol and `entry/process-main.ts` for the child's side.
 *
 *     stdio of the child   0 ignored   1, 2 inherited   3 requests: init message, then frames   4 replies   5 shared file
 *
 * A child notices the death of its parent by the end of its requests. While it is stuck in synchronous code it notices nothing: see `orphan-guard.ts`.
 */
import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import { residentBytes } from '../runtime/process-memory.js';
import { PROCESS } from '../transport/encoder.js';
import { createStreamPoolEnd } from '../transport/stream-pool-end.js';
import { PoolControl } from '../transport/stream-control.js';
import { SharedFile } from '../transport/stream-file.js';
import type { PoolEndHandler } from '../transport/transport.js';
import { uncloneableError } from '../transport/value-path.js';
import { encodeInit } from './entry/process-init.js';
import { workerInit } from './entry/worker-init.js';
import { inheritedExecArgv } from './inherited-exec-argv.js';
import { INSPECTABLE } from './inspect/inspectable.js';
import { guardProcess } from './orphan-guard.js';
import type { CarrierExit } from './remote-exit.js';
import { RemoteWorker } from './remote-worker.js';
import type { Carrier } from './carrier.js';
import { workerEnv } from './worker-env.js';
import type { Worker, WorkerHost, WorkerOptions, WorkerTask } from './worker.js';
import { clearTimeout, setTimeout } from '../runtime/host-timers.js';

const ENTRY = new URL('./entry/process-main.js', import.meta.url);

/** Time a process has to end by itself when it is to be ended (P). One that computes cannot; its replacement waits this much longer. */
const SIGTERM_GRACE_MS = 100;

export function createProcessWorker<T extends WorkerTask>(options: WorkerOptions, host: WorkerHost<T>, clock?: Clock): Worker<T> {
  return new RemoteWorker('process', options, host, launchProcess, clock);
}

function launchProcess(options: WorkerOptions, handler: PoolEndHandler, onExit: (exit: CarrierExit) => void): Carrier {
  const init = initMessage(options);
  const file = SharedFile.create();
  const child = startProcess(options, file);
  const [requests, replies] = [child.stdio[3] as Socket, child.stdio[4] as Socket];
  requests.write(init);
  const control = new PoolControl(file);
  const end = createStreamPoolEnd({ incoming: replies, outgoing: requests }, control, handler);
  // Without a pid the process never was, and only `error` tells.
  child.on('error', (error: Error) => {
    if (child.pid === undefined) onExit({ exitCode: null, exitSignal: null, error: spawnError(error, options.runtime.cwd) });
  });
  child.on('exit', (exitCode, exitSignal) => onExit({ exitCode, exitSignal, error: undefined }));
  guardProcess(child);
  child.unref();
  return {
    end,
    kill: (silent) => killProcess(child, silent, Math.min(SIGTERM_GRACE_MS, options.terminateTimeoutMs / 2)),
    ref: () => child.ref(),
    memoryBytes: async () => residentBytes(child.pid),
    dispose: () => {
      child.unref();
      requests.destroy();
      replies.destroy();
      control.close();
    },
  };
}

/** What cannot be found may be the program or the folder: the error names the program in both cases. */
function spawnError(error: Error, cwd: string | undefined): Error {
  if (cwd === undefined || statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return error;
  return new Error(`there is no folder ${cwd}, which the option cwd names (${error.message})`, { cause: error });
}

function initMessage(options: WorkerOptions): Buffer {
  try {
    return encodeInit(workerInit(options));
  } catch (cause) {
    throw uncloneableError(options.runtime.workerData, 'workerData', cause, PROCESS);
  }
}

function startProcess({ runtime, ...options }: WorkerOptions, file: SharedFile): ChildProcess {
  const execArgv = runtime.execArgv ?? inheritedExecArgv(process.execArgv);
  // Loaded by the pools that need it: it is a good part of what importing this package would cost.
  const { spawn } = process.getBuiltinModule('node:child_process');
  try {
    const child = spawn(process.execPath, [...inspectable(execArgv), fileURLToPath(ENTRY), ...runtime.argv], {
      cwd: runtime.cwd,
      env: workerEnv({ runtime, ...options }),
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe', file.fd],
      windowsHide: true,
    });
    // Out of file descriptors the host tells later why, and gives no pipes meanwhile.
    if ((child.stdio as readonly unknown[] | undefined) === undefined) {
      child.on('error', () => undefined);
      throw new MillraceError('ERR_WORKER_START', `spawn ${process.execPath}: too many open files (EMFILE or ENFILE)`);
    }
    return child;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Whoever sets flags of the inspector has it for himself. */
function inspectable(execArgv: readonly string[]): readonly string[] {
  return execArgv.some((flag) => flag.startsWith('--inspect')) ? execArgv : [...INSPECTABLE, ...execArgv];
}

/** SIGTERM for handlers the module may have; the end of its requests, which ends the process when its event loop turns; SIGKILL when it does not. */
function killProcess(child: ChildProcess, silent: boolean, graceMs: number): void {
  // None of its handlers could run, and what computes on would keep a core from its replacement.
  if (silent) return sendKill(child);
  child.kill('SIGTERM');
  const timer = setTimeout(() => sendKill(child), graceMs);
  timer.unref();
  child.once('exit', () => clearTimeout(timer));
}

/** By its id: Deno takes a child that was sent a signal for dead and sends it no other. */
function sendKill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}
