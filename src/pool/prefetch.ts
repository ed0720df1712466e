/**
 * How many tasks each worker is sent ahead of those it executes.
 *
 * A worker may hold as many ahead as take it some 0.5 ms (`scheduler/credit.ts`), by the service time that it measures itself where it can: enough that
 * it never waits for the next one, too few to hoard. One reading of the clock a turn, two more in one of four, nothing a task.
 *
 * Where a second worker would only take the pool's core, one gets all tasks of next to no work, and is sent some ms of them ahead: it may lose its core for a while,
 * and what it cannot do meanwhile shall wake nobody else. When its tasks turn out to be longer while somebody is idle, it gives them back.
 *
 * While many tasks wait, a worker holds some ms of work in reserve, or, in a pool of fixed size, one task of up to 50 ms, so that it need not wake the pool for each reply, nor the pool
 * get a core at once. A reserve is a quarter of the worker's share of the queue at most, so it shrinks with the queue. It comes back when a task comes that would
 * have overtaken it in the queue, and then there is none for a while.
 *
 * Tasks sent ahead can be stuck behind a long one. A worker that holds some and answers nothing for {@link STALL_MS} gives them back to the queue, where an idle
 * sibling finds them, and gets none ahead until it answers again. While all have enough to do, what a worker holds in reserve may wait for as long as some of its
 * tasks usually take. This is the pool's work stealing: what is stolen has not begun.
 */
import { ReusedList } from '../collections/reused-list.js';
import { cpuLimit } from '../runtime/limits.js';
import { HandOver } from '../scheduler/hand-over.js';
import { creditFor, holdsTooMuch, PACKING_MAX, packingFor, reserveFor, togetherFor } from '../scheduler/credit.js';
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { TRANSFERRED } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';
import { takeBack } from './take-back.js';

/** A worker that has not answered for this long is busy with a long task (P). */
const STALL_MS = 2;
/** Tasks that the mean looks back on by which reserves are held: where times vary, the preference for short ones would take long ones for short. */
const MEAN_TASKS = 16;
/** What the pool spends on a task is measured with so many tasks at least, and once in so many turns. */
const MEASURED_MIN = 4;
const MEASURED_TURNS = 4;
/** A reserve comes back after so long without an answer, and after so many times as long as a task takes (P), while others have enough to do. */
const RESERVE_STALL_MS = 6;
const RESERVE_STALL_TASKS = 3;
/** With no more than this in reserve a worker gathers no replies, so nobody need look for them: it wakes the pool for each. */
const UNGATHERED_MAX = 2;
/** No reserves for so long after one had to come back (P): where priorities compete, it would have to all the time. */
const PLAIN_MS = 100;
/**
 * Weight of the newest batch in the moving mean of the service time. A shorter time is believed sooner than a longer one: small batches look slow
 * because each carries the cost of being woken, and one long task among short ones is met by the recall.
 */
const NEWEST_SHORTER = 0.7;
const NEWEST_LONGER = 0.2;

export class Prefetch {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #members: ReadonlySet<Member>;
  readonly #cores: number;
  /** How long tasks wait in the queue is bounded by an option, or decides how many workers there are. */
  readonly #countsWaits: boolean;
  readonly #answered: ReusedList<Member> = new ReusedList();
  readonly #handOver: HandOver = new HandOver();
  #receipts = 0;
  /** When the first of them had answered, in ms of the pool's clock; NaN in a turn that is not measured. */
  #answeredAt = NaN;
  #alarm: Alarm | undefined;
  /**
   * While all have enough to do and gather nothing there is no alarm: who takes what is stuck has answered before, and in that turn the members are looked at,
   * from this time on. 0 while there may be an alarm, Infinity while the look is about to come.
   */
  #lookAt = 0;
  /** Some member holds a reserve, or may. */
  #reserves = false;
  /** Until when there are none, in ms of the pool's clock. */
  #plainUntil = -Infinity;
  /** Place in the queue's order of the task that was handed out last. */
  #lastKey = -Infinity;

  constructor(core: PoolCore, settlement: Settlement, members: ReadonlySet<Member>) {
    this.#core = core;
    this.#settlement = settlement;
    this.#members = members;
    const { overload, queue, size } = core.settings;
    this.#countsWaits =
      size.min !== size.max || overload !== undefined || queue.waitMsMax !== Infinity || queue.levels.some(({ waitMsMax }) => waitMsMax !== undefined);
    this.#cores = core.settings.host?.cores ?? cpuLimit().cpus;
  }

  /** The first task of this member in this turn was answered. */
  measure(member: Member): void {
    member.measuredMs = member.worker.serviceMs();
  }

  /** A task of this member was answered. */
  count(member: Member): void {
    if (member.batch === 0) {
      if (this.#answered.length === 0) this.#beginReceipt();
      this.#answered.push(member);
    }
    member.batch += 1;
  }

  /** The pool has sent so many tasks since that time of its clock. */
  sent(tasks: number, since: number): void {
    if (tasks >= MEASURED_MIN && this.#receipts % MEASURED_TURNS === 0) this.#handOver.sent(tasks, this.#core.now() - since);
  }

  #beginReceipt(): void {
    if (this.#core.inFlight < MEASURED_MIN) return void (this.#answeredAt = NaN);
    this.#receipts += 1;
    this.#answeredAt = this.#receipts % MEASURED_TURNS === 0 ? this.#core.now() : NaN;
  }

  /** Replies that workers gather are taken in with those that one of them woke the pool for: so it need not be woken for them. Before `adjust`. */
  collect(): void {
    if (!this.#reserves) return;
    for (const member of this.#members) if (member.reserve > 0 && member.batch === 0 && member.inFlight > 0) member.worker.collect();
  }

  /** Takes in what all workers have shown. */
  collectAll(): void {
    for (const member of this.#members) if (member.inFlight > 0) member.worker.collect();
  }

  /** Whether some worker is busy with tasks that take it no longer than `serviceMs`. */
  isQuick(serviceMs: number): boolean {
    for (const member of this.#members) if (member.inFlight > 0 && member.serviceMs <= serviceMs) return true;
    return false;
  }

  /** Adjusts the credit of the members that answered since the last call. Called once a turn, before tasks are handed out. */
  adjust(): void {
    if (this.#answered.length === 0) return;
    const now = this.#core.now();
    this.#measureReceipt(now);
    for (let index = 0; index < this.#answered.length; index += 1) {
      const member = this.#answered.at(index);
      const { batch } = member;
      member.batch = 0;
      if (member.state !== 'ready' || member.worker.prefetchMax === 0) continue;
      // Where the worker does not tell, from outside: that holds the way there and back, so it is too long rather than too short.
      const sampleMs = Number.isNaN(member.measuredMs) ? (now - member.batchSince) / batch : member.measuredMs;
      member.measuredMs = NaN;
      // One batch in which the worker lost its core says nothing of the tasks: only what two in a row have taken is believed to be longer.
      const serviceMs = Number.isNaN(member.sampleMs) ? sampleMs : Math.min(sampleMs, Math.max(member.sampleMs, member.serviceMs));
      const steadyMs = Number.isNaN(member.sampleMs) ? sampleMs : Math.min(sampleMs, member.sampleMs);
      member.sampleMs = sampleMs;
      member.meanMs = Number.isNaN(member.meanMs) ? sampleMs : member.meanMs + (batch / (batch + MEAN_TASKS)) * (sampleMs - member.meanMs);
      member.batchSince = now;
      const weight = serviceMs < member.serviceMs ? NEWEST_SHORTER : NEWEST_LONGER;
      member.serviceMs = Number.isNaN(member.serviceMs) ? serviceMs : member.serviceMs + weight * (serviceMs - member.serviceMs);
      const mayHold = this.#mayHold(member, now);
      this.#setCredit(member, mayHold ? this.#reserveOf(member) : 0, mayHold ? Math.max(member.serviceMs, steadyMs) : NaN);
      if (holdsTooMuch(member.inFlight, member.creditMax, steadyMs) && this.#hasIdle()) this.recall(member);
    }
    this.#answered.clear();
  }

  /** The first reply had been read when the clock was. */
  #measureReceipt(now: number): void {
    if (Number.isNaN(this.#answeredAt)) return;
    let answers = -1;
    for (let index = 0; index < this.#answered.length; index += 1) answers += this.#answered.at(index).batch;
    if (answers > 0) this.#handOver.received(answers, now - this.#answeredAt);
  }

  /** Before tasks are handed out: reserves come back when one that is queued is due before them. O(1) while none is. */
  letOvertake(): void {
    // Times of submission are whole ms, and what comes back goes before all of its ms.
    if (!this.#reserves || this.#core.scheduler.headKey() > this.#lastKey - 1) return;
    this.forgoReserves();
    for (const member of this.#members) {
      if (member.state !== 'ready' || member.creditMax <= this.#core.places) continue;
      this.#setCredit(member, 0, NaN);
      this.recall(member);
    }
  }

  /** No reserves for a while. */
  forgoReserves(): void {
    this.#reserves = false;
    this.#plainUntil = this.#core.now() + PLAIN_MS;
  }

  /** `task` was handed out, as the last of a run. */
  handedOut(task: PoolTask): void {
    if (this.#reserves) this.#lastKey = this.#core.scheduler.keyOf(task);
  }

  /** Watches for members that are stuck with tasks sent ahead. Called once a turn, after tasks were handed out. */
  watch(): void {
    const core = this.#core;
    if (this.#alarm !== undefined) return;
    const hasEnough = core.scheduler.runnable > 0;
    if (this.#lookAt !== 0 && hasEnough) {
      if (core.now() < this.#lookAt) return;
      this.#lookAt = Infinity;
      return core.nextTurn(this.#look);
    }
    this.#lookAt = 0;
    if (core.scheduler.inFlight <= core.scheduler.busy * core.places) return;
    const soon = core.now() + STALL_MS;
    const at = this.#reserves && hasEnough ? this.#nextLookAt(soon) : soon;
    if (at > soon) this.#lookAt = at;
    else this.#alarm = core.alarms.set(soon, this.#look);
  }

  /** Gives back what a member was sent ahead: it is stuck, or leaves. */
  recall(member: Member): void {
    // The last one first: the worker goes on with the first of what is left, so it may not overtake any that is taken back.
    for (const task of [...member.worker.inFlight()].sort(this.#laterFirst)) {
      if ((task.marks & TRANSFERRED) === 0 && takeBack(this.#core, task)) this.#settlement.putBack(task);
    }
  }

  /** Gives back what a member was sent ahead, if somebody has nothing to do. */
  relieve(member: Member): void {
    if (this.#hasIdle()) this.recall(member);
  }

  /** Gives back what all members were sent ahead: nothing more shall begin. */
  recallAll(): void {
    for (const member of this.#members) if (member.inFlight > 0) this.recall(member);
  }

  /** By when they were handed over; what was handed over at one instant was so in the order of the queue. */
  readonly #laterFirst = (a: PoolTask, b: PoolTask): number => {
    const { scheduler } = this.#core;
    return (b.dispatchedTicks - a.dispatchedTicks) | 0 || scheduler.keyOf(b) - scheduler.keyOf(a) || b.sequence - a.sequence;
  };

  stop(): void {
    if (this.#alarm !== undefined) this.#core.alarms.cancel(this.#alarm);
    this.#alarm = undefined;
    this.#lookAt = 0;
  }

  /** Whether it may hold more than takes it PREFETCH_MS. */
  #mayHold(member: Member, now: number): boolean {
    const { functions, places, settings } = this.#core;
    // Asked each time: the answer is about what was sent since.
    const takes = member.worker.reserves?.(member.reserve > 0) === true;
    // A bulkhead counts what waits in a worker, and tasks bound to one come late in the order of all.
    return takes && places === 1 && now >= this.#plainUntil && !functions.hasBulkheads && settings.placement.name !== 'affinity';
  }

  #reserveOf(member: Member): number {
    const reserve = reserveFor(member.meanMs, this.#core.scheduler.runnable / this.#members.size, this.#countsWaits);
    if (reserve > 0) this.#mayOvertake();
    return reserve;
  }

  #hasIdle(): boolean {
    for (const member of this.#members) if (member.state === 'ready' && member.inFlight === 0) return true;
    return false;
  }

  /** From here on some member holds more than takes it PREFETCH_MS. */
  #mayOvertake(): void {
    if (this.#reserves) return;
    this.#reserves = true;
    this.#lastKey = -Infinity;
  }

  /** `steadyMs`: what tasks have taken it lately; NaN where it may not hold more than takes it PREFETCH_MS. */
  #setCredit(member: Member, reserve: number, steadyMs: number): void {
    const { places, settings } = this.#core;
    member.reserve = reserve;
    const isCrowded = this.#members.size >= this.#cores;
    const packing = packingFor(member.serviceMs, isCrowded, this.#handOver.ms);
    const together = isCrowded && packing === PACKING_MAX ? togetherFor(steadyMs) : 0;
    const prefetchMax = settings.autoConcurrency ? 0 : member.worker.prefetchMax;
    const credit = Math.min(member.creditCap, creditFor(places, member.serviceMs, prefetchMax, Math.max(reserve, together)));
    if (together > 0) this.#mayOvertake();
    if (credit > places && (reserve === 0 || reserve > UNGATHERED_MAX)) this.#lookAt = 0;
    // Small changes are not worth the bookkeeping.
    if (packing === member.packing && Math.abs(credit - member.creditMax) * 8 <= member.creditMax && credit !== places) return;
    member.creditMax = credit;
    member.packing = packing;
    this.#core.scheduler.setCredit(member, credit, packing);
  }

  /** For how long a member may answer nothing. */
  #patienceMs(member: Member): number {
    if (member.reserve === 0 || this.#core.scheduler.runnable === 0) return STALL_MS;
    // It must be clear that nobody has merely taken the worker's core for a while.
    return Math.max(RESERVE_STALL_MS, RESERVE_STALL_TASKS * member.meanMs);
  }

  /** When somebody may be found stuck, or to have gathered replies; not before `soon`. */
  #nextLookAt(soon: number): number {
    let at = Infinity;
    for (const member of this.#members) {
      if (member.inFlight <= this.#core.places) continue;
      if (member.reserve === 0 || member.reserve > UNGATHERED_MAX) return soon;
      at = Math.min(at, member.batchSince + this.#patienceMs(member));
    }
    return at === Infinity ? soon : Math.max(soon, at);
  }

  /** Whether it has answered nothing for long. What has arrived is delivered first: it may be us who were late. */
  #isStuck(member: Member): boolean {
    const { places } = this.#core;
    if (member.inFlight <= places) return false;
    member.worker.collect();
    if (member.state !== 'ready' || member.batch > 0 || member.inFlight <= places) return false;
    // Alarms may ring half a ms early.
    return this.#core.now() - member.batchSince >= this.#patienceMs(member) - 0.5;
  }

  #unload(member: Member): void {
    member.serviceMs = Math.max(member.serviceMs, STALL_MS);
    this.#setCredit(member, 0, NaN);
    this.recall(member);
    // What comes back is no reason to take from the others what they hold.
    this.#lastKey = -Infinity;
  }

  readonly #look = (): void => {
    this.stop();
    for (const member of this.#members) if (this.#isStuck(member)) this.#unload(member);
    this.watch();
  };
}
