/**
 * The workers with credit, in the three orders that placements ask for; joining, leaving and each question are O(1).
 *
 *     dense      [ C ][ A ][ D ][ B ]      any of them by index: the last fills the gap of one that leaves
 *     by load    0: (A)  1: (D C)  3: (B)  the least loaded, the most recently busy first
 *     by turn    D, B, A, C                who was given a task goes to the back
 */
import { bucketOf, LoadBuckets } from './load-buckets.js';
import type { Candidates, PlacementSlot } from './placement.js';
import { RingNode } from './ring-node.js';

/** What the structure keeps in a worker's slot. */
export interface ReadySlot extends PlacementSlot {
  /** Place in the dense array, -1 while it has no credit. */
  denseIndex: number;
  /** Bucket it was put in. */
  bucket: number;
  /** Loads of a bucket, as a power of two. */
  readonly packing: number;
  readonly loadNode: RingNode<this>;
  readonly turnNode: RingNode<this>;
}

export class ReadyWorkers<S extends ReadySlot> implements Candidates<S> {
  readonly #dense: S[] = [];
  readonly #byLoad: LoadBuckets<S> = new LoadBuckets();
  readonly #byTurn: RingNode<S> = new RingNode();

  get size(): number {
    return this.#dense.length;
  }

  /** The only one there is; `undefined` where there are others, or none. */
  get alone(): S | undefined {
    return this.#dense.length === 1 ? this.#dense[0] : undefined;
  }

  leastLoaded(): S | undefined {
    return this.#dense.length === 1 ? this.#dense[0] : this.#byLoad.first();
  }

  leastRecent(): S | undefined {
    return this.#byTurn.next.item;
  }

  at(index: number): S | undefined {
    return this.#dense[index];
  }

  /** Brings the orders in step after a slot's credit has changed, and its load when it is `busy`: it was just given a task, or finished one. */
  update(slot: S, busy: boolean): void {
    if (slot.credit <= 0) return this.#leave(slot);
    // Alone it needs no order; its bucket is put right when another joins.
    if (this.#dense.length === 1 && slot.denseIndex === 0) return;
    const bucket = bucketOf(slot.load >>> slot.packing);
    if (slot.denseIndex === -1) this.#join(slot);
    else if (busy && bucket !== slot.bucket) this.#byLoad.take(slot.loadNode, slot.bucket);
    else return;
    slot.bucket = bucket;
    this.#byLoad.put(slot.loadNode, bucket, busy);
  }

  /** The slot was given a task: its next turn comes after all others. */
  endTurn(slot: S): void {
    if (slot.denseIndex === -1 || this.#dense.length === 1 || slot.turnNode.next === this.#byTurn) return;
    slot.turnNode.unlink();
    this.#byTurn.insertBefore(slot.turnNode);
  }

  #join(slot: S): void {
    if (this.#dense.length === 1) this.#sort(this.#dense[0] as S);
    slot.denseIndex = this.#dense.push(slot) - 1;
    this.#byTurn.insertBefore(slot.turnNode);
  }

  /** Puts the one that was alone into the bucket of its load. */
  #sort(slot: S): void {
    const bucket = bucketOf(slot.load >>> slot.packing);
    if (bucket === slot.bucket) return;
    this.#byLoad.take(slot.loadNode, slot.bucket);
    slot.bucket = bucket;
    this.#byLoad.put(slot.loadNode, bucket, true);
  }

  #leave(slot: S): void {
    if (slot.denseIndex === -1) return;
    const last = this.#dense.pop() as S;
    if (last !== slot) {
      this.#dense[slot.denseIndex] = last;
      last.denseIndex = slot.denseIndex;
    }
    slot.denseIndex = -1;
    this.#byLoad.take(slot.loadNode, slot.bucket);
    slot.turnNode.unlink();
  }
}
