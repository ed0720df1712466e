/**
 * A conversation with the inspector of one thread or process: requests are matched with their answers, and none is waited for without a limit.
 * How the texts travel is the link's: a session of this process (`thread-inspector.ts`) or a socket (`process-inspector.ts`).
 */
import { MillraceError } from '../../errors.js';
import { clearTimeout, setTimeout } from '../../runtime/host-timers.js';

/** How texts get to the inspector. */
export interface InspectorLink {
  send(text: string): void;
  /** Ends the conversation; the other side goes on as if it had never been. Idempotent. */
  close(): void;
}

type Fields = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

interface Request {
  readonly resolve: (result: Fields | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Requests made so far: two connections over one link do not take each other's answers. */
let requests = 0;

export class ProtocolConnection {
  readonly #link: InspectorLink;
  readonly #requests = new Map<number, Request>();
  readonly #listeners = new Map<string, (params: Fields) => void>();
  #failure: Error | undefined;
  #isClosing = false;
  /** Called once, before the link is closed. */
  beforeClose: (() => Promise<void>) | undefined = undefined;

  constructor(link: InspectorLink) {
    this.#link = link;
  }

  /** Resolves to the answer; to `undefined` when none has come within `limitMs`. Rejects when the other side refuses or is gone. */
  async request(method: string, params: Fields, limitMs: number): Promise<Fields | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    requests += 1;
    const id = requests;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Fields | undefined>((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
      timer = setTimeout(resolve, limitMs, undefined);
    });
    try {
      this.#link.send(JSON.stringify({ id, method, params }));
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#requests.delete(id);
    }
  }

  /** Calls `listener` for each event of that name. */
  on(method: string, listener: (params: Fields) => void): void {
    this.#listeners.set(method, listener);
  }

  /** A text has come. */
  receive(text: string): void {
    const { id, method, params, result, error } = JSON.parse(text) as Message;
    if (method !== undefined) this.#listeners.get(method)?.(params ?? {});
    const request = id === undefined ? undefined : this.#requests.get(id);
    if (error === undefined) request?.resolve(result ?? {});
    else request?.reject(inspectorError(error.message));
  }

  /** The other side is gone: requests that wait are rejected, as are later ones. */
  fail(reason: string): void {
    this.#failure ??= inspectorError(reason);
    for (const { reject } of this.#requests.values()) reject(this.#failure);
    this.#requests.clear();
  }

  /** Ends the conversation. Idempotent; what the link has to say at the end goes out first. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const end = (): void => {
      this.fail('the connection was closed');
      this.#link.close();
    };
    if (this.beforeClose === undefined) end();
    else this.beforeClose().then(end, end);
  }
}

export function inspectorError(reason: string, cause?: unknown): MillraceError {
  return new MillraceError('ERR_INSPECTOR', `the worker cannot be inspected: ${reason}`, cause === undefined ? undefined : { cause });
}
