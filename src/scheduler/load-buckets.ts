/**
 * Workers by load, so that the least loaded one is found in O(1).
 *
 *     words   [ 0b...0110 ][ 0 ] ... [ 0 ]     bit b of word w: bucket 32 w + b holds somebody
 *     summary   0b...0001                      bit w: word w is not 0
 *     buckets [ -, (A B), (C), - ...           each a list: whoever was busy last stands in front
 *
 * The lowest bit of the summary leads to the lowest bit of a word, and that to the lowest bucket: two instructions each.
 */
import { RingNode } from './ring-node.js';

const BUCKETS = 1_024;

/** Loads from 1,023 up share one bucket. */
export function bucketOf(load: number): number {
  return Math.min(load, BUCKETS - 1);
}

export class LoadBuckets<S> {
  readonly #buckets: RingNode<S>[] = [];
  readonly #words: Int32Array = new Int32Array(BUCKETS / 32);
  #summary = 0;

  /** Adds a node to a bucket, see {@link bucketOf}. */
  put(node: RingNode<S>, index: number, atFront: boolean): void {
    const bucket = this.#bucket(index);
    if (atFront) bucket.insertAfter(node);
    else bucket.insertBefore(node);
    const word = index >>> 5;
    this.#words[word] = (this.#words[word] as number) | (1 << (index & 31));
    this.#summary |= 1 << word;
  }

  /** Takes a node out of the bucket that it was put in. */
  take(node: RingNode<S>, index: number): void {
    node.unlink();
    if (!this.#bucket(index).alone) return;
    const word = index >>> 5;
    const bits = (this.#words[word] as number) & ~(1 << (index & 31));
    this.#words[word] = bits;
    if (bits === 0) this.#summary &= ~(1 << word);
  }

  /** The front of the lowest bucket. */
  first(): S | undefined {
    if (this.#summary === 0) return undefined;
    const word = lowestBit(this.#summary);
    return this.#bucket((word << 5) + lowestBit(this.#words[word] as number)).next.item;
  }

  #bucket(index: number): RingNode<S> {
    while (this.#buckets.length <= index) this.#buckets.push(new RingNode<S>());
    return this.#buckets[index] as RingNode<S>;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
