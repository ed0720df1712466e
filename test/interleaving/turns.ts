/**
 * Two real threads that take turns, and the memory they agree on it with.
 *
 * Only the thread whose turn it is runs; the other sleeps in `Atomics.wait`. The turn passes at atomic operations only: before each one the
 * running thread counts a step and looks whether the schedule asks for a switch there. So a run is determined by its schedule, a list of step
 * numbers, and can be repeated exactly.
 *
 *     word  0 whose turn   1 steps so far   2 abort   3 run number   4 run finished by the other thread   5 next switch   6 number of switches
 *           8 + party      RUNNABLE | BLOCKED | FINISHED
 *           10 + party     word waited on by waitAsync + 1, 0 for none
 *           12 + party     1: that wait is over
 *           16…            steps before which to switch
 *           32…            notes of the scenario: what ran how often
 *           64…            trace: who took the step, and whether the other could have
 */
const TURN = 0;
const STEPS = 1;
const ABORT = 2;
const RUN = 3;
const FINISHED_RUN = 4;
const NEXT_SWITCH = 5;
const SWITCHES = 6;
const STATE = 8;
const WAITED_WORD = 10;
const WOKEN = 12;
const SWITCH_STEPS = 16;
export const NOTES = 32;
const TRACE = 64;

const RUNNABLE = 0;
const BLOCKED = 1;
const FINISHED = 2;

const NOT_ABORTED = 0;
const ABORTED = 1;
/** Both threads sleep and something is missing: a wake-up was lost. */
export const DEADLOCK = 2;
/** Far more steps than any run needs. */
export const LIVELOCK = 3;

const STEPS_MAX = 4_000;
const PATIENCE_MS = 20_000;

export type PartyNumber = 0 | 1;

/** Ends a run from within: thrown at the next step once the run is aborted. */
export class RunAborted extends Error {}

export function createTurns(): Int32Array {
  return new Int32Array(new SharedArrayBuffer((TRACE + STEPS_MAX + 64) * 4));
}

/** One of the two threads. */
export class Party {
  readonly #words: Int32Array;
  readonly #me: PartyNumber;
  readonly #other: PartyNumber;

  constructor(words: Int32Array, me: PartyNumber) {
    this.#words = words;
    this.#me = me;
    this.#other = me === 0 ? 1 : 0;
  }

  /** Before every atomic operation. */
  step(): void {
    const words = this.#words;
    if (words[ABORT] !== NOT_ABORTED) throw new RunAborted();
    const step = words[STEPS]!++;
    if (step >= STEPS_MAX) this.#abort(LIVELOCK);
    const otherCanRun = words[STATE + this.#other] === RUNNABLE;
    words[TRACE + step] = this.#me | (otherCanRun ? 2 : 0);
    if (words[NEXT_SWITCH]! >= words[SWITCHES]! || words[SWITCH_STEPS + words[NEXT_SWITCH]!] !== step) return;
    words[NEXT_SWITCH]!++;
    if (otherCanRun) this.#passTurn();
  }

  /** The double of `waitAsync` has registered a wait on this word. */
  waitsOn(word: number): void {
    this.#words[WAITED_WORD + this.#me] = word + 1;
    this.#words[WOKEN + this.#me] = 0;
  }

  /** The double of `notify`. */
  wakeWaiters(word: number): number {
    let woken = 0;
    for (const party of [0, 1]) {
      if (this.#words[WAITED_WORD + party] !== word + 1) continue;
      this.#words[WAITED_WORD + party] = 0;
      this.#words[WOKEN + party] = 1;
      if (this.#words[STATE + party] === BLOCKED) this.#words[STATE + party] = RUNNABLE;
      woken += 1;
    }
    return woken;
  }

  /** Whether the registered wait is over; asking takes note of it. */
  takeWake(): boolean {
    if (this.#words[WOKEN + this.#me] === 0) return false;
    this.#words[WOKEN + this.#me] = 0;
    return true;
  }

  get otherHasFinished(): boolean {
    return this.#words[STATE + this.#other] === FINISHED;
  }

  /** Nothing to do until a wake. */
  block(): void {
    this.#words[STATE + this.#me] = BLOCKED;
    if (this.#words[STATE + this.#other] !== RUNNABLE) this.#abort(DEADLOCK);
    this.#passTurn();
    if (this.#words[ABORT] !== NOT_ABORTED) throw new RunAborted();
  }

  /** Runs `body` from this thread's first turn to its end; the other thread is never left waiting. */
  take(body: () => void): void {
    this.#awaitTurn();
    try {
      body();
    } catch (error) {
      if (this.#words[ABORT] === NOT_ABORTED) this.#words[ABORT] = ABORTED;
      if (!(error instanceof RunAborted)) throw error;
    } finally {
      this.#words[STATE + this.#me] = FINISHED;
      if (this.#words[STATE + this.#other] !== FINISHED) {
        this.#words[STATE + this.#other] = RUNNABLE;
        this.#giveTurn();
      }
    }
  }

  #abort(reason: number): never {
    this.#words[ABORT] = reason;
    throw new RunAborted();
  }

  #passTurn(): void {
    this.#giveTurn();
    this.#awaitTurn();
  }

  #giveTurn(): void {
    Atomics.store(this.#words, TURN, this.#other);
    Atomics.notify(this.#words, TURN);
  }

  #awaitTurn(): void {
    awaitValue(this.#words, TURN, (turn) => turn === this.#me);
  }
}

/** What came of one run. */
export interface RunRecord {
  /** `DEADLOCK`, `LIVELOCK`, or 0 when the run came to its end. */
  readonly abort: number;
  readonly steps: number;
  /** Whether the other thread could have run before this step. */
  canSwitchBefore(step: number): boolean;
}

/** The thread that starts runs: party 0. */
export class Director {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Lets both threads do their part under a schedule. `prepare` is called while both are at rest. */
  run(switchSteps: readonly number[], prepare: () => void, body: () => void): RunRecord {
    const words = this.#words;
    const run = words[RUN]! + 1;
    words.fill(0, 0, TRACE);
    words[SWITCHES] = switchSteps.length;
    words.set(switchSteps, SWITCH_STEPS);
    prepare();
    Atomics.store(words, RUN, run);
    Atomics.notify(words, RUN);
    new Party(words, 0).take(body);
    awaitValue(words, FINISHED_RUN, (finished) => finished === run);
    const abort = words[ABORT]!;
    return { abort, steps: words[STEPS]!, canSwitchBefore: (step) => (words[TRACE + step]! & 2) !== 0 };
  }

  /** Ends the other thread's `serveRuns`. */
  end(): void {
    Atomics.store(this.#words, RUN, -1);
    Atomics.notify(this.#words, RUN);
  }
}

/** The other thread: does its part in every run until the director ends. Blocks the thread. */
export function serveRuns(words: Int32Array, body: () => void): void {
  for (let done = 0; ;) {
    const run = awaitValue(words, RUN, (value) => value !== done && value !== 0);
    if (run === -1) return;
    new Party(words, 1).take(body);
    done = run;
    Atomics.store(words, FINISHED_RUN, run);
    Atomics.notify(words, FINISHED_RUN);
  }
}

function awaitValue(words: Int32Array, index: number, isDue: (value: number) => boolean): number {
  for (;;) {
    const value = Atomics.load(words, index);
    if (isDue(value)) return value;
    if (Atomics.wait(words, index, value, PATIENCE_MS) === 'timed-out') throw new Error('the other thread does not answer');
  }
}
