/** Where inputs come from: the contract of everything in this folder. */
import { CommandError } from '../exit-codes.js';

export interface InputSource {
  /** As the user named it, for messages. */
  readonly name: string;
  /** Yields each input once, reading only as far ahead as a buffer. Throws an {@link InputError} at the first that is bad. */
  open(): AsyncIterable<unknown> | Iterable<unknown>;
  /** How many inputs there are, when that can be known without waiting for them; `undefined` for a stream. May read the source a second time. */
  count(): Promise<number | undefined>;
}

/** An input that cannot be understood, and where it stands. */
export class InputError extends CommandError {
  constructor(source: string, line: number | undefined, message: string, options?: { cause?: unknown }) {
    super(line === undefined ? `${source}: ${message}` : `${source}, line ${line}: ${message}`, options);
    this.name = 'InputError';
  }
}

/** Chunks of bytes: what a file or stdin gives. */
export type Bytes = AsyncIterable<Uint8Array>;

/** A source whose inputs are at hand. */
export function literalSource(name: string, values: readonly unknown[]): InputSource {
  return { name, open: () => values, count: () => Promise.resolve(values.length) };
}
