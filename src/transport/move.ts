/** `move`: hand a value over instead of copying it. */
import { types } from 'node:util';

const moved = new WeakSet<object>();
let used = false;

/**
 * Marks a transferable (ArrayBuffer, typed array, Buffer with its own memory, MessagePort, …) so that it is transferred and not cloned when it
 * is next passed as a task's argument, result or yielded value. It is unusable on this side afterwards. Only looked for at the top level: for
 * nested values use the option `transfer`. Threads only; elsewhere the value is copied. Returns `value`; what is no object has nothing to move.
 */
export function move<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  used = true;
  moved.add(value);
  return value;
}

/** Whether {@link move} was never used. */
export function nothingMoves(): boolean {
  return !used;
}

/** The transferables among `values` that were marked by {@link move}; `undefined` when there are none. Costs one comparison until `move` is first used. */
export function movedAmong(values: readonly unknown[]): object[] | undefined {
  if (!used) return undefined;
  let list: object[] | undefined;
  for (const value of values) {
    if (typeof value !== 'object' || value === null || !moved.has(value)) continue;
    moved.delete(value);
    const transferable = ArrayBuffer.isView(value) ? value.buffer : value;
    if (transferable instanceof SharedArrayBuffer || list?.includes(transferable) === true) continue;
    (list ??= []).push(transferable);
  }
  return list;
}

/**
 * The runtimes transfer a detached buffer without a word, and what arrives is empty or broken.
 *
 * @throws DataCloneError when one of `transfer` was transferred before
 */
export function assertAttached(transfer: readonly object[]): void {
  if (transfer.some(isDetached)) throw new DOMException('an ArrayBuffer in the transfer list was transferred before', 'DataCloneError');
}

/** A view can be made over any buffer but a detached one. */
export function isDetached(value: object): boolean {
  if (!types.isArrayBuffer(value) || value.byteLength > 0) return false;
  try {
    return new Uint8Array(value).byteLength < 0;
  } catch {
    return true;
  }
}
