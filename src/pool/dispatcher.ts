/** Hands tasks to workers: once a turn, in key order, as far as there is credit, with one flush a worker. */
import { ReusedList } from '../collections/reused-list.js';
import { DISPATCHED, isTerminal } from '../task/lifecycle.js';
import { movedAmong } from '../transport/move.js';
import { runCaptured } from '../runtime/async-context.js';
import { FLAG_NOTIFY_START, FLAG_URGENT } from '../transport/protocol.js';
import { leaveBulkhead } from './bulkheads.js';
import type { Cancellation } from './cancellation.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { LOOKS_PER_CLOCK, Pace, PACE_LOOKS_MAX, PACE_MS, PACED_QUEUE, PACED_SERVICE_MS } from './pace.js';
import { DIRECT, HANDLE, TICKS_PER_MS, TRANSFERRED } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { Prefetch } from './prefetch.js';

/**
 * Tasks handed out in one go (P). Then those who got them are told, and answers are looked at, before more are: so that work begins while a long queue is
 * still being handed out, and a worker that is fast enough for all of it gets all of it.
 */
const RUN_MAX = 64;

/**
 * Runs handed out within a submission (P), where more than one waits and the workers go on answering: what has been waiting for long is old enough for the
 * collector to copy it, and while its threads have the workers' cores the queue grows longer still.
 */
const EARLY_RUNS_MAX = 8;

/** What the dispatcher asks of the rest of the pool. */
export interface DispatchHost {
  admitWaiting(): void;
  gauge(): void;
  onBacklog(): void;
  /** Tasks have gone to workers. */
  handedOut(): void;
  /** The member has had as many tasks as it may. */
  usedUp(member: Member): void;
}

export class Dispatcher {
  readonly #core: PoolCore;
  readonly #cancellation: Cancellation;
  readonly #prefetch: Prefetch;
  readonly #host: DispatchHost;
  readonly #tasksMax: number;
  readonly #inCallerContext: boolean;
  readonly #touched: ReusedList<Member> = new ReusedList();
  /** Whether workers show answers that can be taken in without a turn of the event loop. */
  readonly #paced: boolean;
  readonly #pace: Pace = new Pace();
  #waiting = false;
  #ticks = 0;
  #now = 0;

  constructor(core: PoolCore, cancellation: Cancellation, prefetch: Prefetch, host: DispatchHost) {
    this.#core = core;
    this.#cancellation = cancellation;
    this.#prefetch = prefetch;
    this.#host = host;
    this.#tasksMax = core.settings.recycle.tasksMax;
    this.#inCallerContext = core.settings.kind === 'async';
    this.#paced = core.settings.kind === 'thread';
    core.onGather = () => prefetch.collect();
    if (core.settings.kind !== 'async') core.onRush = () => this.#startEarly();
  }

  /** Looks at the queue: called once after each batch of submissions or replies. */
  flush(): void {
    const core = this.#core;
    this.#host.admitWaiting();
    this.#prefetch.adjust();
    this.#prefetch.letOvertake();
    if (!core.paused && core.phase !== 'closed') this.#handOut();
    this.#publish();
    this.#prefetch.watch();
    this.#host.admitWaiting();
    this.#host.gauge();
    if (core.scheduler.runnable > 0 && !core.paused) this.#host.onBacklog();
  }

  /** Nothing more begins until the pool is told to go on, not even what workers were sent ahead. What has moved to one of them stays there. */
  pause(): void {
    this.#core.paused = true;
    this.#prefetch.recallAll();
  }

  /** Sends a task past the queue, unless it has its outcome already. */
  sendDirect(task: PoolTask, member: Member): void {
    if (isTerminal(task.stateCode)) return;
    this.#now = this.#core.readClock();
    this.#ticks = Math.floor(this.#now * TICKS_PER_MS) | 0;
    task.marks |= DIRECT | FLAG_URGENT;
    this.#touch(member);
    this.#assign(task, member, this.#inCallerContext);
    this.#publish();
  }

  /** Hands a task over that has just come, in the asynchronous context of its submitter. Somebody has credit, and nothing is queued. */
  runNow(task: PoolTask): void {
    const core = this.#core;
    this.#now = task.submittedAt;
    this.#ticks = core.ticks();
    core.leave();
    core.wait.record(0);
    const member = core.scheduler.pass();
    this.#assign(task, member, false);
    member.worker.flush();
  }

  /** Lets free workers begin before all of a long run of submissions have been made. */
  #startEarly(): void {
    const core = this.#core;
    let runs = 0;
    while (this.#round(true) && core.scheduler.runnable >= RUN_MAX && ++runs < EARLY_RUNS_MAX);
    if (this.#paced && core.scheduler.runnable >= PACED_QUEUE) this.#waitForWorkers();
    this.#prefetch.watch();
  }

  /** Takes in what workers have shown, and sends them more: always, or if they had. Returns whether they had. */
  #round(always: boolean): boolean {
    const core = this.#core;
    if (core.paused || core.phase === 'closed') return false;
    const held = core.inFlight;
    if (core.events.isSilent) this.#prefetch.collectAll();
    const answered = core.inFlight < held;
    if (!answered && !always) return false;
    this.#prefetch.adjust();
    this.#handOut();
    this.#publish();
    return answered;
  }

  /** The caller submits faster than tasks of next to no work are done: see `pace.ts`. */
  #waitForWorkers(): void {
    const core = this.#core;
    // A `retryIf` that is asked within the wait may submit.
    if (this.#waiting || !core.events.isSilent || !this.#prefetch.isQuick(PACED_SERVICE_MS) || !this.#pace.isDue()) return;
    this.#waiting = true;
    const until = core.now() + PACE_MS;
    let answered = false;
    try {
      for (let look = 1; look <= PACE_LOOKS_MAX && core.scheduler.runnable >= PACED_QUEUE; look += 1) {
        if (this.#round(false)) answered = true;
        if (look % LOOKS_PER_CLOCK === 0 && core.now() >= until) break;
      }
    } finally {
      this.#waiting = false;
      this.#pace.ended(answered);
    }
  }

  #handOut(): void {
    const { scheduler } = this.#core;
    if (scheduler.depth === 0) return;
    const now = this.#core.readClock();
    this.#now = now;
    this.#ticks = Math.floor(now * TICKS_PER_MS) | 0;
    const nowMs = Math.floor(now);
    let left = RUN_MAX;
    let task: PoolTask | undefined;
    while (left > 0 && scheduler.next()) {
      left -= 1;
      task = scheduler.nextTask as PoolTask;
      const member = scheduler.nextWorker as Member;
      if (task.deadlineAt <= nowMs) {
        // Its alarm is late (the event loop was blocked): dropped before it runs.
        scheduler.release(member, nowMs);
        leaveBulkhead(this.#core, task);
        this.#cancellation.expire(task);
        continue;
      }
      this.#core.wait.record(Math.max(0, nowMs - task.submittedAt));
      this.#touch(member);
      this.#assign(task, member, this.#inCallerContext);
    }
    if (task !== undefined) this.#prefetch.handedOut(task);
    this.#prefetch.sent(RUN_MAX - left, now);
    if (left === 0 && scheduler.depth > 0) this.#core.wakeNextTurn();
  }

  #assign(task: PoolTask, member: Member, isElsewhere: boolean): void {
    const core = this.#core;
    task.move(DISPATCHED);
    task.attempt += 1;
    task.holder = member;
    task.dispatchedTicks = this.#ticks;
    if ((task.marks & HANDLE) !== 0 || task.settings.timeoutMs !== Infinity) task.marks |= FLAG_NOTIFY_START;
    if (task.settings.hedge !== undefined) {
      core.hedges.begin(task, task.settings.hedge);
      // A task that waits in a worker would seem slow.
      this.#prefetch.forgoReserves();
    }
    if (member.inFlight === 0) member.batchSince = this.#now;
    member.inFlight += 1;
    member.dispatched += 1;
    core.inFlight += 1;
    this.#takeMoved(task);
    if (core.events.has('dispatched')) this.#dispatchAndTell(task, member, isElsewhere);
    else if (isElsewhere) runCaptured(task.extra?.inCallerContext, () => member.worker.dispatch(task));
    else member.worker.dispatch(task);
    if (member.dispatched >= this.#tasksMax) this.#host.usedUp(member);
  }

  /** Listeners are told when the worker has the task, since they may cancel it, and before its function is called. */
  #dispatchAndTell(task: PoolTask, { worker }: Member, isElsewhere: boolean): void {
    const { events } = this.#core;
    const event = { ...this.#core.taskEvent(task), workerId: worker.id };
    const told = (): void => events.emit('dispatched', event);
    if (isElsewhere) runCaptured(task.extra?.inCallerContext, () => worker.dispatch(task, told));
    else worker.dispatch(task, told);
    if (!this.#inCallerContext) told();
  }

  #touch(member: Member): void {
    if (member.touched) return;
    member.touched = true;
    this.#touched.push(member);
  }

  #takeMoved(task: PoolTask): void {
    const moved = movedAmong(task.args);
    if (moved === undefined) return;
    const extra = task.ensureExtra();
    extra.transfer = extra.transfer === undefined ? moved : [...new Set([...extra.transfer, ...moved])];
    if (this.#core.settings.kind === 'thread') task.marks |= TRANSFERRED;
  }

  #publish(): void {
    const core = this.#core;
    if (this.#touched.length === 0) return;
    const only = this.#touched.length === 1 && core.inFlight === 1 ? this.#touched.at(0) : undefined;
    for (let index = 0; index < this.#touched.length; index += 1) {
      const member = this.#touched.at(index);
      member.touched = false;
      member.worker.flush();
    }
    this.#touched.clear();
    this.#host.handedOut();
    // One task on its way and nothing else to do: its caller waits for it alone.
    only?.worker.linger();
  }
}
