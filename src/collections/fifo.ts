/**
 * A first-in, first-out queue that gives items a position, so that one in the middle can leave in O(1).
 *
 *     base      head                                  tail
 *      v         v                                     v
 *     [. . . . . A B - C D ... E]  [F - - G ... H]  [I J . . . .]      - hole   . free
 *      chunk 0 (2048 slots)         chunk 1          chunk 2
 *
 * - A position is an absolute number; `position - base` finds chunk and slot. Chunks before `head` and after `tail` are let go.
 * - While the queue is not empty the slots at `head` and `tail - 1` hold items: whoever empties one walks on over the holes, and no hole is
 *   walked over twice.
 * - When holes outnumber the items they are squeezed out; that is paid for by the removals that made them.
 */
const CHUNK_BITS = 11;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
const SLOT_MASK = CHUNK_SLOTS - 1;

type Chunk<T> = (T | undefined)[];

/**
 * Chunked FIFO with removal by position. Every operation is O(1) amortised, whatever the length; 8 bytes a slot.
 *
 * A position names its item until the item leaves or is moved, and may then be given to another item.
 */
export class Fifo<T extends NonNullable<unknown>> {
  readonly #moved: ((item: T, position: number) => void) | undefined;
  readonly #chunks: Chunk<T>[] = [];
  /** One emptied chunk, kept so that a queue that goes back and forth over a border allocates nothing. */
  #spare: Chunk<T> | undefined;
  #base = 0;
  #head = 0;
  #tail = 0;
  #length = 0;

  /**
   * @param moved told of each item whose position changes when holes are squeezed out; it must not use the queue. Without it positions
   *   never change, and the slots of removed items are kept until the queue's head or tail has passed them.
   */
  constructor(moved?: (item: T, position: number) => void) {
    this.#moved = moved;
  }

  /** Items in the queue. */
  get length(): number {
    return this.#length;
  }

  /** Appends an item and returns its position. */
  push(item: T): number {
    const position = this.#tail;
    const offset = position - this.#base;
    const chunk = this.#chunks[offset >>> CHUNK_BITS] ?? this.#appendChunk();
    chunk[offset & SLOT_MASK] = item;
    this.#tail = position + 1;
    this.#length += 1;
    return position;
  }

  /** The oldest item. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#read(this.#head);
  }

  /** Removes and returns the oldest item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#take(this.#head);
    this.#settleHead();
    return item;
  }

  /** The newest item. */
  peekLast(): T | undefined {
    return this.#length === 0 ? undefined : this.#read(this.#tail - 1);
  }

  /** Removes and returns the newest item. */
  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#take(this.#tail - 1);
    this.#settleTail();
    return item;
  }

  /** Removes the item at `position` and lets go of it at once. Returns whether there was one. */
  removeAt(position: number): boolean {
    const inside = position >= this.#head && position < this.#tail;
    if (!inside || this.#read(position) === undefined) return false;
    this.#take(position);
    if (position === this.#head) this.#settleHead();
    else if (position === this.#tail - 1) this.#settleTail();
    else this.#squeezeIfSparse();
    return true;
  }

  /** The items, oldest first. Removing the item just given is allowed only without a `moved` callback. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let position = this.#head; position < this.#tail; position += 1) {
      const item = position < this.#head ? undefined : this.#read(position);
      if (item !== undefined) yield item;
    }
  }

  #read(position: number): T | undefined {
    const offset = position - this.#base;
    return (this.#chunks[offset >>> CHUNK_BITS] as Chunk<T>)[offset & SLOT_MASK];
  }

  #write(position: number, item: T | undefined): void {
    const offset = position - this.#base;
    (this.#chunks[offset >>> CHUNK_BITS] as Chunk<T>)[offset & SLOT_MASK] = item;
  }

  #take(position: number): T | undefined {
    const item = this.#read(position);
    this.#write(position, undefined);
    this.#length -= 1;
    return item;
  }

  #appendChunk(): Chunk<T> {
    const chunk = this.#spare ?? new Array<T | undefined>(CHUNK_SLOTS).fill(undefined);
    this.#spare = undefined;
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Moves `head` to the next item and lets go of the chunks behind it. */
  #settleHead(): void {
    if (this.#length === 0) return this.#restart();
    while (this.#read(this.#head) === undefined) this.#head += 1;
    while (this.#head - this.#base >= CHUNK_SLOTS) {
      this.#spare = this.#chunks.shift();
      this.#base += CHUNK_SLOTS;
    }
  }

  /** Moves `tail` back to just after the newest item and lets go of the chunks after it. */
  #settleTail(): void {
    if (this.#length === 0) return this.#restart();
    while (this.#read(this.#tail - 1) === undefined) this.#tail -= 1;
    this.#dropChunksAfterTail();
  }

  #dropChunksAfterTail(): void {
    const needed = ((this.#tail - 1 - this.#base) >>> CHUNK_BITS) + 1;
    while (this.#chunks.length > needed) this.#spare = this.#chunks.pop();
  }

  /** Empty: count from 0 again, so that positions stay small integers in a queue that is now and then empty. */
  #restart(): void {
    this.#base = 0;
    this.#head = 0;
    this.#tail = 0;
    this.#chunks.length = 1;
  }

  #squeezeIfSparse(): void {
    const holes = this.#tail - this.#head - this.#length;
    if (this.#moved !== undefined && holes >= CHUNK_SLOTS && holes > this.#length) this.#squeeze(this.#moved);
  }

  #squeeze(moved: (item: T, position: number) => void): void {
    let to = this.#head;
    for (let from = to; from < this.#tail; from += 1) {
      const item = this.#read(from);
      if (item === undefined) continue;
      if (from !== to) {
        this.#write(from, undefined);
        this.#write(to, item);
        moved(item, to);
      }
      to += 1;
    }
    this.#tail = to;
    this.#dropChunksAfterTail();
  }
}
