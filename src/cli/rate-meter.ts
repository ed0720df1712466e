/** Events a second over a sliding window; memory is one sample for each slice of the window. */
export class RateMeter {
  readonly #windowMs: number;
  readonly #sliceMs: number;
  readonly #samples: { readonly at: number; readonly count: number }[];

  /** Starts at `startMs` with a count of zero. */
  constructor(startMs: number, windowMs = 10_000, slices = 40) {
    this.#windowMs = windowMs;
    this.#sliceMs = windowMs / slices;
    this.#samples = [{ at: startMs, count: 0 }];
  }

  /** Takes the count as it stands at `nowMs` and returns the rate. */
  sample(nowMs: number, count: number): number {
    const samples = this.#samples;
    if (nowMs - (samples.at(-1) as { at: number }).at >= this.#sliceMs) samples.push({ at: nowMs, count });
    while (samples.length > 1 && nowMs - (samples[1] as { at: number }).at >= this.#windowMs) samples.shift();
    const oldest = samples[0] as { at: number; count: number };
    return nowMs > oldest.at ? ((count - oldest.count) * 1_000) / (nowMs - oldest.at) : 0;
  }
}
