/** Tasks that one sample is of: of fewer the clock says too little. */
const SAMPLE_TASKS = 16;
/** Weight of the newest sample in the moving mean (P). A shorter time is believed sooner: whoever else wants the core makes it look longer. */
const NEWEST_SHORTER = 0.25;
const NEWEST_LONGER = 0.1;

/** What the pool's own thread spends on a task, there and back, in ms: by how long it takes to send many of them, and to take in many replies. */
export class HandOver {
  readonly #sent: Samples = new Samples();
  readonly #received: Samples = new Samples();

  /** NaN until both have been measured. */
  get ms(): number {
    return this.#sent.meanMs + this.#received.meanMs;
  }

  sent(tasks: number, ms: number): void {
    this.#sent.add(tasks, ms);
  }

  received(tasks: number, ms: number): void {
    this.#received.add(tasks, ms);
  }
}

class Samples {
  meanMs = NaN;
  #lastMs = Infinity;
  #tasks = 0;
  #ms = 0;

  add(tasks: number, ms: number): void {
    this.#tasks += tasks;
    this.#ms += ms;
    if (this.#tasks < SAMPLE_TASKS) return;
    const sampleMs = this.#ms / this.#tasks;
    // The thread may have lost its core meanwhile: only what two samples in a row have taken is believed.
    const newestMs = Math.min(sampleMs, this.#lastMs);
    this.#lastMs = sampleMs;
    const weight = newestMs < this.meanMs ? NEWEST_SHORTER : NEWEST_LONGER;
    this.meanMs = Number.isNaN(this.meanMs) ? newestMs : this.meanMs + weight * (newestMs - this.meanMs);
    this.#tasks = 0;
    this.#ms = 0;
  }
}
