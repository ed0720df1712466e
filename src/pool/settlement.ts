/**
 * How a task gets its outcome: the only place that moves a task into a terminal state, and the place that decides whether a failed attempt is
 * followed by another.
 */
import { TaskCancelledError } from '../errors.js';
import type { MillraceError } from '../errors.js';
import { backoffDelayMs } from '../policy/backoff.js';
import { shouldRetry } from '../policy/retry.js';
import type { Bulkhead } from '../queue/bulkhead.js';
import type { DeadLetter } from '../queue/dead-letters.js';
import { CANCELLED, COMPLETED, DELAYED, FAILED, isTerminal, QUEUED } from '../task/lifecycle.js';
import { joinStacks } from '../transport/error-codec.js';
import { FLAG_URGENT } from '../transport/protocol.js';
import { runCaptured } from '../runtime/async-context.js';
import type { Alarm } from './alarms.js';
import { TIMED_MS_MIN } from './attempt-observer.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { BROADCAST, COUNTED, DIRECT, HEDGE, PART, PROBE, REQUEUED, STREAMING, TICKS_PER_MS, TRANSFERRED } from './pool-task.js';
import type { PoolTask, TaskExtra } from './pool-task.js';
import type { SignalWatch } from './signals.js';

/** Workers a task may kill before it counts as poison. */
const WORKERS_KILLED_MAX = 2;

export class Settlement {
  readonly #core: PoolCore;
  readonly #signals: SignalWatch;
  readonly #byKey: Map<string, PoolTask>;
  #delayAlarm: Alarm | undefined;

  constructor(core: PoolCore, signals: SignalWatch, byKey: Map<string, PoolTask>) {
    this.#core = core;
    this.#signals = signals;
    this.#byKey = byKey;
  }

  complete(task: PoolTask, member: Member, value: unknown): void {
    const core = this.#core;
    if ((task.marks & HEDGE) !== 0) return this.#endHedge(task, () => core.hedges.won(task, member, value));
    const heldMs = ((core.ticks() - task.dispatchedTicks) >>> 0) / TICKS_PER_MS;
    // What it waited there for the tasks before it is no running.
    const runMs = core.places === 1 && member.measuredMs < heldMs ? member.measuredMs : heldMs;
    core.run.record(runMs);
    if (runMs >= TIMED_MS_MIN && member.serviceMs >= TIMED_MS_MIN) core.attempts.timed(task, member, runMs);
    if (core.onRun !== undefined) core.onRun(task.name, runMs);
    core.counters.completed += 1;
    this.#tidy(task);
    task.settle(COMPLETED, value);
    if (core.events.has('completed')) {
      core.events.emit('completed', {
        ...core.taskEvent(task),
        workerId: member.worker.id,
        runMs: Math.round(runMs * 100) / 100,
        waitMs: Math.max(0, core.stamp() - task.submittedAt - heldMs),
      });
    }
    core.closed();
  }

  /** The same for a task on this event loop that nothing hangs on but its caller's promise, while nobody listens to anything. */
  completePlain(task: PoolTask, value: unknown): void {
    const core = this.#core;
    const runMs = ((core.ticks() - task.dispatchedTicks) >>> 0) / TICKS_PER_MS;
    core.run.record(runMs);
    if (core.onRun !== undefined) core.onRun(task.name, runMs);
    core.counters.completed += 1;
    task.settle(COMPLETED, value);
    core.closed();
  }

  /** An attempt has failed: another follows where the plan, the budget and the deadline allow it. */
  attemptFailed(task: PoolTask, error: unknown): void {
    const core = this.#core;
    core.hedges.end(task, true);
    const { retry } = task.settings;
    if (task.attempt >= retry.attempts) return this.fail(task, error, retry.attempts > 1 ? 'attempts-exhausted' : 'not-retryable');
    if ((task.marks & (STREAMING | TRANSFERRED)) !== 0 || core.phase === 'closed') return this.fail(task, error, 'not-retryable');
    const delayMs = this.#delayBeforeRetry(task, error);
    if (isTerminal(task.stateCode)) return;
    if (delayMs === undefined) return this.fail(task, error, 'not-retryable');
    if (core.now() + delayMs >= task.deadlineAt) return this.fail(task, error, 'expired');
    if (core.saturated || !core.retryBudget.tryRetry(core.now())) return this.fail(task, error, 'retry-budget');
    this.#retry(task, error, delayMs);
  }

  /** The wait before the next attempt; `undefined` when there is to be none. */
  #delayBeforeRetry(task: PoolTask, error: unknown): number | undefined {
    const core = this.#core;
    const { retry } = task.settings;
    const context = task.extra?.inCallerContext;
    // Functions of the user may cancel the task: it waits while they are asked, and is no more in the hands of a worker.
    const asks = retry.retryIf !== undefined || typeof retry.backoff === 'function';
    if (asks) {
      task.holder = undefined;
      task.move(DELAYED);
      core.delayed.add(task, core.now());
    }
    try {
      if (!runCaptured(context, () => shouldRetry(retry, task.attempt, error))) return undefined;
      return runCaptured(context, () => backoffDelayMs(retry, task.attempt, task.extra?.retryDelayMs ?? 0, error, core.settings.random));
    } catch {
      // A backoff function that throws or answers nonsense: the task's own error matters more to the caller than that one.
      return undefined;
    } finally {
      if (asks && !isTerminal(task.stateCode)) core.delayed.remove(task);
    }
  }

  /** The worker died while it executed the task. */
  crashed(task: PoolTask, error: MillraceError): void {
    const extra = task.ensureExtra();
    extra.workersKilled += 1;
    extra.death = error;
    if (extra.workersKilled >= WORKERS_KILLED_MAX) this.fail(task, error, 'poison');
    else if (!this.#core.attempts.mayTryAgain()) this.fail(task, error, 'retry-budget');
    else this.attemptFailed(task, error);
  }

  /** The task has failed for good. */
  fail(task: PoolTask, error: unknown, reason: DeadLetter['reason'] | undefined): void {
    if ((task.marks & HEDGE) !== 0) return this.#endHedge(task);
    const core = this.#core;
    this.#joinSubmitStack(task, error);
    core.counters.failed += 1;
    const letter = this.#deadLetter(task, error, reason);
    this.#tidy(task);
    task.settle(FAILED, error);
    if (letter !== undefined && core.events.has('deadLetter')) core.events.emit('deadLetter', { letter });
    if (core.events.has('failed')) core.events.emit('failed', { ...core.taskEvent(task), error });
    core.closed();
  }

  /** The queue did not take the task, or gave it up. */
  reject(task: PoolTask, error: unknown, evicted: boolean, reason?: DeadLetter['reason']): void {
    if ((task.marks & HEDGE) !== 0) return this.#endHedge(task);
    const core = this.#core;
    core.counters.rejected += 1;
    const letter = this.#deadLetter(task, error, reason);
    this.#tidy(task);
    task.settle(FAILED, error);
    if (letter !== undefined && core.events.has('deadLetter')) core.events.emit('deadLetter', { letter });
    if (core.events.has('rejected')) core.events.emit('rejected', { ...core.taskEvent(task), error, evicted });
    core.closed();
  }

  cancel(task: PoolTask, reason: unknown, why: string): void {
    if ((task.marks & HEDGE) !== 0) return this.#endHedge(task);
    const core = this.#core;
    const started = task.attempt > 0;
    const error = new TaskCancelledError(`task ${task.name} was cancelled ${started ? 'while it ran' : 'before it started'}: ${why}`, {
      taskName: task.name,
      args: started ? undefined : task.args,
      started,
      cause: reason,
    });
    core.counters.cancelled += 1;
    this.#tidy(task);
    task.settle(CANCELLED, error);
    if (core.events.has('cancelled')) core.events.emit('cancelled', { ...core.taskEvent(task), error });
    core.closed();
  }

  /** Puts a task back in its old place in time: its worker went without having finished it, and it is not to blame. */
  requeue(task: PoolTask): void {
    if ((task.marks & HEDGE) !== 0) return this.#endHedge(task);
    this.#core.counters.requeued += 1;
    task.attempt -= 1;
    this.putBack(task);
  }

  /** Puts a task back in its old place in time: it was sent ahead and has not begun. */
  putBack(task: PoolTask): void {
    if ((task.marks & HEDGE) !== 0) return this.#endHedge(task);
    this.#core.hedges.end(task, false);
    task.move(QUEUED);
    task.holder = undefined;
    task.marks |= REQUEUED;
    const refusal = (task.marks & PROBE) === 0 ? this.#core.guard?.(task) : undefined;
    if (refusal !== undefined) return this.reject(task, refusal, true);
    this.#core.scheduler.push(task);
    this.#core.wake();
  }

  /** Keeps what is left of a task that will not run (again), while it has its arguments. Listeners are told when it has its outcome. */
  #deadLetter(task: PoolTask, error: unknown, reason: DeadLetter['reason'] | undefined): DeadLetter | undefined {
    const core = this.#core;
    if (reason === undefined || core.settings.deadLettersMax === 0 || (task.marks & (BROADCAST | PART)) !== 0) return undefined;
    const nowEpochMs = Date.now();
    const letter: DeadLetter = {
      id: task.id,
      name: task.name,
      args: task.args,
      error,
      reason,
      attempts: task.attempt,
      priority: core.settings.queue.levels[task.settings.level]?.name ?? '',
      correlationId: task.correlationId,
      submittedAt: nowEpochMs - (core.now() - task.submittedAt),
      diedAt: nowEpochMs,
    };
    core.deadLetters.add(letter);
    return letter;
  }

  /** Lets a task wait until `dueAt`. */
  delay(task: PoolTask, dueAt: number): void {
    task.ensureExtra().dueAt = dueAt;
    this.#core.delayed.add(task, dueAt);
    this.#aimDelay();
  }

  #retry(task: PoolTask, error: unknown, delayMs: number): void {
    const core = this.#core;
    core.counters.retried += 1;
    task.holder = undefined;
    // What the caller ran goes on in the workers: the queue takes it back whether there is room or not.
    task.marks = (task.marks | REQUEUED) & ~(DIRECT | FLAG_URGENT | PROBE);
    task.ensureExtra().retryDelayMs = delayMs;
    // Told once the task waits: a listener may cancel it.
    const event = core.events.has('retrying') ? { ...core.taskEvent(task), error, delayMs } : undefined;
    if (task.stateCode !== DELAYED) task.move(DELAYED);
    this.delay(task, core.now() + delayMs);
    if (event !== undefined) core.events.emit('retrying', event);
  }

  #aimDelay(): void {
    const core = this.#core;
    const next = core.delayed.nextDueAt();
    if (this.#delayAlarm !== undefined && this.#delayAlarm.at === next) return;
    if (this.#delayAlarm !== undefined) core.alarms.cancel(this.#delayAlarm);
    this.#delayAlarm = next === Infinity ? undefined : core.alarms.set(next, this.#takeDue);
  }

  readonly #takeDue = (): void => {
    this.#delayAlarm = undefined;
    const core = this.#core;
    for (const task of core.delayed.takeDue(core.now() + 0.5)) {
      if (isTerminal(task.stateCode)) continue;
      const holdMs = (task.extra?.workersKilled ?? 0) > 0 ? core.attempts.holdMs(task) : 0;
      if (holdMs > 0) {
        if (holdMs === Infinity) this.fail(task, task.extra?.death, 'retry-budget');
        else core.delayed.add(task, core.now() + holdMs);
        continue;
      }
      task.move(QUEUED);
      const refusal = core.guard?.(task);
      if (refusal !== undefined) {
        this.reject(task, refusal, true);
        continue;
      }
      if (task.attempt === 0) task.submittedAt = Math.floor(task.extra?.dueAt ?? core.now());
      core.scheduler.push(task);
    }
    core.wake();
    this.#aimDelay();
  };

  #tidy(task: PoolTask): void {
    const extra = task.extra;
    if ((task.marks & COUNTED) !== 0) (task.settings.bulkhead as Bulkhead).open -= 1;
    if (extra !== undefined) this.#tidyExtra(task, extra);
  }

  #tidyExtra(task: PoolTask, extra: TaskExtra): void {
    const { alarms } = this.#core;
    if (extra.deadlineAlarm !== undefined) alarms.cancel(extra.deadlineAlarm as Alarm);
    if (extra.timeoutAlarm !== undefined) alarms.cancel(extra.timeoutAlarm as Alarm);
    extra.lending?.end();
    extra.lentBy?.nestedEnded();
    extra.lentBy = undefined;
    extra.deadlineAlarm = undefined;
    extra.timeoutAlarm = undefined;
    this.#core.hedges.end(task, true);
    if (extra.signal !== undefined) this.#signals.remove(extra.signal, task);
    extra.signal = undefined;
    if (extra.idempotencyKey !== undefined && this.#byKey.get(extra.idempotencyKey) === task) this.#byKey.delete(extra.idempotencyKey);
  }

  /** A second attempt has ended, however: nobody waits for it but the race. */
  #endHedge(task: PoolTask, first?: () => void): void {
    first?.();
    this.#core.hedges.end(task, false);
    task.settle(CANCELLED, undefined);
    this.#core.closed();
  }

  #joinSubmitStack(task: PoolTask, error: unknown): void {
    const submitStack = task.extra?.submitStack?.stack;
    if (submitStack === undefined || !(error instanceof Error)) return;
    try {
      // What is printed of an error is its stack: one without a stack would not show its message.
      const stack = joinStacks(error.stack ?? String(error), submitStack);
      if (stack !== undefined) error.stack = stack;
    } catch {
      // A frozen error keeps its own stack.
    }
  }
}
