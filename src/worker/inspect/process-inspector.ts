/**
 * The inspector of a worker process that may be stuck: opened from outside, asked, closed again.
 *
 *     SIGUSR1 ──> a thread of the child opens its inspector on a free port of 127.0.0.1      some 10 ms, whatever the main thread does
 *     the port is the listening socket that it has now and had not before (/proc)
 *     GET /json/list ──> the inspector's secret path; WebSocket ──> questions, answered at the next interrupt check
 *     the last question has it closed as soon as the event loop turns: at once, unless the child is stuck
 *
 * The child hangs up, not we: Node (20) now and then dies of a client that leaves while it closes its inspector.
 *
 * Not closed at once in a stuck child: closing from within an interrupt check leaves Node (20 to 26) unable to open it a third time. The port is always
 * the same, so the next look at a child that is still stuck finds it open and needs no signal.
 *
 * The child prints "Debugger attached." on its stderr; the address is not printed, thanks to a flag it is started with (`inspectable.ts`).
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { deferred } from '../../runtime/deferred.js';
import { handlesSignal, readOsThread } from '../../runtime/os-thread.js';
import { inspectorError, ProtocolConnection } from './protocol-connection.js';
import { getText, openWebSocket } from './web-socket.js';
import { clearInterval, performanceNow, setInterval, setTimeout } from '../../runtime/host-timers.js';

/** Longest wait for an answer of the inspector's server, in ms (P). */
const SERVER_MS_MAX = 2_000;
const LOOK_AGAIN_MS = 2;
const ASK_AGAIN_MS = 50;
/** Time between two looks at a child that has not opened its inspector yet, but will. */
const LATE_LOOK_MS = 250;

const CLOSE_WHEN_FREE = "setImmediate(() => process.getBuiltinModule('node:inspector').close())";
/** Longest wait for the child to take that in, in ms (P): it does at the next interrupt check. */
const GOODBYE_MS_MAX = 2_000;

/** Longest wait for the child to hang up after that, in ms (P): a child that is stuck does not. */
const HANG_UP_MS_MAX = 1_000;

const LISTENS = '0A';
const LOOPBACK = '0100007F';

const inspectors = new Map<number, ProcessInspector>();

/**
 * Resolves to `undefined` when the inspector has not opened within `limitMs`: a child in native code opens it when that returns.
 *
 * @throws MillraceError `ERR_INSPECTOR` where it cannot be had: no Linux, the process is stopped or gone, it has taken the signal for itself
 */
export async function inspectProcess(pid: number, limitMs: number): Promise<ProtocolConnection | undefined> {
  for (const known of inspectors.keys()) if (readOsThread(known, known) === undefined) inspectors.delete(known);
  assertInspectable(pid);
  let inspector = inspectors.get(pid);
  if (inspector === undefined) {
    inspector = new ProcessInspector(pid);
    inspectors.set(pid, inspector);
  }
  return inspector.connect(limitMs);
}

/** The inspector of one process. */
class ProcessInspector {
  readonly #pid: number;
  /** Ports that the process itself listens on. */
  readonly #foreign: ReadonlySet<number>;
  #users = 0;
  #opening: Promise<number | undefined> | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(pid: number) {
    this.#pid = pid;
    this.#foreign = new Set(listeningPorts(pid));
  }

  async connect(limitMs: number): Promise<ProtocolConnection | undefined> {
    this.#users += 1;
    try {
      this.#opening ??= this.#open(limitMs);
      const port = await this.#opening;
      if (port !== undefined) return await this.#connect(port);
      this.#users -= 1;
      return undefined;
    } catch (error) {
      this.#users -= 1;
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  async #open(limitMs: number): Promise<number | undefined> {
    const pid = this.#pid;
    const giveUpAt = performanceNow() + limitMs;
    let askAgainAt = 0;
    for (let port = this.#port(); ; port = this.#port()) {
      if (port !== undefined) return port;
      const now = performanceNow();
      // Asked at least once, however long it took to get here: it is waited for from then on.
      if (now > giveUpAt && askAgainAt > 0) break;
      // One that is closing its inspector at this moment takes no notice.
      if (now > askAgainAt) process.kill(pid, 'SIGUSR1');
      if (now > askAgainAt) askAgainAt = now + ASK_AGAIN_MS;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    this.#closeWhenOpen();
    return undefined;
  }

  #port(): number | undefined {
    return listeningPorts(this.#pid).find((port) => !this.#foreign.has(port));
  }

  async #connect(port: number): Promise<ProtocolConnection> {
    const [target] = JSON.parse(await getText(port, '/json/list', SERVER_MS_MAX)) as { readonly webSocketDebuggerUrl: string }[];
    if (target === undefined) throw inspectorError(`process ${this.#pid} names nothing to inspect`);
    let onClose: () => void = () => undefined;
    const { promise: hungUp, resolve: hangsUp } = deferred<void>();
    const socket = await openWebSocket(port, new URL(target.webSocketDebuggerUrl).pathname, SERVER_MS_MAX, {
      // It speaks only when it is spoken to.
      onText: (text) => connection.receive(text),
      onClose: () => onClose(),
    });
    const connection = new ProtocolConnection({ send: (text) => socket.send(text), close: () => socket.close() });
    onClose = () => {
      hangsUp();
      connection.fail(`process ${this.#pid} has closed the connection`);
    };
    connection.beforeClose = async () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      await connection.request('Runtime.evaluate', { expression: CLOSE_WHEN_FREE }, GOODBYE_MS_MAX);
      await Promise.race([hungUp, new Promise((resolve) => setTimeout(resolve, HANG_UP_MS_MAX).unref())]);
    };
    return connection;
  }

  /** It has been asked to open and will: when it has left native code. Nobody waits for it then, and it must not stay open. */
  #closeWhenOpen(): void {
    this.#late ??= setInterval(() => {
      const isGone = readOsThread(this.#pid, this.#pid) === undefined;
      if (!isGone && this.#port() === undefined) return;
      clearInterval(this.#late);
      this.#late = undefined;
      if (!isGone) {
        this.connect(0).then(
          (connection) => connection?.close(),
          () => this.#closeWhenOpen(),
        );
      }
    }, LATE_LOOK_MS).unref();
  }
}

function assertInspectable(pid: number): void {
  if (process.platform !== 'linux') throw inspectorError('processes only on Linux; use threads, or attach a debugger by hand');
  const main = readOsThread(pid, pid);
  if (main === undefined) throw inspectorError(`there is no process ${pid}`);
  if (main.state === 'T' || main.state === 't') throw inspectorError(`process ${pid} is stopped by a signal`);
  // A process without a handler would be ended by it.
  if (!handlesSignal(pid, constants.signals.SIGUSR1)) throw inspectorError(`process ${pid} does not take SIGUSR1`);
}

/** Ports of 127.0.0.1 on which the process listens. */
function listeningPorts(pid: number): number[] {
  try {
    const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => socketOf(`/proc/${pid}/fd/${fd}`)));
    return readFileSync(`/proc/${pid}/net/tcp`, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTENS && fields[1]?.startsWith(LOOPBACK) === true && sockets.has(fields[9]))
      .map((fields) => Number.parseInt((fields[1] as string).slice(LOOPBACK.length + 1), 16));
  } catch {
    return [];
  }
}

function socketOf(path: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]/.exec(readlinkSync(path))?.[1];
  } catch {
    return undefined;
  }
}
