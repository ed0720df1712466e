/**
 * The threads of this process, in memory that all of them share: who lives, who waits for whom, and the words they sleep on.
 *
 *     word  0 id of the table   1 rows   2 points   3 number of the last shared object
 *           4 + 8 * row          thread id + 1 (0: free)   generation (odd: alive)   token of the parent   waits on   waits for
 *           4 + 8 * rows + p     point p: counts changes; everybody who waits for a change of an object with this point sleeps on it
 *
 * A **token** names one thread for good: `generation << 10 | row`. When a thread has ended, its row's generation moves on, so its token is dead from
 * then on, wherever it stands (as the owner of a lock, for example), and the row can be another thread's.
 *
 * Why points lie here and not in the objects: whoever sees a thread end can then wake all who sleep on any object at all, and each of them looks again
 * at what it waits for. So nobody sleeps on a lock whose owner has died, and no look-out of time is needed.
 *
 * Who tells: the thread that started it, when it hears of the exit (`threadEnded`); the thread itself when it ends in good order. A thread that ends takes
 * those it has started with it.
 *
 * How a thread finds the table: in the environment data that `worker_threads` hands to every thread started later.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';
import { MillraceError } from '../errors.js';
import { add, compareExchange, load, notify, store } from '../runtime/atomics.js';
import { systemRandom } from '../runtime/random.js';

const ROW_BITS = 10;
const ROWS_MAX = 1 << ROW_BITS;
const POINTS = 1_024;
const GENERATION_MASK = 0xf_ffff;
/** The bits of a word that hold a token; the two above are free for the word's own use. */
export const TOKEN_MASK = 0x3fff_ffff;

const TABLE_ID = 0;
const ROWS = 1;
const POINT_COUNT = 2;
const LAST_OBJECT = 3;
const FIRST_ROW = 4;

const ROW_WORDS = 8;
const THREAD = 0;
const GENERATION = 1;
const PARENT = 2;
const WAITS_ON = 3;
const WAITS_FOR = 4;

const ENVIRONMENT_KEY = 'millrace.threads';

/** What a new thread is told. */
interface Inheritance {
  readonly memory: SharedArrayBuffer;
  /** Token of the thread that starts it; 0 when that has none. */
  readonly parent: number;
}

/** A thread that is blocked in a shared object. */
export interface BlockedThread {
  readonly threadId: number;
  /** `id` of the object. */
  readonly waitsOn: number;
  /** The thread that holds the object, when one does and it is known. */
  readonly waitsFor: number | undefined;
}

export class ThreadTable {
  readonly memory: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly id: number;
  readonly #threadId: number;
  readonly #parent: number;
  readonly #rows: number;
  readonly #firstPoint: number;
  readonly #points: number;
  #me = 0;

  /** Memory of a table without threads. */
  static allocate(rows: number = ROWS_MAX, points: number = POINTS): SharedArrayBuffer {
    const memory = new SharedArrayBuffer((FIRST_ROW + rows * ROW_WORDS + points) * 4);
    const words = new Int32Array(memory);
    words[TABLE_ID] = 1 + Math.floor(systemRandom() * 0x7fff_fffe);
    words[ROWS] = rows;
    words[POINT_COUNT] = points;
    return memory;
  }

  /** The table as the thread `threadId` sees it. */
  constructor(memory: SharedArrayBuffer, ownThreadId: number, parent: number) {
    this.memory = memory;
    this.words = new Int32Array(memory);
    this.id = this.words[TABLE_ID] as number;
    this.#threadId = ownThreadId;
    this.#parent = parent;
    this.#rows = this.words[ROWS] as number;
    this.#firstPoint = FIRST_ROW + this.#rows * ROW_WORDS;
    this.#points = this.words[POINT_COUNT] as number;
  }

  /** Token of this thread; it gets its row when it first asks. */
  get me(): number {
    return this.#me === 0 ? this.#register() : this.#me;
  }

  /** Whether the thread of this token has ended. */
  isDead(token: number): boolean {
    return load(this.words, rowWord(token & (ROWS_MAX - 1)) + GENERATION) !== token >>> ROW_BITS;
  }

  /** Id of the thread of this token; `undefined` when it has ended, and for 0. */
  threadIdOf(token: number): number | undefined {
    if (token === 0) return undefined;
    const thread = load(this.words, rowWord(token & (ROWS_MAX - 1)) + THREAD);
    return thread === 0 || this.isDead(token) ? undefined : thread - 1;
  }

  /** Number for a new object. */
  nextObject(): number {
    return add(this.words, LAST_OBJECT, 1) + 1;
  }

  /** The word that those sleep on who wait for this object. Objects may have it in common: then one wakes for the other's changes as well. */
  pointOf(object: number): number {
    return this.#firstPoint + ((object >>> 0) % this.#points);
  }

  /** Wakes everybody who sleeps on this point. */
  wake(point: number): void {
    add(this.words, point, 1);
    notify(this.words, point);
  }

  /** Notes for others that this thread is about to block; `(0, 0)` when it no longer is. */
  noteBlocked(object: number, owner: number): void {
    const row = rowWord(this.me & (ROWS_MAX - 1));
    store(this.words, row + WAITS_ON, object);
    store(this.words, row + WAITS_FOR, owner);
  }

  /** The threads that are blocked in shared objects right now. Each entry is true by itself; together they are no snapshot. */
  blocked(): BlockedThread[] {
    const blocked: BlockedThread[] = [];
    for (let row = 0; row < this.#rows; row += 1) {
      const thread = load(this.words, rowWord(row) + THREAD);
      const waitsOn = load(this.words, rowWord(row) + WAITS_ON);
      const owner = load(this.words, rowWord(row) + WAITS_FOR);
      if (thread !== 0 && waitsOn !== 0) blocked.push({ threadId: thread - 1, waitsOn, waitsFor: this.threadIdOf(owner) });
    }
    return blocked;
  }

  /** A thread has ended: its token is dead from here on, and everybody who sleeps looks again. */
  ended(endedThreadId: number): void {
    let found = false;
    for (let row = 0; row < this.#rows; row += 1) {
      const generation = load(this.words, rowWord(row) + GENERATION);
      if (load(this.words, rowWord(row) + THREAD) !== endedThreadId + 1) continue;
      found = true;
      this.#end(row, generation);
    }
    if (!found) return;
    for (let point = 0; point < this.#points; point += 1) this.wake(this.#firstPoint + point);
  }

  #register(): number {
    for (let row = 0; row < this.#rows; row += 1) {
      const word = rowWord(row);
      if (load(this.words, word + THREAD) !== 0 || compareExchange(this.words, word + THREAD, 0, this.#threadId + 1) !== 0) continue;
      const generation = (load(this.words, word + GENERATION) + 1) & GENERATION_MASK;
      store(this.words, word + PARENT, this.#parent);
      store(this.words, word + GENERATION, generation);
      return (this.#me = (generation << ROW_BITS) | row);
    }
    throw new MillraceError('ERR_SHARED_LIMIT', `more than ${this.#rows} threads use shared objects at once`);
  }

  /** `generation` was loaded before the row was found to be the ended thread's: if it has moved on since, so has the row. */
  #end(row: number, generation: number): void {
    const word = rowWord(row);
    if ((generation & 1) === 1 && compareExchange(this.words, word + GENERATION, generation, (generation + 1) & GENERATION_MASK) !== generation) return;
    store(this.words, word + WAITS_ON, 0);
    store(this.words, word + WAITS_FOR, 0);
    store(this.words, word + THREAD, 0);
    if ((generation & 1) === 1) this.#endChildren((generation << ROW_BITS) | row);
  }

  #endChildren(parent: number): void {
    for (let row = 0; row < this.#rows; row += 1) {
      const generation = load(this.words, rowWord(row) + GENERATION);
      const isChild = load(this.words, rowWord(row) + THREAD) !== 0 && load(this.words, rowWord(row) + PARENT) === parent;
      if (isChild) this.#end(row, generation);
    }
  }
}

function rowWord(row: number): number {
  return FIRST_ROW + row * ROW_WORDS;
}

let current: ThreadTable | undefined;

/** The table of this process, as this thread sees it. */
export function threadTable(): ThreadTable {
  return (current ??= findTable());
}

/** Puts a table in place of the process's, for this thread: the interleaving tests. */
export function replaceThreadTable(table: ThreadTable | undefined): void {
  current = table;
}

/** Sees to it that threads started from here on share the table of this one. Called before each start; costs next to nothing but the first time. */
export function shareThreadTable(): void {
  const table = threadTable();
  const known = getEnvironmentData(ENVIRONMENT_KEY) as unknown as Inheritance | undefined;
  if (known?.parent !== table.me) publish({ memory: table.memory, parent: table.me });
}

/** Called by whoever started a thread, when it has exited. `threadId` is the one it had. */
export function threadEnded(endedThreadId: number): void {
  current?.ended(endedThreadId);
}

function findTable(): ThreadTable {
  const known = getEnvironmentData(ENVIRONMENT_KEY) as unknown as Inheritance | undefined;
  const { memory, parent } = known ?? publish({ memory: ThreadTable.allocate(), parent: 0 });
  const table = new ThreadTable(memory, threadId, isMainThread ? 0 : parent);
  // Told by the thread itself as well: the one that started it may be blocked and hear of nothing.
  if (!isMainThread) process.once('exit', () => table.ended(threadId));
  return table;
}

function publish(inheritance: Inheritance): Inheritance {
  setEnvironmentData(ENVIRONMENT_KEY, inheritance as never);
  return inheritance;
}
