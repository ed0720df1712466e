/**
 * stderr with one line at its bottom that is drawn again and again, on a terminal; elsewhere plain lines and nothing else.
 *
 *     scaled: 1 -> 2 workers          print() goes above
 *     ▐████      ▌  12/40  30%        status() replaces the last line
 */
export interface ScreenStream {
  write(text: string): unknown;
  on(event: 'error', listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const CLEAR_LINE = '\r\u001b[K';
const WIDTH_DEFAULT = 80;

export class Screen {
  readonly #stream: ScreenStream;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #status = '';

  constructor(stream: ScreenStream, env: Readonly<Record<string, string | undefined>>) {
    this.#stream = stream;
    this.#env = env;
    // A terminal that is gone must not end the run: its messages have no reader, its results may.
    stream.on('error', () => {});
  }

  /** Whether a line may be drawn over: a terminal, not a dumb one, not the log of a CI system. */
  get redraws(): boolean {
    const { TERM: terminal, CI: ci } = this.#env;
    return this.#stream.isTTY === true && terminal !== 'dumb' && (ci === undefined || ci === '' || ci === 'false' || ci === '0');
  }

  get colours(): boolean {
    const { NO_COLOR: none } = this.#env;
    return this.redraws && (none === undefined || none === '');
  }

  /** Columns a line may have without wrapping: one less than the terminal has. */
  get width(): number {
    const columns = this.#stream.columns ?? Number(this.#env['COLUMNS']);
    return (Number.isInteger(columns) && columns > 0 ? columns : WIDTH_DEFAULT) - 1;
  }

  /** Writes whole lines above the status. */
  print(text: string): void {
    this.#stream.write(`${this.#status === '' ? '' : CLEAR_LINE}${text}\n${this.#status}`);
  }

  /** Replaces the status line; `''` takes it away. */
  status(text: string): void {
    if (text === this.#status) return;
    if (this.redraws) this.#stream.write(`${CLEAR_LINE}${text}`);
    this.#status = this.redraws ? text : '';
  }
}
