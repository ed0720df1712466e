/** The option `transfer`. */
import { OptionError } from '../errors.js';

/**
 * What of a call's arguments is to be transferred: views stand for their buffers, each buffer is named once, and shared memory needs no transfer.
 *
 * @throws OptionError when it is no list, or something in it is no object
 */
export function transferList(given: unknown): readonly object[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) throw new OptionError('options.transfer', 'an array of transferable objects', given);
  const list = new Set<object>();
  for (const [index, value] of (given as unknown[]).entries()) {
    if (typeof value !== 'object' || value === null) throw new OptionError(`options.transfer[${index}]`, 'a buffer, a typed array or a MessagePort', value);
    const transferable = ArrayBuffer.isView(value) ? value.buffer : value;
    if (!(transferable instanceof SharedArrayBuffer)) list.add(transferable);
  }
  return [...list];
}
