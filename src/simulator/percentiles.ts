/** Exact percentiles of many numbers. */

export interface Percentiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Numbers in a typed array that grows: 8 bytes each. */
export class Samples {
  #values = new Float64Array(1_024);
  #count = 0;
  #sum = 0;

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
    this.#sum += value;
  }

  addAll(others: Iterable<Samples>): this {
    for (const other of others) for (let index = 0; index < other.#count; index += 1) this.add(other.#values[index] as number);
    return this;
  }

  /** All zero when empty. O(n log n). */
  percentiles(): Percentiles {
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (q: number): number => sorted[Math.max(0, Math.ceil(q * this.#count) - 1)] ?? 0;
    return {
      count: this.#count,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
      p999: at(0.999),
      max: at(1),
    };
  }
}
