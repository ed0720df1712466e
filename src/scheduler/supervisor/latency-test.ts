/**
 * Which worker is slow: the run times of one function, the last {@link WINDOW} on one worker against those of the others in the same time.
 *
 * A worker is slow when the median of its window is more than {@link RATIO_MIN} times theirs *and* its times stand above theirs in rank (Mann and Whitney, 1947) by more than
 * {@link DEVIATIONS_MIN} standard deviations. Medians alone would blame good workers for functions whose times vary widely with their input; ranks hold for any distribution.
 * Only times within the same stretch are compared: what a worker did before the inputs grew is no measure.
 *
 * A recorded time costs one look-up and two stores, a look O(window x workers) once in {@link LOOK_EVERY} times.
 */
const WINDOW = 20;
const LOOK_EVERY = 10;
const RATIO_MIN = 3;
const DEVIATIONS_MIN = 5;
/** Times of others below which nothing is said. */
const EVIDENCE_MIN = 16;
/** Times of others that are looked at. */
const OTHERS_MAX = 320;
/** Functions timed at once; further ones are not. */
const FUNCTIONS_MAX = 64;

/** The last times of one function on one worker. */
class Samples {
  readonly #ms: Float64Array = new Float64Array(WINDOW);
  readonly #at: Float64Array = new Float64Array(WINDOW);
  #count = 0;

  /** Returns whether it is time for a look. */
  add(ms: number, at: number): boolean {
    const place = this.#count % WINDOW;
    this.#ms[place] = ms;
    this.#at[place] = at;
    this.#count += 1;
    return this.#count >= WINDOW && this.#count % LOOK_EVERY === 0;
  }

  /** When the oldest of them was. */
  get since(): number {
    return this.#at[this.#count % WINDOW] as number;
  }

  /** Writes the times since then into `target` from `from` on; returns where they end. */
  copy(since: number, target: Float64Array, from: number): number {
    let end = from;
    for (let place = 0; place < Math.min(WINDOW, this.#count); place += 1) {
      if ((this.#at[place] as number) < since || end === target.length) continue;
      target[end] = this.#ms[place] as number;
      end += 1;
    }
    return end;
  }
}

export class LatencyTests {
  readonly #tests = new Set<LatencyTest>();
  readonly #names = new Set<string>();
  readonly #own = new Float64Array(WINDOW);
  readonly #others = new Float64Array(OTHERS_MAX);

  /** A worker that executes tasks from now on. */
  join(): LatencyTest {
    const test = new LatencyTest(this);
    this.#tests.add(test);
    return test;
  }

  leave(test: LatencyTest): void {
    this.#tests.delete(test);
  }

  /** @internal Whether this function is timed. */
  takes(name: string): boolean {
    if (this.#names.has(name)) return true;
    if (this.#names.size >= FUNCTIONS_MAX) return false;
    this.#names.add(name);
    return true;
  }

  /** @internal Whether the times of `own` are those of a slow worker; `undefined` when the others have not done enough in that stretch. */
  look(test: LatencyTest, name: string, own: Samples): boolean | undefined {
    let end = 0;
    for (const each of this.#tests) if (each !== test) end = each.samples(name)?.copy(own.since, this.#others, end) ?? end;
    if (end < EVIDENCE_MIN) return undefined;
    own.copy(-Infinity, this.#own, 0);
    return isSlow(this.#own, this.#others.subarray(0, end));
  }
}

/** The run times of one worker. */
export class LatencyTest {
  readonly #all: LatencyTests;
  readonly #samples = new Map<string, Samples>();

  constructor(all: LatencyTests) {
    this.#all = all;
  }

  /** A task of function `name` took `runMs`. Returns whether the worker is slow, `undefined` when nothing can be said now. */
  record(name: string, runMs: number, nowMs: number): boolean | undefined {
    let samples = this.#samples.get(name);
    if (samples === undefined) {
      if (!this.#all.takes(name)) return undefined;
      samples = new Samples();
      this.#samples.set(name, samples);
    }
    return samples.add(runMs, nowMs) ? this.#all.look(this, name, samples) : undefined;
  }

  /** @internal */
  samples(name: string): Samples | undefined {
    return this.#samples.get(name);
  }
}

/** Sorts both. */
function isSlow(own: Float64Array, others: Float64Array): boolean {
  own.sort();
  others.sort();
  return middle(own) > RATIO_MIN * middle(others) && deviations(own, others) > DEVIATIONS_MIN;
}

/** How far the rank sum of `own` lies above what chance would give, in standard deviations. */
function deviations(own: Float64Array, others: Float64Array): number {
  let above = 0;
  for (const mine of own) for (const other of others) above += mine > other ? 1 : mine === other ? 0.5 : 0;
  const pairs = own.length * others.length;
  return (above - pairs / 2) / Math.sqrt((pairs * (own.length + others.length + 1)) / 12);
}

function middle(sorted: Float64Array): number {
  return sorted[sorted.length >> 1] as number;
}
