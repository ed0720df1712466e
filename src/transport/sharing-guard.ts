/**
 * Keeps tasks apart that travel in one message.
 *
 * A clone keeps identity within a message: two tasks of one batch that were given the same object would find themselves sharing its copy, and one
 * would see what the other writes. So a frame joins a batch only when it holds no object the batch already holds:
 *
 *     run('f', config, 1)   run('f', 2)   run('f', config, 3)        ->  [ f(config, 1), f(2) ]  [ f(config, 3) ]
 *
 * The walk is short: frames of many objects, or of kinds it does not know, travel alone, where the cost of a message no longer matters.
 */

/** The frame may join the batch and has been noted. */
export const JOINS = 0;
/** The frame holds an object that the batch holds: it starts the next batch. */
export const CONFLICTS = 1;
/** The frame travels alone. */
export const ALONE = 2;
export type Verdict = 0 | 1 | 2;

/** Objects of one frame that are looked at. */
const OBJECTS_MAX = 64;

/** Members of an array that are looked at. */
const LENGTH_MAX = 1_024;

export class SharingGuard {
  /** Objects of the batch. */
  readonly #batch: Set<object> = new Set();
  /** Objects of the frame that is being looked at. */
  readonly #frame: object[] = [];

  /** Whether a frame that consists of `values` may join the batch. Some ns when they are all primitive; getters are read. */
  check(values: readonly unknown[]): Verdict {
    const frame = this.#frame;
    let verdict: Verdict = JOINS;
    for (let index = 0; index < values.length && verdict === JOINS; index += 1) {
      const value = values[index];
      if (typeof value === 'object' && value !== null) verdict = this.#tryWalk(value);
    }
    if (frame.length === 0) return verdict;
    if (verdict === JOINS) for (const object of frame) this.#batch.add(object);
    frame.length = 0;
    return verdict;
  }

  /** The batch has left. */
  clear(): void {
    if (this.#batch.size > 0) this.#batch.clear();
  }

  #tryWalk(value: object): Verdict {
    try {
      return this.#walk(value);
    } catch {
      // A getter or a proxy's trap threw: the clone will tell.
      return ALONE;
    }
  }

  #walk(value: object): Verdict {
    if (isShared(value)) return JOINS;
    const identity = identityOf(value);
    if (this.#frame.includes(identity)) return JOINS;
    if (this.#batch.has(identity)) return CONFLICTS;
    if (this.#frame.push(identity) > OBJECTS_MAX) return ALONE;
    if (Array.isArray(value)) return value.length > LENGTH_MAX ? ALONE : this.#walkKeys(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#walkKeys(value);
    return isLeaf(value) ? JOINS : ALONE;
  }

  #walkKeys(value: object): Verdict {
    for (const key of Object.keys(value)) {
      const item = (value as Record<string, unknown>)[key];
      if (typeof item !== 'object' || item === null) continue;
      const verdict = this.#walk(item);
      if (verdict !== JOINS) return verdict;
    }
    return JOINS;
  }
}

/** Views over one buffer share it. */
function identityOf(value: object): object {
  return ArrayBuffer.isView(value) ? value.buffer : value;
}

/** Shared memory is shared on purpose. */
function isShared(value: object): boolean {
  return (ArrayBuffer.isView(value) ? value.buffer : value) instanceof SharedArrayBuffer;
}

function isLeaf(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Date;
}
