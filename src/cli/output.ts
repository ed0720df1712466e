/**
 * Text to stdout in batches: lines written within one turn of the event loop go out in one piece.
 *
 * `write` returns a promise while the reader is behind; who awaits it holds at most one batch in memory. A reader that has left (EPIPE)
 * ends the output quietly: `onClosed` is called once and later lines are dropped.
 */
const BATCH_LENGTH_MAX = 64 * 1_024;

export interface TextStream {
  write(text: string, written: (error?: Error | null) => void): boolean;
  once(event: 'drain', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export class Output {
  readonly #stream: TextStream;
  readonly #beforeWrite: () => void;
  readonly #onClosed: (error: NodeJS.ErrnoException) => void;
  #batch = '';
  #scheduled = false;
  #unwritten = 0;
  #drained: Promise<void> | undefined;
  #release: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  /** `beforeWrite` is called before each piece: where the progress bar shares the terminal it is taken away first. */
  constructor(stream: TextStream, onClosed: (error: NodeJS.ErrnoException) => void, beforeWrite: () => void = () => {}) {
    this.#stream = stream;
    this.#onClosed = onClosed;
    this.#beforeWrite = beforeWrite;
    stream.on('error', (error) => this.#close(error));
  }

  /** Adds text; resolves, or returns `undefined` at once, when more may follow. */
  write(text: string): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#batch += text;
    if (this.#batch.length >= BATCH_LENGTH_MAX) this.#flush();
    else if (!this.#scheduled) this.#schedule();
    return this.#drained;
  }

  /** Resolves when all text has left the process, or can no longer. */
  async finish(): Promise<void> {
    this.#flush();
    while (this.#unwritten > 0 && !this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const text = this.#batch;
    if (text === '' || this.#closed) return;
    this.#batch = '';
    this.#beforeWrite();
    this.#unwritten += 1;
    const more = this.#stream.write(text, () => this.#written());
    if (!more) this.#hold();
  }

  #hold(): void {
    if (this.#drained !== undefined) return;
    this.#drained = new Promise((resolve) => (this.#release = resolve));
    this.#stream.once('drain', () => this.#letGo());
  }

  #letGo(): void {
    this.#drained = undefined;
    this.#release?.();
  }

  #written(): void {
    this.#unwritten -= 1;
    this.#wake?.();
  }

  #close(error: NodeJS.ErrnoException): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.();
    this.#letGo();
    this.#onClosed(error);
  }
}
