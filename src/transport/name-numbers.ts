/**
 * Function names cross once: the pool's side numbers them and announces each number before its first use, the worker's side looks numbers up.
 * Past {@link NAMES_MAX} names (a caller that invents them) the name itself crosses each time.
 */
const NAMES_MAX = 1_024;

/** The sender's half; the receiver's is an array of the names in the order of their announcement. */
export class NameNumbers {
  readonly #numbers: Map<string, number> = new Map();

  /** The number of `name`, or `name` itself when the table is full. `announce` is called when the number is new. */
  of(name: string, announce: (name: string) => void): number | string {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#numbers.size >= NAMES_MAX) return name;
    announce(name);
    this.#numbers.set(name, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
