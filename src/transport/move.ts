/** `move`: hand a value over instead of copying it. */

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
