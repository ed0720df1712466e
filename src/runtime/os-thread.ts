/** What the kernel tells of a thread or process that does not answer for itself. Linux only: elsewhere nothing is known. */
import { readFileSync, readlinkSync } from 'node:fs';

/** A look at a thread. */
export interface OsThread {
  /** `R` running, `S` sleeping, `D` waiting for a device, `T` stopped by a signal, `t` stopped by a debugger, `Z` ended and not collected. */
  readonly state: string;
  /** CPU time used so far in ms, in steps of 10. */
  readonly cpuMs: number;
  /** The system call it is in, by name or number; `undefined` where it is in none or the kernel does not tell. */
  readonly syscall: string | undefined;
  /** Where in the kernel it sleeps; `undefined` where it does not or the kernel does not tell. */
  readonly sleepsIn: string | undefined;
}

/** Length of the kernel's clock tick for user space: 100 a second on every architecture Node runs on. */
const TICK_MS = 10;

/** Names of the calls that threads are found in, by architecture. */
const SYSCALLS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  x64: {
    ...{ 0: 'read', 1: 'write', 7: 'poll', 17: 'pread64', 18: 'pwrite64', 23: 'select', 35: 'nanosleep', 42: 'connect', 45: 'recvfrom', 46: 'sendmsg' },
    ...{ 47: 'recvmsg', 61: 'wait4', 72: 'fcntl', 73: 'flock', 74: 'fsync', 75: 'fdatasync', 202: 'futex', 230: 'clock_nanosleep', 232: 'epoll_wait' },
    ...{ 247: 'waitid', 281: 'epoll_pwait', 426: 'io_uring_enter' },
  },
  arm64: {
    ...{ 22: 'epoll_pwait', 25: 'fcntl', 32: 'flock', 63: 'read', 64: 'write', 67: 'pread64', 68: 'pwrite64', 72: 'pselect6', 73: 'ppoll', 82: 'fsync' },
    ...{ 83: 'fdatasync', 95: 'waitid', 98: 'futex', 101: 'nanosleep', 115: 'clock_nanosleep', 203: 'connect', 207: 'recvfrom', 211: 'sendmsg' },
    ...{ 212: 'recvmsg', 260: 'wait4', 426: 'io_uring_enter' },
  },
};

/** The id by which Linux knows the calling thread; `undefined` elsewhere, and where `/proc` may not be read. Costs some 10 µs. */
export function osThreadId(): number | undefined {
  try {
    const id = Number(/\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
    return Number.isInteger(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A look at thread `osThreadId` of process `pid`; `undefined` when it is gone or nothing is known. Some 50 µs.
 *
 * @param pid that of the process; the id of its main thread is the same number
 */
export function readOsThread(pid: number, osThreadId: number): OsThread | undefined {
  const folder = `/proc/${pid}/task/${osThreadId}`;
  const stat = readOrNothing(`${folder}/stat`);
  if (osThreadId === 0 || stat === undefined) return undefined;
  // The second field is the command in parentheses, which may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = /^\d+/.exec(readOrNothing(`${folder}/syscall`) ?? '')?.[0];
  const sleepsIn = readOrNothing(`${folder}/wchan`);
  return {
    state: fields[0] ?? '?',
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    syscall: number === undefined ? undefined : (SYSCALLS[process.arch]?.[Number(number)] ?? `number ${number}`),
    sleepsIn: sleepsIn === undefined || sleepsIn === '0' || sleepsIn === '' ? undefined : sleepsIn,
  };
}

/** Whether the process has a handler for this signal: one without would be ended by it. */
export function handlesSignal(pid: number, signalNumber: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(readOrNothing(`/proc/${pid}/status`) ?? '')?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signalNumber - 1)) & 1n) === 1n;
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
