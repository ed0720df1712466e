/**
 * A bounded queue of values between threads: any number of senders and receivers, first in first out.
 *
 *     words: LOCK   HEAD   TAIL   CLOSED, then the bytes of the ring (`byte-ring.ts`): the values, as the codec writes them
 *
 * send:      1. turn the value into bytes   2. no room: wait   3. take LOCK   4. closed: fail; no room now: unlock, wait   5. copy, store TAIL   6. unlock, tell receivers
 * receive:   1. empty and not closed: wait   2. take LOCK   3. empty: unlock; closed: it is over, else wait   4. copy, store HEAD   5. unlock, tell senders
 *
 * LOCK is held for the copying only, never while anybody waits or decodes. It is `token | MISSED`: who finds it held adds MISSED, and the holder wakes
 * everybody when it unlocks. TAIL and HEAD are stored last, so a thread that dies with the lock has sent or received one whole value or none, and whoever finds
 * its token dead takes the lock over: nothing is poisoned.
 *
 * A value sent before `close()` is received: a sender looks at CLOSED under the lock, and a receiver finds the channel empty under it.
 *
 * Fairness as for the mutex, among senders and among receivers. Cost: some µs a value, and copying it twice.
 */
import { MillraceError, OptionError } from '../errors.js';
import { compareExchange, load, store } from '../runtime/atomics.js';
import { ownOptions } from '../runtime/own-options.js';
import { parseSize } from '../runtime/units.js';
import type { Size } from '../runtime/units.js';
import { decodeValue, Encoder, PROCESS } from '../transport/codec.js';
import { uncloneableError } from '../transport/value-path.js';
import { AsyncWaiters } from './async-waiters.js';
import { block, spinTries } from './block.js';
import { ByteRing, LENGTH_BYTES } from './byte-ring.js';
import { timeoutMs } from './claim.js';
import type { BlockOptions, Claim, WaitOptions } from './claim.js';
import { isAbandoned } from './mutex.js';
import { allocate, memoryOf, pointWord, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';
import { TOKEN_MASK } from './thread-table.js';
import { WaitPoint } from './wait-point.js';

const LOCK = stateWord(2);
const HEAD = LOCK + 1;
const CLOSED = LOCK + 3;
const STATE_WORDS = 4;

const MISSED = 1 << 30;
const CAPACITY_MIN = 64;
const CAPACITY_MAX = 1024 ** 3;

export type ChannelHandle = SharedHandle<'channel'>;

export interface ChannelOptions {
  /** Room for values that are sent and not received, each with 4 bytes more; rounded up to a power of two. Default `'64kb'`. */
  readonly capacity?: Size;
}

export class Channel<T = unknown> implements SharedHandle<'channel'>, Iterable<T>, AsyncIterable<T> {
  readonly type = 'channel' as const;
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #ring: ByteRing;
  readonly #senders: WaitPoint;
  readonly #receivers: WaitPoint;
  readonly #sendLine: AsyncWaiters;
  readonly #receiveLine: AsyncWaiters;
  readonly #encoder = new Encoder();

  constructor(options?: ChannelOptions);
  /** @internal */
  constructor(options: undefined, memory: SharedArrayBuffer);
  constructor(options?: ChannelOptions, memory: SharedArrayBuffer = allocate(2, STATE_WORDS + capacityBytes(options) / 4)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#ring = new ByteRing(memory, HEAD, LOCK + STATE_WORDS);
    this.#senders = new WaitPoint(this.#words, pointWord(0));
    this.#receivers = new WaitPoint(this.#words, pointWord(1));
    this.#sendLine = new AsyncWaiters(this.#senders);
    this.#receiveLine = new AsyncWaiters(this.#receivers);
  }

  /** The channel behind what a task was given. */
  static from<T = unknown>(handle: ChannelHandle): Channel<T> {
    return handle instanceof Channel ? (handle as Channel<T>) : new Channel<T>(undefined, memoryOf('channel', handle));
  }

  /** Bytes there is room for. A value takes its own and 4 more. */
  get capacity(): number {
    return this.#ring.capacity;
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return load(this.#words, CLOSED) !== 0;
  }

  /**
   * Sends a value; waits on the event loop while there is no room.
   *
   * @throws (rejects with) `ERR_CHANNEL_CLOSED`, a ValueError for what bytes cannot carry, a WaitTimeoutError, the signal's reason
   */
  async send(value: T, options?: WaitOptions): Promise<void> {
    const limitMs = timeoutMs('Channel.send', options);
    const bytes = this.#encode(value);
    if (this.#sendLine.length === 0 && this.#put(bytes)) return;
    await this.#sendLine.wait(this.#sendClaim('Channel.send', Uint8Array.from(bytes)), limitMs, options?.signal);
  }

  /** Sends a value; blocks the thread while there is no room: for worker threads. Throws as `send` rejects. */
  sendSync(value: T, options?: BlockOptions): void {
    block(this.#senders, this.#sendClaim('Channel.sendSync', this.#encode(value)), timeoutMs('Channel.sendSync', options));
  }

  /** Sends a value if there is room and nobody of this thread waits to send. Returns whether it did. */
  trySend(value: T): boolean {
    return this.#sendLine.length === 0 && this.#put(this.#encode(value));
  }

  /** Receives the oldest value; waits on the event loop while there is none. Rejects with `ERR_CHANNEL_CLOSED` when there will be none. */
  async receive(options?: WaitOptions): Promise<T> {
    const claim = new ReceiveClaim('Channel.receive', () => this.#take());
    await this.#receiveLine.wait(claim, timeoutMs('Channel.receive', options), options?.signal);
    return this.#open(claim.received) as T;
  }

  /** Receives the oldest value; blocks the thread while there is none: for worker threads. Throws as `receive` rejects. */
  receiveSync(options?: BlockOptions): T {
    const claim = new ReceiveClaim('Channel.receiveSync', () => this.#take());
    block(this.#receivers, claim, timeoutMs('Channel.receiveSync', options));
    return this.#open(claim.received) as T;
  }

  /** The oldest value, if there is one and nobody of this thread waits for it; `undefined` otherwise. Throws `ERR_CHANNEL_CLOSED` when there will be none. */
  tryReceive(): { readonly value: T } | undefined {
    const received = this.#receiveLine.length === 0 ? this.#take() : undefined;
    return received === undefined ? undefined : { value: this.#open(received) as T };
  }

  /** Takes no more values; those sent before can still be received. */
  close(): void {
    store(this.#words, CLOSED, 1);
    this.#senders.changed();
    this.#receivers.changed();
  }

  /** Receives until the channel is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const claim = new ReceiveClaim('Channel', () => this.#take());
      await this.#receiveLine.wait(claim, Infinity, undefined);
      if (claim.received === OVER) return;
      yield this.#open(claim.received) as T;
    }
  }

  /** Receives until the channel is closed and empty; blocks the thread in between: for worker threads. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (;;) {
      const claim = new ReceiveClaim('Channel', () => this.#take());
      block(this.#receivers, claim, Infinity);
      if (claim.received === OVER) return;
      yield this.#open(claim.received) as T;
    }
  }

  /** Numbers of this object among the shared objects of the process, for senders and receivers that wait; see `blockedThreads()`. */
  get ids(): readonly [senders: number, receivers: number] {
    return [this.#senders.id, this.#receivers.id];
  }

  #encode(value: T): Uint8Array {
    let bytes: Uint8Array;
    try {
      bytes = this.#encoder.encode(value);
    } catch (cause) {
      throw uncloneableError(value, 'value', cause, PROCESS);
    }
    if (bytes.length + LENGTH_BYTES <= this.capacity) return bytes;
    throw new OptionError(
      'Channel.send: value',
      `a value of at most ${this.capacity - LENGTH_BYTES} bytes`,
      bytes.length,
      'Make the channel larger: option capacity',
    );
  }

  #open(received: Received | undefined): unknown {
    if (received === OVER || received === undefined) throw closedError();
    return decodeValue(received, 0, received.length);
  }

  #sendClaim(what: string, bytes: Uint8Array): Claim {
    return { what, attempt: () => this.#put(bytes), owner: () => this.#holder(), giveUp: () => undefined };
  }

  /** Whether the bytes are in the ring now. */
  #put(bytes: Uint8Array): boolean {
    if (this.closed) throw closedError();
    if (!this.#senders.mayTake() || !this.#ring.hasRoom(bytes.length) || !this.#lock()) return false;
    const closed = this.closed;
    const done = !closed && this.#ring.hasRoom(bytes.length);
    if (done) this.#ring.write(bytes);
    this.#unlock();
    if (closed) throw closedError();
    if (done) this.#receivers.changed();
    return done;
  }

  /** The bytes of the oldest value; `undefined` when there is none yet. */
  #take(): Received | undefined {
    if (!this.#receivers.mayTake() || (this.#ring.isEmpty && !this.closed) || !this.#lock()) return undefined;
    // Closed first: what was sent before it was closed is in the ring by now.
    const closed = this.closed;
    const received = this.#ring.isEmpty ? (closed ? OVER : undefined) : this.#ring.read();
    this.#unlock();
    if (received instanceof Uint8Array) this.#senders.changed();
    return received;
  }

  #lock(): boolean {
    for (let tries = spinTries(); ; tries -= 1) {
      const word = load(this.#words, LOCK);
      const free = word === 0 || isAbandoned(this.#senders, word);
      if (free && compareExchange(this.#words, LOCK, word, this.#senders.table.me | (word & MISSED)) === word) return true;
      if (free || tries > 0) continue;
      if ((word & MISSED) !== 0 || compareExchange(this.#words, LOCK, word, word | MISSED) === word) return false;
    }
  }

  #unlock(): void {
    const { me } = this.#senders.table;
    if (compareExchange(this.#words, LOCK, me, 0) === me) return;
    store(this.#words, LOCK, 0);
    this.#senders.wake();
    this.#receivers.wake();
  }

  #holder(): number {
    return load(this.#words, LOCK) & TOKEN_MASK;
  }
}

/** The channel is closed and empty. */
const OVER = null;
type Received = Uint8Array | typeof OVER;

class ReceiveClaim implements Claim {
  readonly what: string;
  received: Received | undefined = undefined;
  readonly #take: () => Received | undefined;

  constructor(what: string, take: () => Received | undefined) {
    this.what = what;
    this.#take = take;
  }

  attempt(): boolean {
    this.received = this.#take();
    return this.received !== undefined;
  }

  owner(): number {
    return 0;
  }

  giveUp(): void {
    // A failed attempt leaves nothing behind.
  }
}

function capacityBytes(options: ChannelOptions | undefined): number {
  const wanted = parseSize('Channel: capacity', ownOptions<ChannelOptions>('Channel: options', options, ['capacity']).capacity ?? '64kb');
  if (wanted > CAPACITY_MAX) throw new OptionError('Channel: capacity', 'at most 1gb', options?.capacity);
  return 2 ** Math.ceil(Math.log2(Math.max(CAPACITY_MIN, wanted)));
}

function closedError(): MillraceError {
  return new MillraceError('ERR_CHANNEL_CLOSED', 'the channel is closed');
}
