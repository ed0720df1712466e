/**
 * Durations counted in buckets of equal ratio: eight to a doubling, from 1 µs to above 1 h.
 *
 *     bucket   0          1          2                254
 *     ms    0.001 ... 0.00109 ... 0.00119 ...  ...  3.6e6 ...
 *
 * A quantile is therefore right to within half a bucket, 4.5 %. What is shorter counts in the first bucket, what is longer in the last.
 */
const BUCKETS_PER_DOUBLING = 8;
const FLOOR_MS = 0.001;
const BUCKETS = 256;

/** Histogram of durations in ms: 2 KB, whatever it has seen. */
export class LogHistogram {
  /** So many more durations, each as long as {@link setMore} said last. A field, for loops in which counting one must not be a call. */
  more = 0;
  readonly #counts: Float64Array = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;
  /** The value recorded last and its bucket: many in a row are the same. */
  #last = 0;
  #lastBucket = 0;
  #moreMs = 0;

  /** Durations recorded. */
  get count(): number {
    return this.#count + this.more;
  }

  /** Mean in ms, exact; 0 when empty. */
  get mean(): number {
    this.#takeMore();
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** The longest in ms, exact; 0 when empty. */
  get max(): number {
    this.#takeMore();
    return this.#max;
  }

  /** What counts from now on as {@link more} takes so many ms; 0 at first. */
  setMore(ms: number): void {
    this.#takeMore();
    this.#moreMs = ms;
  }

  /** Counts `count` times a finite duration of `ms`; below 0 counts as 0. O(1), allocates nothing. */
  record(ms: number, count = 1): void {
    const value = ms > 0 ? ms : 0;
    if (value !== this.#last) {
      this.#last = value;
      this.#lastBucket = bucketOf(value);
    }
    const bucket = this.#lastBucket;
    this.#counts[bucket] = (this.#counts[bucket] as number) + count;
    this.#count += count;
    this.#sum += value * count;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** The duration in ms below or at which a share `q` (0 to 1) of the recorded ones lie; 0 when empty. O(buckets). */
  quantile(q: number): number {
    this.#takeMore();
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) return this.#clamp(middleOf(bucket));
    }
    return this.#max;
  }

  /** As {@link quantile}, of what was recorded since this was the same as `earlier`; right to within a bucket. 0 when nothing was. O(buckets). */
  quantileSince(q: number, earlier: LogHistogram): number {
    this.#takeMore();
    earlier.#takeMore();
    const rank = Math.max(1, Math.ceil(q * (this.#count - earlier.#count)));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += (this.#counts[bucket] as number) - (earlier.#counts[bucket] as number);
      if (seen >= rank) return this.#clamp(middleOf(bucket));
    }
    return 0;
  }

  /** Makes this the same as `other`. O(buckets). */
  copyFrom(other: LogHistogram): void {
    other.#takeMore();
    this.more = 0;
    this.#counts.set(other.#counts);
    this.#count = other.#count;
    this.#sum = other.#sum;
    this.#min = other.#min;
    this.#max = other.#max;
  }

  /** Adds all that `other` has recorded. */
  merge(other: LogHistogram): void {
    other.#takeMore();
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Forgets everything. */
  reset(): void {
    this.more = 0;
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }

  #takeMore(): void {
    const count = this.more;
    if (count === 0) return;
    this.more = 0;
    this.record(this.#moreMs, count);
  }

  /** No quantile lies outside of what was seen. */
  #clamp(ms: number): number {
    return Math.min(this.#max, Math.max(this.#min, ms));
  }
}

function bucketOf(ms: number): number {
  if (ms <= FLOOR_MS) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(ms / FLOOR_MS) * BUCKETS_PER_DOUBLING));
}

function middleOf(bucket: number): number {
  return FLOOR_MS * 2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING);
}
