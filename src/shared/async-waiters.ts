/**
 * Waiting on the event loop: the asynchronous waiters that one thread has for one shared object, served in order.
 *
 *     wait() ──> [ head | second | third ]        only the head tries; one sleep for all of them
 *
 * One `waitAsync` is registered however many wait, and it stays registered when the head leaves: it ends with the next change, and then whoever is the
 * head by then tries. `waitAsync` does not keep the event loop alive and several changes may end it once, so a handle is held while anybody waits, and
 * heads are served until one has to wait.
 */
import { Fifo } from '../collections/fifo.js';
import { systemClock, TIMER_MS_MAX } from '../runtime/clock.js';
import type { Timer } from '../runtime/clock.js';
import { KeepAlive } from '../runtime/keep-alive.js';
import { timeoutError } from './claim.js';
import type { Claim } from './claim.js';
import { LOSSES_MAX } from './wait-point.js';
import type { WaitPoint } from './wait-point.js';

const keepAlive = new KeepAlive();

/** Somebody in line. */
export interface AsyncWaiter {
  readonly claim: Claim;
  /** Called once, when the claim is ours (`undefined`) or never will be. */
  readonly settled: (failure: { readonly error: unknown } | undefined) => void;
  position: number;
}

export class AsyncWaiters {
  readonly #point: WaitPoint;
  readonly #line = new Fifo<AsyncWaiter>((waiter, position) => {
    waiter.position = position;
  });
  /** A sleep is registered. */
  #sleeping = false;
  /** Wake-ups for nothing of the present head. */
  #losses = 0;
  #reserved = false;
  #pumping = false;

  constructor(point: WaitPoint) {
    this.#point = point;
  }

  /** How many wait. */
  get length(): number {
    return this.#line.length;
  }

  /** Resolves when the claim is ours. */
  wait(claim: Claim, limitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        claim.giveUp();
        throw signal.reason;
      }
      let timer: Timer | undefined;
      const onAbort = (): void => this.leave(waiter, signal?.reason);
      keepAlive.hold();
      const waiter = this.enter(claim, (failure) => {
        keepAlive.release();
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        if (failure === undefined) resolve();
        else reject(failure.error);
      });
      if (waiter.position === GONE) return;
      signal?.addEventListener('abort', onAbort, { once: true });
      if (limitMs <= TIMER_MS_MAX) timer = systemClock.setTimer(limitMs, () => this.leave(waiter, timeoutError(claim.what, limitMs)));
    });
  }

  /** Stands in line. `settled` may be called before this returns. */
  enter(claim: Claim, settled: AsyncWaiter['settled']): AsyncWaiter {
    const waiter: AsyncWaiter = { claim, settled, position: 0 };
    waiter.position = this.#line.push(waiter);
    if (this.#line.peek() === waiter) this.#pump();
    return waiter;
  }

  /** Stops waiting, with `error`. */
  leave(waiter: AsyncWaiter, error: unknown): void {
    if (waiter.position === GONE) return;
    waiter.claim.giveUp();
    this.#remove(waiter, { error });
    this.#pump();
  }

  /** Serves heads until one has to wait. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let head = this.#line.peek(); head !== undefined; head = this.#line.peek()) {
      if (this.#serve(head)) continue;
      const key = this.#point.announce();
      if (this.#serve(head)) continue;
      if (this.#losses >= LOSSES_MAX && !this.#reserved) this.#reserved = this.#point.reserve();
      if (this.#sleeping || this.#sleep(key)) break;
    }
    this.#pumping = false;
  }

  /** Whether the head's wait is over. */
  #serve(head: AsyncWaiter): boolean {
    try {
      if (!head.claim.attempt()) return false;
      this.#remove(head, undefined);
    } catch (error) {
      head.claim.giveUp();
      this.#remove(head, { error });
    }
    return true;
  }

  #remove(waiter: AsyncWaiter, failure: { readonly error: unknown } | undefined): void {
    if (this.#line.peek() === waiter) this.#headLeaves();
    this.#line.removeAt(waiter.position);
    waiter.position = GONE;
    waiter.settled(failure);
  }

  #headLeaves(): void {
    this.#losses = 0;
    if (!this.#reserved) return;
    this.#reserved = false;
    this.#point.unreserve();
  }

  #sleep(key: number): boolean {
    const sleep = this.#point.sleepAsync(key);
    if (!sleep.async) return false;
    this.#sleeping = true;
    void sleep.value.then(this.#woken);
    return true;
  }

  readonly #woken = (): void => {
    this.#sleeping = false;
    this.#losses += 1;
    this.#pump();
  };
}

/** Position of a waiter that has left. */
const GONE = -1;
