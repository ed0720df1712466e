/**
 * A list that is filled and emptied again and again, once a turn say, and keeps its room.
 *
 * Setting the `length` of an array is no store but a call into the engine: 100 ns. Taking items out one by one makes the engine give the room back.
 */
export class ReusedList<T> {
  readonly #items: (T | undefined)[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Amortised O(1). */
  push(item: T): void {
    if (this.#length < this.#items.length) this.#items[this.#length] = item;
    else this.#items.push(item);
    this.#length += 1;
  }

  /** The item at `index`, from 0 up to, but not including, `length`. */
  at(index: number): T {
    return this.#items[index] as T;
  }

  /** Forgets all items, holding none of them any longer. O(length). */
  clear(): void {
    for (let index = 0; index < this.#length; index += 1) this.#items[index] = undefined;
    this.#length = 0;
  }
}
