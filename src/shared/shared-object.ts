/**
 * How a shared object crosses to a thread.
 *
 * Objects carry two properties of their own: what they are, and their memory. A structured clone keeps exactly these, so an object may be passed to a task
 * as it is; what arrives is its **handle**, and the class's `from(handle)` makes an object of it again, over the same memory:
 *
 *     Mutex { type: 'mutex', memory, #… }  ──clone──>  { type: 'mutex', memory }  ──Mutex.from──>  Mutex
 *
 * Layout of the memory: word 0 is the id of the thread table, then come the wait points, then what the class says.
 */
import { MillraceError, OptionError } from '../errors.js';
import { threadTable } from './thread-table.js';
import { POINT_WORDS, WaitPoint } from './wait-point.js';

/** The form in which a shared object arrives in a task. */
export interface SharedHandle<T extends string = string> {
  readonly type: T;
  readonly memory: SharedArrayBuffer;
}

const TABLE_ID = 0;
const FIRST_POINT = 1;

/** Word of wait point `index`. */
export function pointWord(index: number): number {
  return FIRST_POINT + index * POINT_WORDS;
}

/** First word of the class's own part, in an object with so many wait points. */
export function stateWord(points: number): number {
  return pointWord(points);
}

/** Memory of a new object: `points` wait points and `stateWords` words of zeros. */
export function allocate(points: number, stateWords: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((stateWord(points) + stateWords) * 4);
  const words = new Int32Array(memory);
  words[TABLE_ID] = threadTable().id;
  for (let index = 0; index < points; index += 1) WaitPoint.initialise(words, pointWord(index));
  return memory;
}

/** The memory in a handle. Throws an OptionError when it is none of this type. */
export function memoryOf<T extends string>(type: T, handle: unknown): SharedArrayBuffer {
  const given = handle as Partial<SharedHandle> | null | undefined;
  if (typeof given !== 'object' || given === null || !(given.memory instanceof SharedArrayBuffer)) {
    throw new OptionError('from: handle', `a shared object of type '${type}'`, handle, 'Pass the object itself as an argument of the task');
  }
  if (given.type !== type) throw new OptionError('from: handle.type', `'${type}'`, given.type);
  if (new Int32Array(given.memory)[TABLE_ID] !== threadTable().id) {
    throw new MillraceError(
      'ERR_SHARED_LIMIT',
      `this ${type} comes from threads that this one cannot see: the thread was started before millrace was loaded; import millrace before you start threads`,
    );
  }
  return given.memory;
}
