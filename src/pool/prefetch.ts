/**
 * How many tasks each worker is sent ahead of those it executes.
 *
 * A worker may hold as many ahead as take it some 0.5 ms (`scheduler/credit.ts`), by the service time that it measures itself where it can: enough that
 * it never waits for the next one, too few to hoard. One reading of the clock a turn, nothing a task.
 *
 * Tasks sent ahead can be stuck behind a long one. A worker that holds some and answers nothing between two looks {@link STALL_MS} apart gives them back to the queue,
 * where an idle sibling finds them, and gets none ahead until it answers again. This is the pool's work stealing: what is stolen has not begun.
 */
import { cpuLimit } from '../runtime/limits.js';
import { creditFor, packingFor } from '../scheduler/credit.js';
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { TRANSFERRED } from './pool-task.js';
import type { Settlement } from './settlement.js';
import { takeBack } from './take-back.js';

/** A worker that has not answered for this long is busy with a long task (P). */
const STALL_MS = 2;
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
  readonly #answered: Member[] = [];
  #alarm: Alarm | undefined;

  constructor(core: PoolCore, settlement: Settlement, members: ReadonlySet<Member>) {
    this.#core = core;
    this.#settlement = settlement;
    this.#members = members;
    this.#cores = core.settings.host?.cores ?? cpuLimit().cpus;
  }

  /** A task of this member was answered. */
  count(member: Member): void {
    if (member.batch === 0) this.#answered.push(member);
    member.batch += 1;
  }

  /** Adjusts the credit of the members that answered since the last call. Called once a turn, before tasks are handed out. */
  adjust(): void {
    if (this.#answered.length === 0) return;
    const now = this.#core.now();
    for (const member of this.#answered) {
      const { batch } = member;
      member.batch = 0;
      if (member.state !== 'ready' || member.worker.prefetchMax === 0) continue;
      // Where the worker does not tell, from outside: that holds the way there and back, so it is too long rather than too short.
      const measuredMs = member.worker.serviceMs();
      const sampleMs = Number.isNaN(measuredMs) ? (now - member.batchSince) / batch : measuredMs;
      // One batch in which the worker lost its core says nothing of the tasks: only what two in a row have taken is believed to be longer.
      const serviceMs = Number.isNaN(member.sampleMs) ? sampleMs : Math.min(sampleMs, Math.max(member.sampleMs, member.serviceMs));
      member.sampleMs = sampleMs;
      member.batchSince = now;
      const weight = serviceMs < member.serviceMs ? NEWEST_SHORTER : NEWEST_LONGER;
      member.serviceMs = Number.isNaN(member.serviceMs) ? serviceMs : member.serviceMs + weight * (serviceMs - member.serviceMs);
      this.#setCredit(member);
    }
    this.#answered.length = 0;
  }

  /** Watches for members that are stuck with tasks sent ahead. Called once a turn, after tasks were handed out. */
  watch(): void {
    const core = this.#core;
    if (this.#alarm !== undefined || core.scheduler.inFlight <= core.scheduler.busy * core.places) return;
    this.#alarm = core.alarms.set(core.now() + STALL_MS, this.#look);
  }

  /** Gives back what a member was sent ahead: it is stuck, or leaves. */
  recall(member: Member): void {
    for (const task of [...member.worker.inFlight()]) {
      if ((task.marks & TRANSFERRED) === 0 && takeBack(this.#core, task)) this.#settlement.putBack(task);
    }
  }

  stop(): void {
    if (this.#alarm !== undefined) this.#core.alarms.cancel(this.#alarm);
    this.#alarm = undefined;
  }

  #setCredit(member: Member): void {
    const { places } = this.#core;
    const packing = packingFor(member.serviceMs, this.#members.size >= this.#cores);
    const credit = Math.min(member.creditCap, creditFor(places, member.serviceMs, this.#core.settings.autoConcurrency ? 0 : member.worker.prefetchMax));
    // Small changes are not worth the bookkeeping.
    if (packing === member.packing && Math.abs(credit - member.creditMax) * 8 <= member.creditMax && credit !== places) return;
    member.creditMax = credit;
    member.packing = packing;
    this.#core.scheduler.setCredit(member, credit, packing);
  }

  /** Whether nothing came between two looks. What has arrived is delivered first: it may be us who were late. */
  #isStuck(member: Member): boolean {
    if (member.state !== 'ready' || member.inFlight <= this.#core.places) return false;
    member.worker.collect();
    const stuck = member.answered === member.answeredAtLook;
    member.answeredAtLook = member.answered;
    return stuck && member.inFlight > this.#core.places;
  }

  #unload(member: Member): void {
    member.serviceMs = Math.max(member.serviceMs, STALL_MS);
    this.#setCredit(member);
    this.recall(member);
  }

  readonly #look = (): void => {
    this.#alarm = undefined;
    for (const member of this.#members) if (this.#isStuck(member)) this.#unload(member);
    this.watch();
  };
}
