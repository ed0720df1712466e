/** Stretches of time in a typed binary heap, the one that ends first on top: no object an entry. */
export class Stretches {
  #ends = new Float64Array(1_024);
  #starts = new Float64Array(1_024);
  #size = 0;
  #startSum = 0;

  get size(): number {
    return this.#size;
  }

  /** The first end; Infinity when empty. */
  firstEnd(): number {
    return this.#size === 0 ? Infinity : (this.#ends[0] as number);
  }

  /** How long they have lasted so far, summed. */
  elapsedMs(nowMs: number): number {
    return Math.max(0, nowMs * this.#size - this.#startSum);
  }

  add(startMs: number, endMs: number): void {
    if (this.#size === this.#ends.length) this.#grow();
    this.#startSum += startMs;
    let index = this.#size++;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((this.#ends[parent] as number) <= endMs) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#ends[index] = endMs;
    this.#starts[index] = startMs;
  }

  /** Removes the one that ends first; returns when it started. */
  removeFirst(): number {
    const ends = this.#ends;
    const startMs = this.#starts[0] as number;
    const size = --this.#size;
    const last = ends[size] as number;
    let index = 0;
    for (let child = 1; child < size; child = 2 * index + 1) {
      if (child + 1 < size && (ends[child + 1] as number) < (ends[child] as number)) child += 1;
      if ((ends[child] as number) >= last) break;
      this.#move(child, index);
      index = child;
    }
    this.#move(size, index);
    this.#startSum = size === 0 ? 0 : this.#startSum - startMs;
    return startMs;
  }

  #move(from: number, to: number): void {
    this.#ends[to] = this.#ends[from] as number;
    this.#starts[to] = this.#starts[from] as number;
  }

  #grow(): void {
    const [ends, starts] = [new Float64Array(2 * this.#size), new Float64Array(2 * this.#size)];
    ends.set(this.#ends);
    starts.set(this.#starts);
    this.#ends = ends;
    this.#starts = starts;
  }
}
