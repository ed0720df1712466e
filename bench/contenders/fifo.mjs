/**
 * A queue that takes from its head in O(1), for the peers whose own queue is `Array.shift`: without it their figures at a million queued
 * tasks would be those of `shift`, which no careful user would keep.
 */
export class Fifo {
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  push(item) {
    this.#items.push(item);
  }

  take() {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) this.clear();
    return item;
  }

  includes(item) {
    return this.#items.indexOf(item, this.#head) !== -1;
  }

  clear() {
    this.#items = [];
    this.#head = 0;
  }
}
