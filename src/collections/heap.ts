/**
 * A binary heap from which any item can be removed.
 *
 *     keys   [ 3, 5, 4, 9 ]      plain numbers, so that comparing touches no objects
 *     nodes  [ a, b, c, d ]      node = { item, sequence, index }
 *     places  item -> node       written on push and on leaving only; a node that moves updates its own index
 *
 * The index is a Map rather than a field of the item, so that one item may stand in several heaps and needs no place for it.
 */
import { assert } from '../runtime/assert.js';

interface Node<T> {
  readonly item: T;
  /** Order of arrival, decides among equal keys. */
  readonly sequence: number;
  index: number;
}

/**
 * Smallest key first, first in first out among equal keys. `peek` is O(1); `push`, `pop` and `remove` are O(log n). An item stands in it at
 * most once.
 */
export class IndexedHeap<T> {
  readonly #keys: number[] = [];
  readonly #nodes: Node<T>[] = [];
  readonly #places: Map<T, Node<T>> = new Map();
  #sequence = 0;

  /** Items in the heap. */
  get size(): number {
    return this.#nodes.length;
  }

  /** Adds an item that is not in the heap yet; `key` is any number but NaN. */
  push(item: T, key: number): void {
    assert(!Number.isNaN(key), 'a heap key is a number');
    assert(!this.#places.has(item), 'an item stands in a heap at most once');
    const node: Node<T> = { item, sequence: this.#sequence++, index: this.#nodes.length };
    this.#places.set(item, node);
    this.#nodes.push(node);
    this.#keys.push(key);
    this.#siftUp(node, key);
  }

  /** The item with the smallest key. */
  peek(): T | undefined {
    return this.#nodes[0]?.item;
  }

  /** The smallest key. */
  peekKey(): number | undefined {
    return this.#keys[0];
  }

  /** Removes and returns the item with the smallest key. */
  pop(): T | undefined {
    const first = this.#nodes[0];
    if (first === undefined) return undefined;
    this.#removeNode(first);
    return first.item;
  }

  /** Removes the item. Returns whether it was in the heap. */
  remove(item: T): boolean {
    const node = this.#places.get(item);
    if (node === undefined) return false;
    this.#removeNode(node);
    return true;
  }

  /** The items, in no particular order. Do not change the heap meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const node of this.#nodes) yield node.item;
  }

  /** Fills the gap with the last node, which then finds its place up or down. */
  #removeNode(node: Node<T>): void {
    this.#places.delete(node.item);
    const last = this.#nodes.pop() as Node<T>;
    const key = this.#keys.pop() as number;
    if (last === node) return;
    this.#place(last, key, node.index);
    this.#siftUp(last, key);
    this.#siftDown(last, key);
  }

  #siftUp(node: Node<T>, key: number): void {
    let index = node.index;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(node, key, parent)) break;
      this.#place(this.#nodes[parent] as Node<T>, this.#keys[parent] as number, index);
      index = parent;
    }
    this.#place(node, key, index);
  }

  #siftDown(node: Node<T>, key: number): void {
    let index = node.index;
    for (let child = this.#smallerChild(index); child !== -1; child = this.#smallerChild(index)) {
      if (this.#before(node, key, child)) break;
      this.#place(this.#nodes[child] as Node<T>, this.#keys[child] as number, index);
      index = child;
    }
    this.#place(node, key, index);
  }

  /** Index of the child of `index` that comes first, -1 for none. */
  #smallerChild(index: number): number {
    const left = 2 * index + 1;
    const right = left + 1;
    if (left >= this.#nodes.length) return -1;
    if (right >= this.#nodes.length) return left;
    return this.#before(this.#nodes[right] as Node<T>, this.#keys[right] as number, left) ? right : left;
  }

  /** Whether `node` comes before the node at `index`. */
  #before(node: Node<T>, key: number, index: number): boolean {
    const other = this.#keys[index] as number;
    return key < other || (key === other && node.sequence < (this.#nodes[index] as Node<T>).sequence);
  }

  #place(node: Node<T>, key: number, index: number): void {
    this.#nodes[index] = node;
    this.#keys[index] = key;
    node.index = index;
  }
}
