/**
 * The idle slots by the time since when: the latest serves first, the longest idle leaves first.
 *
 *     [ 10.0  12.5  40.1  41.7 ]      times only grow to the right, since what becomes idle now is the latest
 *       ^ leaves          ^ serves
 */
export class IdleStack {
  #since = new Float64Array(1_024);
  #first = 0;
  #end = 0;

  get size(): number {
    return this.#end - this.#first;
  }

  push(nowMs: number): void {
    if (this.#end === this.#since.length) this.#grow();
    this.#since[this.#end++] = nowMs;
  }

  /** Takes the one that became idle last. */
  pop(): void {
    this.#end -= 1;
    if (this.#end === this.#first) this.#first = this.#end = 0;
  }

  /** Takes away the `count` that are idle longest. */
  removeOldest(count: number): void {
    this.#first += count;
  }

  /** For every whole node of idle slots how long all of it has been idle, longest first. */
  idleMs(nowMs: number, slotsPerNode: number): number[] {
    const nodes = Math.floor(this.size / slotsPerNode);
    return Array.from({ length: nodes }, (_, node) => nowMs - (this.#since[this.#first + (node + 1) * slotsPerNode - 1] as number));
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(1_024, 2 * this.size));
    larger.set(this.#since.subarray(this.#first, this.#end));
    this.#end -= this.#first;
    this.#first = 0;
    this.#since = larger;
  }
}
