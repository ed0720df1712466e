/**
 * The times of calls on the event loop, at less than two readings of the clock each.
 *
 *     calls     x  x  x  x  x  x  x  x  x ...          a turn of the event loop in which many calls follow one another at once
 *     timed     x  x  .  .  .  x  .  .  x              the others count as long as the last one that was timed
 *
 * A reading costs as much as a third of a call that does next to nothing. Where call follows upon call within {@link DENSE_MS}, only one in 16 on average
 * is timed, at distances that nothing in the program can be in step with. All others are: calls with a pause before them, the first of each turn of
 * the event loop, and those that do not end in the turn in which they began.
 */
import type { PoolCore } from './core.js';

/** Calls that are no further apart are so many that they are counted and not timed one by one (P): the readings would cost more than 1 % of the time. */
const DENSE_MS = 0.01;
/** So many in a row, each timed, before the first is not (P): what has to be done once a turn for it costs as much as some readings. */
const DENSE_CALLS = 16;
const STRIDE_MASK = 31;
/** Beside the turn in the mark of a call: it is timed. */
const TIMED = 1;
const ONE_TURN = 2;

export class CallClock {
  /** The last reading, in ms. */
  at = 0;
  /** The same in whole ms. */
  ms = 0;
  /** What to keep of a call that is not timed: the number of this turn, as far as calls that were not timed make it necessary to know it. */
  mark = 0;
  /** Calls to come that are not timed. Whoever calls counts them. */
  left = 0;
  /** Calls that began since the one before that was timed, the one that is now included. */
  stride = 1;
  readonly #core: PoolCore;
  readonly #samples: boolean;
  #dense = 0;
  #begunAt = -Infinity;
  #endsTurn = false;
  #next = 1;
  #seed = 1;

  constructor(core: PoolCore) {
    this.#core = core;
    // Under a clock without an event loop nothing tells where a turn ends. Who is told of each run is told the truth.
    this.#samples = core.settings.clock.nextTurn !== undefined && core.onRun === undefined;
  }

  /** A call begins that is timed. Returns its mark. */
  begin(): number {
    this.#read();
    this.stride = this.#next;
    this.#dense = this.at - this.#begunAt > DENSE_MS * this.stride ? 0 : this.#dense + 1;
    this.#begunAt = this.at;
    this.#next = 1;
    if (this.#dense > DENSE_CALLS && this.#samples) this.#skip();
    return this.mark | TIMED;
  }

  /** One has ended that was timed, or began in an earlier turn. Returns how long it took, in ms. */
  end(begunAt: number, mark: number): number {
    this.#read();
    const runMs = this.at - begunAt;
    // What took several turns is no measure of what takes none.
    if ((mark & ~TIMED) === this.mark) this.#core.run.setMore(runMs);
    return runMs;
  }

  #read(): void {
    this.at = this.#core.settings.clock.now();
    this.ms = Math.floor(this.at);
  }

  #skip(): void {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    this.left = (this.#seed >>> 16) & STRIDE_MASK;
    this.#next = this.left + 1;
    if (this.#endsTurn) return;
    this.#endsTurn = true;
    this.#core.nextTurn(this.#turnOver);
  }

  readonly #turnOver = (): void => {
    this.#endsTurn = false;
    this.mark = (this.mark + ONE_TURN) & 0x3f_ff_ff_ff;
    this.#next -= this.left;
    this.left = 0;
    this.#dense = 0;
  };
}
