/** What the command's exit code means, and the error that carries one. `docs/reference/cli.md` is held in step with this table. */

export const EXIT = {
  /** Every input has its result. */
  ok: 0,
  /** At least one input failed. */
  failed: 1,
  /** The command line, its environment or an input cannot be understood. */
  usage: 2,
  /** The task module does not load, or no worker can be started. */
  load: 3,
  /** The rule of `--halt` was met. */
  halted: 4,
  /** `--deadline` passed, as with timeout(1). */
  deadline: 124,
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** Signals that end a run. */
export type EndSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

/** An error whose message is all the user needs: printed without a stack, then the process exits with `exitCode`. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, options?: { exitCode?: number; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CommandError';
    this.exitCode = options?.exitCode ?? EXIT.usage;
  }
}
