/** Children of a process's tasks on their way to other workers: asks the host, and tells the process what came of it. */
import { encodeError } from '../transport/error-codec.js';
import type { PoolFrame, WorkerFrame } from '../transport/protocol.js';

/** What became of a child. `declined`: nobody runs it. */
export type ForkOutcome =
  | { readonly type: 'completed'; readonly value: unknown }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'declined' };

/** Runs a child elsewhere; calls `settled` once, not within the call. Returns how to cancel it; `undefined` when nobody can run it now. */
export type RunElsewhere = (name: string, args: readonly unknown[], settled: (outcome: ForkOutcome) => void) => (() => void) | undefined;

export class RemoteForks {
  readonly #send: (frame: PoolFrame) => void;
  readonly #cancels = new Map<number, () => void>();

  constructor(send: (frame: PoolFrame) => void) {
    this.#send = send;
  }

  fork({ fork, name, args }: Extract<WorkerFrame, { type: 'fork' }>, run: RunElsewhere | undefined): void {
    const cancel = run?.(name, args, (outcome) => {
      if (this.#cancels.delete(fork)) this.#answer(fork, outcome);
    });
    if (cancel === undefined) this.#answer(fork, { type: 'declined' });
    else this.#cancels.set(fork, cancel);
  }

  unfork(fork: number): void {
    this.#cancels.get(fork)?.();
  }

  /** The process has ended: nobody waits for them. */
  cancelAll(): void {
    const cancels = [...this.#cancels.values()];
    this.#cancels.clear();
    for (const cancel of cancels) cancel();
  }

  #answer(fork: number, outcome: ForkOutcome): void {
    this.#send({
      type: 'joined',
      fork,
      outcome: outcome.type,
      value: outcome.type === 'completed' ? outcome.value : undefined,
      error: outcome.type === 'failed' ? encodeError(outcome.error) : undefined,
    });
  }
}
