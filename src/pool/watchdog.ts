/**
 * Finds workers that are stuck, says where, and ends those that are past their limit.
 *
 * Sign of life is progress, not a message: what a worker has answered, and the tick that it leaves in shared memory. Only one that shows neither is asked
 * (a ping, which any event loop that turns answers); only one that does not answer either is looked at from outside (`worker-looks.ts`); and only one that
 * is past a limit is asked for its stack.
 *
 *     look, every interval while tasks run:
 *       progress or pong since the last look? ── healthy
 *       else: has it begun a task? ── no: it is doubted (`cancellation.ts`), and its tasks run elsewhere
 *       else: what is it doing? ── `judge` ── none
 *                                       ├── report: event `stuck` with the stack, once
 *                                       └── end:    the same, then as after a timeout: the task fails or is retried, cancel, grace, kill, replace
 *
 * Costs a pool that runs tasks one timer an interval, an idle one nothing, a task nothing.
 */
import { WorkerStuckError } from '../errors.js';
import type { OsThread } from '../runtime/os-thread.js';
import { activityOf } from '../scheduler/supervisor/activity.js';
import type { WorkerActivity } from '../scheduler/supervisor/activity.js';
import { circleKey } from '../scheduler/supervisor/wait-for-graph.js';
import type { WaitEdge } from '../scheduler/supervisor/wait-for-graph.js';
import { judge } from '../scheduler/supervisor/watch-policy.js';
import type { StuckReason, Verdict } from '../scheduler/supervisor/watch-policy.js';
import type { Alarm } from './alarms.js';
import type { Cancellation } from './cancellation.js';
import type { PoolCore } from './core.js';
import type { TaskEvent } from './events.js';
import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';
import type { Prefetch } from './prefetch.js';
import type { WatchdogSettings } from './watchdog-options.js';
import { WorkerLooks } from './worker-looks.js';
import type { LockSituation } from './worker-looks.js';
import type { WorkerStack } from './worker-stack.js';

/** Longest wait for a stack, in ms (P): most answer in 1 ms, native code never. */
const STACK_MS_MAX = 2_000;
/** The same where the worker would be ended otherwise (P): its replacement is started meanwhile. */
const LAST_STACK_MS_MAX = 250;

/** What is remembered of a member between two looks. */
interface Watch {
  /** What it had answered, and its tick. */
  answered: number;
  tick: number;
  /** Its last sign of life, in ms of the pool's clock. */
  stillSince: number;
  /** It was asked for a sign and has not answered yet. */
  pinged: boolean;
  /** The kernel's figures at the last look. */
  os: OsThread | undefined;
  osAt: number;
  /** The circle it was part of at the last look; '' for none. */
  circle: string;
  /** Said already, in this standstill. */
  reported: boolean;
}

/** What was found out about a member. */
interface Findings {
  readonly reason: StuckReason;
  readonly action: 'report' | 'end';
  /** `undefined`: still to be found out. */
  readonly activity: WorkerActivity | undefined;
  /** Members of the same deadlock. */
  readonly others: readonly Member[];
  readonly tasks: readonly TaskEvent[];
}

interface Said {
  readonly stack: WorkerStack;
  readonly reason: StuckReason;
  readonly stillMs: number;
}

/** What the watchdog asks of the fleet. */
export interface WatchedFleet {
  readonly members: ReadonlySet<Member>;
  kill(member: Member): void;
}

export class Watchdog {
  readonly #core: PoolCore;
  readonly #settings: WatchdogSettings | undefined;
  readonly #members: ReadonlySet<Member>;
  readonly #looks: WorkerLooks;
  readonly #cancellation: Cancellation;
  readonly #fleet: WatchedFleet;
  readonly #prefetch: Pick<Prefetch, 'relieve'>;
  readonly #watches = new Map<Member, Watch>();
  /** Circles of which one member is being ended. */
  #breaking = new Set<string>();
  #alarm: Alarm | undefined;
  #dumpAlarm: Alarm | undefined;

  constructor(core: PoolCore, fleet: WatchedFleet, cancellation: Cancellation, prefetch: Pick<Prefetch, 'relieve'>) {
    this.#core = core;
    this.#settings = core.settings.kind === 'async' ? undefined : core.settings.watchdog;
    this.#members = fleet.members;
    this.#looks = new WorkerLooks(core, fleet.members);
    this.#cancellation = cancellation;
    const afterMs = core.settings.watchdog?.mainThreadAfterMs ?? Infinity;
    if (afterMs !== Infinity) void this.#watchMain(afterMs);
    this.#fleet = fleet;
    this.#prefetch = prefetch;
  }

  async #watchMain(afterMs: number): Promise<void> {
    const core = this.#core;
    const { MainWatch } = await import('./main-watch.js');
    if (core.phase === 'closed') return;
    const watch = new MainWatch(core.settings.name, afterMs, (stall) => core.events.emit('stalled', stall));
    core.events.once('closed', () => watch.stop());
  }

  /** Tasks were handed out: sees to it that somebody looks. Called once a turn. */
  wake(): void {
    if (this.#alarm === undefined && this.#settings !== undefined) this.#arm(this.#settings.intervalMs);
  }

  /** The member's event loop turns. */
  pong(member: Member): void {
    const watch = this.#watches.get(member);
    if (watch !== undefined) renew(watch, member, watch.tick, this.#core.now());
  }

  memberGone(member: Member): void {
    this.#watches.delete(member);
  }

  /** A task was told to stop, and the event loop has not answered: says where it stands, when somebody wants to know. */
  blocked(member: Member): void {
    if (!this.#core.events.has('stuck') || this.#watches.get(member)?.reported === true) return;
    const findings = { reason: 'cancelled', action: 'end', activity: undefined, others: [], tasks: this.#cancellation.abandonedTasks(member) } as const;
    member.lookedAtUntil = this.#core.now() + LAST_STACK_MS_MAX;
    void this.#say(member, findings).then(() => {
      member.lookedAtUntil = 0;
    });
  }

  #arm(delayMs: number): void {
    const core = this.#core;
    this.#alarm = core.alarms.set(core.now() + delayMs, this.#look);
    const { dumpEveryMs } = this.#settings as WatchdogSettings;
    if (this.#dumpAlarm === undefined && dumpEveryMs !== Infinity) this.#dumpAlarm = core.alarms.set(core.now() + dumpEveryMs, this.#dump);
  }

  readonly #look = (): void => {
    this.#alarm = undefined;
    const { intervalMs, stuckAfterMs } = this.#settings as WatchdogSettings;
    const now = this.#core.now();
    let locks: LockSituation | undefined;
    let nextMs = intervalMs;
    for (const member of this.#members) {
      if (member.state !== 'ready' && member.state !== 'draining') continue;
      if (member.inFlight === 0) this.#watches.delete(member);
      else if (!this.#showsLife(member, now)) {
        if (!this.#relieves(member)) this.#judge(member, now, (locks ??= this.#looks.locks()));
        const leftMs = stuckAfterMs - (now - (this.#watches.get(member) as Watch).stillSince);
        // Whole ms: an alarm that is due at once would ring again and again at one instant.
        if (leftMs > 0) nextMs = Math.min(nextMs, Math.ceil(leftMs));
      }
    }
    if (this.#breaking.size > 0) this.#forgetBroken(locks);
    if (this.#core.inFlight > 0) this.#arm(nextMs);
  };

  #forgetBroken(locks: LockSituation | undefined): void {
    const circles = new Set(locks?.deadlocks.map(circleKey));
    this.#breaking = new Set([...this.#breaking].filter((key) => circles.has(key)));
  }

  /** Whether there was a sign of life since the last look. Where there was no progress its event loop is asked, once, for a sign. */
  #showsLife(member: Member, now: number): boolean {
    member.worker.collect();
    const tick = member.worker.status()?.tick ?? 0;
    const watch = this.#watches.get(member);
    if (watch !== undefined && watch.answered === member.answered && watch.tick === tick && watch.pinged) return false;
    if (watch === undefined) this.#watches.set(member, newWatch(member, tick, now));
    else if (watch.answered !== member.answered || watch.tick !== tick) return renew(watch, member, tick, now);
    (this.#watches.get(member) as Watch).pinged = true;
    member.worker.ping();
    return true;
  }

  /** Sees to the tasks that the member, which shows no life, has not begun. Returns whether nothing that it executes is to blame. */
  #relieves(member: Member): boolean {
    if (member.abandoned > 0) return false;
    const begun = this.#looks.begunTasks(member).length;
    const isToBlame = begun > 0 || member.worker.isEngaged?.() === true;
    if (!isToBlame) this.#cancellation.doubt(member);
    if (member.inFlight > begun) this.#prefetch.relieve(member);
    return !isToBlame;
  }

  #judge(member: Member, now: number, locks: LockSituation): void {
    const watch = this.#watches.get(member) as Watch;
    const os = this.#looks.osThread(member);
    const threadId = member.info?.threadId;
    const circle = locks.deadlocks.find((edges) => edges.some((edge) => edge.threadId === threadId));
    const key = circle === undefined ? '' : circleKey(circle);
    const activity = activityOf({
      hasTasks: true,
      responds: false,
      osState: os?.state,
      cpuShare: os === undefined || watch.os === undefined ? undefined : (os.cpuMs - watch.os.cpuMs) / Math.max(1, now - watch.osAt),
      waitsForLock: locks.edges.some((edge) => edge.threadId === threadId),
      isDeadlocked: circle !== undefined,
    });
    const verdict = judge(activity, now - watch.stillSince, key !== '' && key === watch.circle, this.#settings as WatchdogSettings);
    watch.os = os;
    watch.osAt = now;
    watch.circle = key;
    // One that was told to stop before has its grace.
    if (verdict.action !== 'none' && member.abandoned === 0) this.#act(member, watch, activity, verdict, circle ?? []);
  }

  #act(member: Member, watch: Watch, activity: WorkerActivity, { action, reason }: Verdict, circle: readonly WaitEdge[]): void {
    if (action === 'none' || (action === 'report' && (watch.reported || !this.#core.events.has('stuck')))) return;
    if (watch.circle !== '' && this.#breaking.has(watch.circle)) return;
    const others = this.#partners(member, circle);
    // Of those in a circle one answers for all: the one whose task was submitted last has lost the least.
    if (reason === 'deadlock' && others.some((other) => this.#newest(other) > this.#newest(member))) return;
    if (reason === 'deadlock') this.#breaking.add(watch.circle);
    const key = watch.circle;
    watch.reported = true;
    const guilty = this.#guilty(member);
    const tasks = guilty === undefined ? [] : [this.#core.taskEvent(guilty)];
    void this.#say(member, { reason: reason as StuckReason, action, activity, others, tasks }).then((said) => {
      if (said === undefined) this.#breaking.delete(key);
      else if (action === 'end') this.#end(member, guilty, said);
    });
  }

  #partners(member: Member, circle: readonly WaitEdge[]): Member[] {
    const ids = new Set(circle.map(({ threadId }) => threadId));
    return [...this.#members].filter((other) => other !== member && other.info !== undefined && ids.has(other.info.threadId));
  }

  /** The task that keeps the member: the one it has begun last. */
  #guilty(member: Member): PoolTask | undefined {
    const tasks = this.#looks.begunTasks(member);
    const sequence = member.worker.status()?.sequence;
    return tasks.find((task) => task.sequence === sequence) ?? tasks.at(-1);
  }

  #newest(member: Member): number {
    return this.#guilty(member)?.sequence ?? -1;
  }

  /** Takes the stacks and tells those who listen. `undefined` when the member has come back to life meanwhile. */
  async #say(member: Member, { reason, action, activity, others, tasks }: Findings): Promise<Said | undefined> {
    const core = this.#core;
    const since = this.#watches.get(member)?.stillSince;
    const stillMs = since === undefined ? 0 : core.now() - since;
    const limitMs = reason === 'cancelled' ? Math.max(LAST_STACK_MS_MAX, core.settings.cancelGraceMs) : STACK_MS_MAX;
    const [stack, rest] = await Promise.all([
      this.#looks.stack(member, limitMs, activity),
      Promise.all(others.map((other) => this.#looks.stack(other, limitMs, activity))),
    ]);
    if (reason !== 'cancelled' && (member.state === 'dead' || this.#watches.get(member)?.stillSince !== since)) return undefined;
    if (core.events.has('stuck')) core.events.emit('stuck', { ...stack, tasks, reason, stillMs, action, others: rest });
    return { stack, reason, stillMs };
  }

  /** As after a timeout: the caller gets the outcome now, the worker its grace. */
  #end(member: Member, task: PoolTask | undefined, { stack, reason, stillMs }: Said): void {
    if (task === undefined || task.holder !== member) return this.#fleet.kill(member);
    const why = reason === 'deadlock' ? 'is part of a deadlock' : `kept the event loop for ${Math.round(stillMs)} ms`;
    const error = new WorkerStuckError(`task ${task.name} on worker ${member.worker.id} ${why}: ${stack.detail}`, {
      workerId: member.worker.id,
      activity: stack.activity,
      workerStack: stack.text,
    });
    this.#cancellation.stuck(task, error);
  }

  readonly #dump = (): void => {
    const core = this.#core;
    const { dumpEveryMs } = this.#settings as WatchdogSettings;
    this.#dumpAlarm = core.inFlight > 0 ? core.alarms.set(core.now() + dumpEveryMs, this.#dump) : undefined;
    if (core.events.has('stacks')) void this.#emitStacks();
  };

  async #emitStacks(): Promise<void> {
    const stacks = await Promise.all([...this.#members].map((member) => this.#looks.stack(member, STACK_MS_MAX)));
    if (this.#core.phase !== 'closed') this.#core.events.emit('stacks', { stacks });
  }
}

function newWatch(member: Member, tick: number, now: number): Watch {
  return { answered: member.answered, tick, stillSince: now, pinged: false, os: undefined, osAt: now, circle: '', reported: false };
}

/** There was a sign of life. */
function renew(watch: Watch, member: Member, tick: number, now: number): true {
  Object.assign(watch, newWatch(member, tick, now));
  return true;
}
