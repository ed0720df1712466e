/** Bounds and marks of a {@link BackpressureGauge}. */
export interface BackpressureOptions {
  /** Tasks the queue may hold; `Infinity` for no bound. */
  readonly max: number;
  /** Bytes the queue may hold; `Infinity` for no bound. */
  readonly bytesMax: number;
  /** Share of either bound from which pressure is on, 0 to 1. Default 0.8. */
  readonly highWaterMark?: number;
  /** Share of both bounds down to which it stays on; at most `highWaterMark`. Default 0.5. */
  readonly lowWaterMark?: number;
}

/** Tells when producers should slow down: on at the high mark of count or bytes, off again at the low mark of both. */
export class BackpressureGauge {
  readonly #high: Mark;
  readonly #low: Mark;
  #on = false;

  constructor(options: BackpressureOptions) {
    const high = options.highWaterMark ?? 0.8;
    // A mark below 1 would be crossed by an empty queue.
    this.#high = { depth: Math.max(1, share(options.max, high)), bytes: Math.max(1, share(options.bytesMax, high)) };
    const low = options.lowWaterMark ?? Math.min(0.5, high);
    this.#low = { depth: share(options.max, low), bytes: share(options.bytesMax, low) };
  }

  /** Whether producers should slow down. */
  get on(): boolean {
    return this.#on;
  }

  /** Takes the queue's depth and bytes; returns the change they make, if any. O(1). */
  update(depth: number, bytes: number): 'on' | 'off' | undefined {
    const high = depth >= this.#high.depth || bytes >= this.#high.bytes;
    const low = depth <= this.#low.depth && bytes <= this.#low.bytes;
    if (this.#on ? high || !low : !high) return undefined;
    this.#on = !this.#on;
    return this.#on ? 'on' : 'off';
  }
}

interface Mark {
  readonly depth: number;
  readonly bytes: number;
}

function share(bound: number, part: number): number {
  return bound === Infinity ? Infinity : bound * part;
}
