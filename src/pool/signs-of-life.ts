/**
 * Whether the event loop of a worker turns: asked when one of its tasks has to end, and, where that can be foreseen, somewhat ahead. What has not answered by then
 * is stuck in synchronous code, and its replacement is started at once.
 *
 * What functions made of earlier cancellations counts: one that ended by itself looks whether it is cancelled, and is given the time to do so before its worker
 * is taken for stuck; one that had to be ended by force is given none.
 */
import { isInFlight } from '../task/lifecycle.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';

/** A worker whose event loop has not answered for this long is taken to be in synchronous code (P). */
export const BLOCKED_AFTER_MS = 10;
/**
 * But not sooner than in this share of the time it took to start, up to a limit (P): where starts take seconds, because the machine has more to do than it can,
 * answers take long too, and a replacement for each worker that is merely waiting for a CPU would make it worse.
 */
const BLOCKED_BOOT_SHARE = 0.1;
const BLOCKED_AFTER_MS_MAX = 250;

/** Room for timers that ring early. */
const ASK_AHEAD_MS = BLOCKED_AFTER_MS + 1;

export class SignsOfLife {
  readonly #core: PoolCore;
  /** Functions that kept their event loop blocked when they were told to end, and whether they ended by themselves soon after it. */
  readonly #endsByItself = new Map<string, boolean>();

  constructor(core: PoolCore) {
    this.#core = core;
  }

  /** Wants a sign of life; one question at a time. Any answer is one to the oldest. */
  ask(member: Member): void {
    if (!Number.isNaN(member.askedAt)) return;
    member.askedAt = this.#core.now();
    member.worker.ping();
    member.worker.flush();
  }

  answered(member: Member): void {
    member.askedAt = NaN;
  }

  /** When a member that was asked is stuck unless it answers, for a task of this function that was told to end at `toldAt`. */
  stuckAt(member: Member, taskName: string, toldAt: number): number {
    return blockedAfterMs(member) + (this.#endsByItself.get(taskName) === true ? toldAt : member.askedAt);
  }

  /** Whether there is no point in waiting for this function: the last one had to be ended by force. */
  isHopeless(taskName: string): boolean {
    return this.#endsByItself.get(taskName) === false;
  }

  /** A worker that was stuck with it is ended. */
  forced(taskName: string): void {
    this.#endsByItself.set(taskName, false);
  }

  /** A task that was told to end at `toldAt` has done so. */
  ended(member: Member, taskName: string, toldAt: number): void {
    if (member.state !== 'suspect') return;
    if (this.#core.now() - toldAt <= blockedAfterMs(member)) this.#endsByItself.set(taskName, true);
    else this.#endsByItself.delete(taskName);
  }

  /** Asks the worker that has begun with the task, since it is about to be told to end it. */
  askAhead(task: PoolTask): void {
    const holder = isInFlight(task.stateCode) ? (task.holder as Member | undefined) : undefined;
    if (holder !== undefined && holder.worker.kind !== 'async' && holder.worker.begun(task)) this.ask(holder);
  }
}

/** When to ask ahead of what ends a task at `at`, `spanMs` from now; `undefined` where that is too soon to be worth it. */
export function askAheadAt(at: number, spanMs: number): number | undefined {
  return spanMs < 2 * ASK_AHEAD_MS ? undefined : at - ASK_AHEAD_MS;
}

/** For how long the event loop of the member may leave a question unanswered. */
export function blockedAfterMs(member: Member): number {
  return Math.min(BLOCKED_AFTER_MS_MAX, Math.max(BLOCKED_AFTER_MS, BLOCKED_BOOT_SHARE * (member.info?.bootMs ?? 0)));
}
