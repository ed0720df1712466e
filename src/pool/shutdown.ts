/**
 * Two-phase shutdown.
 *
 *   1. intake stops: every new submission is a rejected promise;
 *   2. what is queued and running may finish within the limit; tasks scheduled for later than that, and everything queued in a paused pool, are
 *      returned at once;
 *   3. at the limit: what never started is returned with its arguments, what runs is told to stop;
 *   4. workers end by their `stop` hooks, or are terminated.
 */
import { deferred } from '../runtime/deferred.js';
import { isInFlight, isTerminal } from '../task/lifecycle.js';
import { CANCEL_BY_SHUTDOWN } from '../transport/protocol.js';
import type { CallerRunner } from './caller-runner.js';
import type { Cancellation } from './cancellation.js';
import type { PoolCore } from './core.js';
import type { Fleet } from './fleet.js';
import { BROADCAST, HEDGE, PART } from './pool-task.js';
import type { CloseReport, ReturnedTask } from './options.js';
import type { PoolTask } from './pool-task.js';
import type { Scaling } from './scaling.js';
import { takeBack } from './take-back.js';

export class Shutdown {
  readonly #core: PoolCore;
  readonly #cancellation: Cancellation;
  readonly #fleet: Fleet;
  readonly #scaling: Scaling;
  readonly #caller: CallerRunner;
  readonly #now = deferred();
  readonly #returned: ReturnedTask[] = [];
  #report: Promise<CloseReport> | undefined;
  #terminated = 0;
  #graceMs: number;

  constructor(core: PoolCore, cancellation: Cancellation, fleet: Fleet, scaling: Scaling, caller: CallerRunner) {
    this.#core = core;
    this.#cancellation = cancellation;
    this.#fleet = fleet;
    this.#scaling = scaling;
    this.#caller = caller;
    this.#graceMs = core.settings.stopTimeoutMs;
  }

  /** Closes the pool; the first call decides the limit, `terminate` may cut it short. */
  close(limitMs: number): Promise<CloseReport> {
    return (this.#report ??= this.#close(limitMs));
  }

  terminate(): Promise<CloseReport> {
    this.#graceMs = 0;
    this.#now.resolve();
    if (this.#core.phase === 'closed') void this.#end();
    return this.close(0);
  }

  async #close(limitMs: number): Promise<CloseReport> {
    const core = this.#core;
    core.phase = 'closing';
    core.keepAlive.hold();
    if (core.events.has('closing')) core.events.emit('closing', { depth: core.scheduler.depth, inFlight: core.inFlight });
    this.#returnWhatCannotFinish(core.now() + limitMs);
    core.wake();
    if (limitMs > 0) await this.#drained(limitMs);
    this.#endTasks();
    core.phase = 'closed';
    this.#scaling.end();
    await this.#end();
    this.#endTasks();
    core.alarms.clear();
    core.keepAlive.release();
    if (core.events.has('closed')) core.events.emit('closed', { cancelled: this.#returned.length, terminated: this.#terminated });
    // Ids sort by submission.
    return { returned: this.#returned.sort((a, b) => (a.id < b.id ? -1 : 1)), terminated: this.#terminated };
  }

  async #end(): Promise<void> {
    await Promise.all([this.#fleet.end(this.#graceMs), this.#caller.end(this.#graceMs)]);
  }

  async #drained(limitMs: number): Promise<void> {
    const limit = this.#core.alarms.set(this.#core.now() + limitMs, () => this.#now.resolve());
    await Promise.race([this.#core.whenIdle(), this.#now.promise]);
    this.#core.alarms.cancel(limit);
  }

  #returnWhatCannotFinish(limitAt: number): void {
    const core = this.#core;
    for (const task of [...core.delayed]) if (task.attempt === 0 && (task.extra?.dueAt ?? 0) > limitAt) this.#return(task);
    if (core.paused) for (const task of [...core.scheduler, ...core.waiting, ...core.delayed]) this.#return(task);
  }

  /** Gives every open task its outcome. */
  #endTasks(): void {
    const core = this.#core;
    for (const task of [...core.scheduler, ...core.delayed, ...core.waiting]) this.#return(task);
    for (const member of this.#fleet.members) for (const task of [...member.pending.splice(0), ...member.worker.inFlight()]) this.#stop(task);
    for (const task of this.#caller.tasks()) this.#stop(task);
  }

  /** Ends a task in the hands of a worker; one that has not begun there is returned. */
  #stop(task: PoolTask): void {
    if (isTerminal(task.stateCode)) return;
    const isBroadcast = (task.marks & BROADCAST) !== 0;
    if (!isBroadcast && (!isInFlight(task.stateCode) || takeBack(this.#core, task))) return this.#return(task);
    if ((task.marks & (BROADCAST | HEDGE)) === 0) this.#terminated += 1;
    this.#cancellation.cancel(task, undefined, `pool ${this.#core.settings.name} was closed before it finished`, CANCEL_BY_SHUTDOWN);
  }

  #return(task: PoolTask): void {
    const { core, levels } = { core: this.#core, levels: this.#core.settings.queue.levels };
    const entry: ReturnedTask = {
      id: task.id,
      name: task.name,
      args: task.args,
      priority: levels[task.settings.level]?.name ?? '',
      correlationId: task.correlationId,
    };

    if (task.attempt === 0 && (task.marks & PART) === 0) this.#returned.push(entry);
    this.#cancellation.cancel(task, undefined, `pool ${core.settings.name} was closed`, CANCEL_BY_SHUTDOWN);
  }
}
