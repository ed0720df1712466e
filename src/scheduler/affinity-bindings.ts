/** Which worker an affinity key is bound to. Bounded: the oldest binding is dropped for a new one. Every operation is O(1) amortised. */
export class AffinityBindings<S extends { readonly alive: boolean }> {
  readonly #max: number;
  readonly #slots: Map<string, S> = new Map();
  /**
   * Runs over the keys, oldest first, for the whole life of the map: a new iterator would have to step over the places of all keys that
   * were dropped since the map last grew.
   */
  readonly #oldest: Iterator<string> = this.#slots.keys();

  /** @param max bindings kept; >= 1 */
  constructor(max: number) {
    this.#max = max;
  }

  /** Keys bound, those of workers that are gone included until they are bound anew or dropped. */
  get size(): number {
    return this.#slots.size;
  }

  /** The worker of a key, while it lives. */
  find(key: string): S | undefined {
    const slot = this.#slots.get(key);
    return slot?.alive === true ? slot : undefined;
  }

  bind(key: string, slot: S): void {
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    if (this.#slots.size > this.#max) this.#slots.delete(this.#oldest.next().value as string);
  }
}
