/**
 * Ending what should not go on: cancellation, timeouts (from the start of execution) and deadlines (from submission).
 *
 * A task that waits is simply taken out. For one that runs:
 *   1. the caller gets the outcome at once, and the worker lets go of the attempt (`abandon`): signal and shared cancel word are raised;
 *   2. the worker is pinged; when its event loop does not answer within 10 ms (more where starts are slow) it is stuck in synchronous code: it gets no more
 *      tasks and its replacement is started now, so that the slot is back within one spawn. Before a timeout or a deadline it is asked that
 *      much ahead (`signs-of-life.ts`). The caller comes first, always: a start keeps the event loop for milliseconds;
 *   3. when the function has not ended after `cancelGrace` the worker is ended. Only the guilty task pays: the others are run elsewhere. Where nobody has set
 *      a grace, a worker that is stuck gets a short one: until it ends, its replacement has to share the cores with it. It gets none, and is ended before its
 *      replacement is started, when its function had to be ended by force the last time.
 * Before each of these steps what has arrived is taken in: a program that was busy itself must not call late what ended in time.
 * A worker that holds tasks and begins none is doubted: what keeps its event loop is code that outlived its task. Unless it answers, its tasks go elsewhere, its
 * replacement is started, and it is ended after the grace.
 * A worker that answers in time goes on as if nothing had been. Event-loop workers cannot be ended: in place of step 3 the attempt is let go of, so that its place
 * is free again and nobody waits for it.
 */
import { TaskTimeoutError } from '../errors.js';
import { DELAYED, isInFlight, isTerminal, QUEUED } from '../task/lifecycle.js';
import { CANCEL_BY_CALLER, CANCEL_BY_DEADLINE, CANCEL_BY_TIMEOUT } from '../transport/protocol.js';
import type { CancelCode } from '../transport/protocol.js';
import type { Bulkhead } from '../queue/bulkhead.js';
import type { Alarm } from './alarms.js';
import { bulkheadOf, leave } from './bulkheads.js';
import type { PoolCore } from './core.js';
import type { TaskEvent } from './events.js';
import type { Member } from './member.js';
import { DIRECT, TICKS_PER_MS, WAITING } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';
import { askAheadAt, blockedAfterMs, BLOCKED_AFTER_MS, SignsOfLife } from './signs-of-life.js';
import { takeBack } from './take-back.js';

/** A task that waits for so long in a worker that holds nothing else has been kept from beginning (P). */
const UNBEGUN_MS = 10;
/** A worker with no task of its own that leaves a question unanswered for so long is stuck (P): nobody has told anything to end, so there is no hurry. */
const DOUBT_MS = 100;
/** Time between two looks whether the stack of a worker that is to be ended has been taken (P). */
const LOOK_AGAIN_MS = 2;

/** What the cancellation asks of the fleet. */
export interface MemberControl {
  /** No more tasks for this member; start its replacement now, unless it is ended next, which does that. */
  suspect(member: Member, isEnding: boolean): void;
  /** It has answered after all. */
  trust(member: Member): void;
  /** End it now. */
  kill(member: Member): void;
  /** One of its tasks was taken back: was it the last it had to finish? */
  finishDrain(member: Member): void;
}

interface Abandonment {
  readonly member: Member;
  readonly event: TaskEvent;
  /** It takes its place in there until its function has ended. */
  readonly bulkhead: Bulkhead | undefined;
  /** The attempt went past the queue and holds no credit. */
  readonly direct: boolean;
  /** When it was told to end. */
  readonly since: number;
  /** When the whole grace is over. */
  readonly graceAt: number;
  /** Its event loop has yet to show that it turns. */
  isAwaited: boolean;
  blockedAlarm: Alarm | undefined;
  graceAlarm: Alarm | undefined;
}

export class Cancellation {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #control: MemberControl;
  readonly #abandoned = new Map<object, Abandonment>();
  readonly #signs: SignsOfLife;
  /** Members that are asked for a sign since they begin nothing. */
  readonly #doubted = new Set<Member>();
  /** An attempt that nothing can end no longer counts; bound by who hears of attempts that end. */
  onLetGo: (member: Member, token: object) => void = () => undefined;
  /** The member was told to end a task and is stuck with it; bound by who knows where it stands. */
  onBlocked: (member: Member) => void = () => undefined;

  constructor(core: PoolCore, settlement: Settlement, control: MemberControl) {
    this.#core = core;
    this.#settlement = settlement;
    this.#control = control;
    this.#signs = new SignsOfLife(core);
  }

  /** Returns whether the task was still open. */
  cancel(task: PoolTask, reason: unknown, why: string, code: CancelCode = CANCEL_BY_CALLER): boolean {
    if (isTerminal(task.stateCode)) return false;
    this.#takeAway(task, code);
    this.#settlement.cancel(task, reason, why);
    this.#core.wake();
    return true;
  }

  /** Starts counting the timeout of an attempt that has begun to execute. */
  executionStarted(task: PoolTask): void {
    const { timeoutMs } = task.settings;
    if (timeoutMs === Infinity) return;
    const extra = task.ensureExtra();
    if (extra.timeoutAlarm !== undefined) this.#core.alarms.cancel(extra.timeoutAlarm as Alarm);
    const at = this.#core.now() + timeoutMs;
    const askAt = askAheadAt(at, timeoutMs);
    extra.timeoutAlarm = this.#core.alarms.set(askAt ?? at, askAt === undefined ? () => this.#timedOut(task) : () => this.#timeoutNears(task, at));
  }

  /** An attempt has been answered or lost: its timeout no longer counts. */
  executionEnded(task: PoolTask): void {
    const alarm = task.extra?.timeoutAlarm;
    if (alarm === undefined || task.extra === undefined) return;
    this.#core.alarms.cancel(alarm as Alarm);
    task.extra.timeoutAlarm = undefined;
  }

  /** Sets the deadline of a task that was submitted at `submittedAt`. */
  setDeadline(task: PoolTask, deadlineMs: number, submittedAt: number = this.#core.now()): void {
    if (deadlineMs === Infinity) return;
    const extra = task.ensureExtra();
    extra.deadlineAt = submittedAt + deadlineMs;
    extra.deadlineEpochMs = Date.now() + extra.deadlineAt - this.#core.now();
    const at = extra.deadlineAt;
    const askAt = askAheadAt(at, deadlineMs);
    extra.deadlineAlarm = this.#core.alarms.set(askAt ?? at, askAt === undefined ? () => this.expire(task) : () => this.#deadlineNears(task, at));
  }

  /** The deadline of a task has passed. */
  expire(task: PoolTask): void {
    if (!isTerminal(task.stateCode)) hasAnswered(task);
    if (isTerminal(task.stateCode)) return;
    const limitMs = task.settings.deadlineMs;
    const where = isInFlight(task.stateCode) && (task.holder as Member | undefined)?.worker.begun(task) !== false ? 'while it ran' : 'before it ran';
    this.#takeAway(task, CANCEL_BY_DEADLINE);
    this.#settlement.fail(
      task,
      new TaskTimeoutError('ERR_DEADLINE_EXCEEDED', `task ${task.name} passed its deadline of ${limitMs} ms ${where}`, limitMs),
      'expired',
    );
    this.#core.wake();
  }

  /** The task keeps its worker from doing anything else: ended as after a timeout, with this error. */
  stuck(task: PoolTask, error: Error): void {
    if (!isInFlight(task.stateCode)) return;
    this.abandon(task, CANCEL_BY_TIMEOUT);
    this.#settlement.attemptFailed(task, error);
    this.#core.wake();
  }

  /** The member holds tasks, or held one that had to end, and has begun none. */
  doubt(member: Member): void {
    if (member.worker.kind === 'async' || this.#doubted.has(member)) return;
    const core = this.#core;
    // One that has never answered may still be busy with what its module does first.
    if (member.answered === 0 && core.now() - member.readyAt < core.settings.startTimeoutMs) return;
    this.#doubted.add(member);
    this.#signs.ask(member);
    const { askedAt } = member;
    const suspect = (): void => {
      if (!this.#isIdleAndStuck(member, askedAt)) return void this.#doubted.delete(member);
      this.onBlocked(member);
      this.#control.suspect(member, false);
      core.alarms.set(core.now() + core.settings.cancelGraceMs, () => core.nextTurn(end));
    };
    const end = (): void => {
      const isStuck = this.#isIdleAndStuck(member, askedAt);
      if (isStuck && core.now() < member.lookedAtUntil) return void core.alarms.set(core.now() + LOOK_AGAIN_MS, () => core.nextTurn(end));
      this.#doubted.delete(member);
      if (isStuck) this.#control.kill(member);
    };
    core.alarms.set(core.now() + Math.max(DOUBT_MS, blockedAfterMs(member)), () => core.nextTurn(suspect));
  }

  /** Whether the member, which was asked for a sign at that time, has neither answered nor begun a task since, and stands still for no reason that we know. */
  #isIdleAndStuck(member: Member, askedAt: number): boolean {
    member.worker.collect();
    if (member.state === 'dead' || member.abandoned > 0 || member.askedAt !== askedAt) return false;
    if (member.snapshots > 0 || member.worker.isEngaged?.() === true) return false;
    return ![...member.worker.inFlight()].some((task) => member.worker.begun(task));
  }

  /** The tasks that the member was told to stop and that have not ended. */
  abandonedTasks(member: Member): readonly TaskEvent[] {
    return [...this.#abandoned.values()].filter((each) => each.member === member).map(({ event }) => event);
  }

  /** The function of an abandoned attempt has ended. Returns whose it was and whether it went past the queue, without credit. */
  vacated(token: object): { readonly member: Member; readonly direct: boolean } | undefined {
    const abandonment = this.#abandoned.get(token);
    if (abandonment === undefined) return undefined;
    this.#forget(token, abandonment);
    this.#signs.ended(abandonment.member, abandonment.event.taskName, abandonment.since);
    if (abandonment.member.abandoned === 0) this.#control.trust(abandonment.member);
    return abandonment;
  }

  /** The member answers from its event loop: it is not stuck. */
  pong(member: Member): void {
    const { alarms } = this.#core;
    this.#signs.answered(member);
    for (const abandonment of this.#abandoned.values()) {
      if (abandonment.member !== member) continue;
      abandonment.isAwaited = false;
      if (abandonment.blockedAlarm !== undefined) alarms.cancel(abandonment.blockedAlarm);
      abandonment.blockedAlarm = undefined;
      if (abandonment.graceAlarm !== undefined && abandonment.graceAlarm.at < abandonment.graceAt) this.#setGrace(abandonment, abandonment.graceAt);
    }
    if (member.state === 'suspect') this.#control.trust(member);
  }

  /** The member is gone, and what it had abandoned with it. */
  memberGone(member: Member): void {
    for (const [token, abandonment] of this.#abandoned) if (abandonment.member === member) this.#forget(token, abandonment);
    this.#doubted.delete(member);
  }

  /** Takes a task in flight from its worker without hurry: it has its result from elsewhere. What still runs may do so as long as its timeout allows. */
  letGo(task: PoolTask): void {
    const member = task.holder as Member;
    if (takeBack(this.#core, task)) this.#control.finishDrain(member);
    else this.abandon(task, CANCEL_BY_CALLER, task.settings.timeoutMs);
  }

  /**
   * Lets go of a running attempt: the caller settles or repeats the task.
   *
   * @param patienceMs grace of an attempt that nobody suspects of being stuck; by default it is the pool's, and the worker has to answer a ping
   */
  abandon(task: PoolTask, code: CancelCode, patienceMs?: number): void {
    const member = task.holder as Member;
    const core = this.#core;
    this.executionEnded(task);
    const event = core.taskEvent(task);
    const token = member.worker.abandon(task, code);
    task.holder = undefined;
    member.abandoned += 1;
    const now = core.now();
    const { cancelGraceMs } = core.settings;
    const graceAt = now + (patienceMs ?? cancelGraceMs);
    const abandonment: Abandonment = {
      member,
      event,
      bulkhead: bulkheadOf(task),
      direct: (task.marks & DIRECT) !== 0,
      since: now,
      graceAt,
      isAwaited: false,
      blockedAlarm: undefined,
      graceAlarm: undefined,
    };
    this.#abandoned.set(token, abandonment);
    if (patienceMs !== undefined) {
      if (graceAt !== Infinity) this.#setGrace(abandonment, graceAt);
      return member.worker.flush();
    }
    if (member.worker.kind === 'async') {
      abandonment.graceAlarm = core.alarms.set(graceAt, () => this.onLetGo(member, token));
      return;
    }
    this.#setGrace(abandonment, graceAt);
    this.#signs.ask(member);
    if (cancelGraceMs > blockedAfterMs(member)) this.#awaitSign(abandonment, now);
    member.worker.flush();
  }

  /** Takes the member for stuck when its event loop leaves the question unanswered for too long. */
  #awaitSign(abandonment: Abandonment, now: number): void {
    const { member, event } = abandonment;
    const core = this.#core;
    const look = (): void => {
      member.worker.collect();
      if (!abandonment.isAwaited) return;
      abandonment.isAwaited = false;
      abandonment.blockedAlarm = undefined;
      this.onBlocked(member);
      const { cancelGraceMs, blockedGraceMs } = core.settings;
      const isEnding = blockedGraceMs < cancelGraceMs && this.#signs.isHopeless(event.taskName);
      // Whoever takes its stack needs it a little longer than its replacement should wait.
      this.#control.suspect(member, isEnding && core.now() >= member.lookedAtUntil);
      if (isEnding) this.#graceOver(member, abandonment);
      else if (blockedGraceMs < cancelGraceMs) this.#setGrace(abandonment, Math.max(now, core.now() - BLOCKED_AFTER_MS) + blockedGraceMs);
    };
    abandonment.isAwaited = true;
    const stuckAt = this.#signs.stuckAt(member, event.taskName, now);
    // In a turn of its own: the caller is told first (a start keeps the event loop for milliseconds), and an answer that has arrived is read first.
    if (stuckAt > now) abandonment.blockedAlarm = core.alarms.set(stuckAt, () => core.nextTurn(look));
    else core.nextTurn(look);
  }

  #setGrace(abandonment: Abandonment, at: number): void {
    const core = this.#core;
    if (abandonment.graceAlarm !== undefined) core.alarms.cancel(abandonment.graceAlarm);
    // In a turn of its own, as above.
    const alarm = core.alarms.set(at, () => core.nextTurn(() => alarm === abandonment.graceAlarm && this.#graceOver(abandonment.member, abandonment)));
    abandonment.graceAlarm = alarm;
  }

  #graceOver(member: Member, abandonment: Abandonment): void {
    member.worker.collect();
    if (abandonment.graceAlarm === undefined) return;
    if (this.#core.now() < member.lookedAtUntil) return this.#setGrace(abandonment, this.#core.now() + LOOK_AGAIN_MS);
    this.#core.alarms.cancel(abandonment.graceAlarm);
    abandonment.graceAlarm = undefined;
    if (this.#core.events.has('hardKill')) this.#core.events.emit('hardKill', { ...abandonment.event, workerId: member.worker.id });
    if (member.state === 'suspect') this.#signs.forced(abandonment.event.taskName);
    this.#control.kill(member);
  }

  #timeoutNears(task: PoolTask, at: number): void {
    task.ensureExtra().timeoutAlarm = this.#core.alarms.set(at, () => this.#timedOut(task));
    this.#signs.askAhead(task);
  }

  #deadlineNears(task: PoolTask, at: number): void {
    task.ensureExtra().deadlineAlarm = this.#core.alarms.set(at, () => this.expire(task));
    this.#signs.askAhead(task);
  }

  #timedOut(task: PoolTask): void {
    if (task.extra !== undefined) task.extra.timeoutAlarm = undefined;
    if (!isInFlight(task.stateCode) || hasAnswered(task)) return;
    const limitMs = task.settings.timeoutMs;
    this.#core.timedOut += 1;
    const member = task.holder as Member;
    const error = new TaskTimeoutError('ERR_TASK_TIMEOUT', `task ${task.name} timed out: it executed for more than ${limitMs} ms`, limitMs);
    this.abandon(task, CANCEL_BY_TIMEOUT);
    this.#core.attempts.failed(task, member, error);
    this.#settlement.attemptFailed(task, error);
    this.#core.wake();
  }

  /** Takes a task out of wherever it is. */
  #takeAway(task: PoolTask, code: CancelCode): void {
    const core = this.#core;
    if (isInFlight(task.stateCode)) {
      const member = task.holder as Member | undefined;
      if (member === undefined) return;
      const heldTicks = (core.ticks() - task.dispatchedTicks) | 0;
      if (!takeBack(core, task)) return this.abandon(task, code);
      this.#control.finishDrain(member);
      if (heldTicks > UNBEGUN_MS * TICKS_PER_MS && member.inFlight === 0 && member.state === 'ready') this.doubt(member);
    } else if (task.stateCode === DELAYED) core.delayed.remove(task);
    else if (task.stateCode === QUEUED && (task.marks & WAITING) !== 0) core.waiting.remove(task);
    else core.scheduler.remove(task);
  }

  #forget(token: object, abandonment: Abandonment): void {
    this.#abandoned.delete(token);
    if (abandonment.bulkhead !== undefined) leave(this.#core, abandonment.bulkhead);
    abandonment.member.abandoned -= 1;
    abandonment.isAwaited = false;
    if (abandonment.blockedAlarm !== undefined) this.#core.alarms.cancel(abandonment.blockedAlarm);
    if (abandonment.graceAlarm !== undefined) this.#core.alarms.cancel(abandonment.graceAlarm);
    abandonment.blockedAlarm = undefined;
    abandonment.graceAlarm = undefined;
  }
}

/** Looks for the answer first: what has ended in time must not be called late because we were. */
function hasAnswered(task: PoolTask): boolean {
  const holder = task.holder as Member | undefined;
  holder?.worker.collect();
  return task.holder !== holder;
}
