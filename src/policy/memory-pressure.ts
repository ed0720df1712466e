/** Whether memory runs out: on at a share of the limit, off again somewhat below, so that freeing a little does not end it at once. */
const RELIEF = 0.05;

export class MemoryPressure {
  readonly #shareMax: number;
  #on = false;
  #share = 0;

  /** @param shareMax share of the limit from which it is on, 0 to 1; `Infinity` for never */
  constructor(shareMax: number) {
    this.#shareMax = shareMax;
  }

  get on(): boolean {
    return this.#on;
  }

  /** The share taken last. */
  get share(): number {
    return this.#share;
  }

  /** Takes the share of the limit in use. Returns whether the state has changed. */
  update(share: number): boolean {
    this.#share = share;
    const on = share >= (this.#on ? this.#shareMax - RELIEF : this.#shareMax);
    if (on === this.#on) return false;
    this.#on = on;
    return true;
  }
}
