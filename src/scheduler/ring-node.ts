/**
 * A node of a circular doubly linked list. The list itself is a node without an item:
 *
 *     list <-> a <-> b <-> c <-> (list)        list.next is the front, list.prev the back
 *
 * An item brings its node along, so that joining, leaving and moving are O(1) and allocate nothing.
 */
export class RingNode<T> {
  readonly item: T | undefined;
  next: RingNode<T> = this;
  prev: RingNode<T> = this;

  constructor(item?: T) {
    this.item = item;
  }

  /** Whether a list has no items, or a node stands in no list. */
  get alone(): boolean {
    return this.next === this;
  }

  /** Puts `node`, which stands in no list, right after this one: in front, when this is the list. */
  insertAfter(node: RingNode<T>): void {
    node.prev = this;
    node.next = this.next;
    this.next.prev = node;
    this.next = node;
  }

  /** Puts `node`, which stands in no list, right before this one: at the back, when this is the list. */
  insertBefore(node: RingNode<T>): void {
    this.prev.insertAfter(node);
  }

  /** Takes this node out of its list. */
  unlink(): void {
    this.prev.next = this.next;
    this.next.prev = this.prev;
    this.next = this;
    this.prev = this;
  }
}
