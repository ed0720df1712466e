/**
 * The inspector of a worker thread, through a session of this process: no port, no message to the worker's event loop. What is asked is answered at
 * the next interrupt check of the thread, within about a millisecond, also in an endless loop, in a regular expression and in `Atomics.wait`; native
 * code is deaf to it until it returns.
 *
 * All who ask at one time share one session, and it lives only meanwhile: one that is open when the process ends delays the end. It attaches to every
 * thread of the process, which they do not notice; ours is told from the others by its title, `[worker <thread id>]` (the session's own numbers are
 * counted anew each time).
 */
import type { Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';
import { inspectorError, ProtocolConnection } from './protocol-connection.js';
import { clearTimeout, setTimeout } from '../../runtime/host-timers.js';

interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } };
}

interface FromWorker {
  readonly params: { readonly sessionId: string; readonly message: string };
}

/** Longest wait for the session to name the thread, in ms: it does at once, but for a pool that is itself in a thread. */
const ATTACH_MS_MAX = 1_000;

const TITLE = /^\[worker (\d+)\]/;

/** @throws MillraceError `ERR_INSPECTOR` where the runtime has no such inspector, or no such thread */
export async function inspectThread(threadId: number): Promise<ProtocolConnection> {
  shared ??= new ThreadSession(() => {
    shared = undefined;
  });
  return shared.connect(threadId);
}

let shared: ThreadSession | undefined;

class ThreadSession {
  readonly #session: Session;
  readonly #onClosed: () => void;
  /** Thread id -> number of its session. */
  readonly #sessions = new Map<number, string>();
  readonly #waiting = new Set<() => void>();
  readonly #connections = new Map<ProtocolConnection, string>();
  #users = 0;

  constructor(onClosed: () => void) {
    this.#onClosed = onClosed;
    this.#session = openSession();
    this.#session.on('NodeWorker.attachedToWorker', ({ params }: Attached) => {
      this.#sessions.set(Number(TITLE.exec(params.workerInfo.title)?.[1]), params.sessionId);
      for (const look of this.#waiting) look();
    });
    this.#session.on('NodeWorker.receivedMessageFromWorker', ({ params }: FromWorker) => {
      for (const connection of this.#of(params.sessionId)) connection.receive(params.message);
    });
    this.#session.on('NodeWorker.detachedFromWorker', ({ params }: FromWorker) => {
      for (const connection of this.#of(params.sessionId)) connection.fail('its thread has ended');
    });
  }

  async connect(threadId: number): Promise<ProtocolConnection> {
    this.#users += 1;
    try {
      const sessionId = await this.#find(threadId);
      const connection = this.#open(sessionId);
      this.#connections.set(connection, sessionId);
      return connection;
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #open(sessionId: string): ProtocolConnection {
    const connection: ProtocolConnection = new ProtocolConnection({
      send: (message) =>
        this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
          if (error !== null) connection.fail('its thread has ended');
        }),
      close: () => {
        if (this.#connections.delete(connection)) this.#release();
      },
    });
    return connection;
  }

  #find(threadId: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        act();
      };
      const look = (): void => {
        const sessionId = this.#sessions.get(threadId);
        if (sessionId !== undefined) end(() => resolve(sessionId));
      };
      const timer = setTimeout(() => end(() => reject(inspectorError(`there is no thread ${threadId}`))), ATTACH_MS_MAX);
      this.#waiting.add(look);
      // Asked again by each: names the threads that are there once more to a session that is enabled anew, and does nothing otherwise.
      this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
        if (error !== null) end(() => reject(inspectorError('this runtime has no inspector for threads', error)));
      });
      look();
    });
  }

  #of(sessionId: string): ProtocolConnection[] {
    return [...this.#connections].filter(([, id]) => id === sessionId).map(([connection]) => connection);
  }

  #release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#onClosed();
    this.#session.disconnect();
  }
}

function openSession(): Session {
  try {
    // Loaded when first needed: few programs ever do.
    const inspector = process.getBuiltinModule('node:inspector');
    const session = new inspector.Session();
    // Only the main thread's inspector knows the threads of the process, those started by other threads too.
    if (isMainThread) session.connect();
    else session.connectToMainThread();
    return session;
  } catch (cause) {
    throw inspectorError('this runtime has no inspector for threads', cause);
  }
}
