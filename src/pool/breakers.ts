/**
 * The circuit breakers of a pool, one a function, made when there is need: a function that fails too often, or ends its workers, is refused at once, and what
 * waits of it with it; the others go on.
 */
import { BreakerOpenError } from '../errors.js';
import { CircuitBreaker } from '../policy/circuit-breaker.js';
import type { BreakerPlan } from '../policy/circuit-breaker.js';
import type { PoolCore } from './core.js';
import type { BreakerCause } from './events.js';
import { PROBE } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { BreakerStats } from './stats.js';
import { refusalError } from './submit-stack.js';

/** What the breakers ask of the rest of the pool. */
export interface BreakerHost {
  /** Refuses what waits of a function that has been shut off. */
  refuseWaiting(name: string): void;
  /** Calls of the function are let through again, as probes. */
  halfOpened(name: string): void;
}

interface Entry {
  readonly breaker: CircuitBreaker;
  cause: BreakerCause;
  /** The error that opened it. */
  error: unknown;
}

export class Breakers {
  readonly #core: PoolCore;
  readonly #host: BreakerHost;
  readonly #entries = new Map<string, Entry>();
  /** Breakers that are not closed. */
  #tripped = 0;

  constructor(core: PoolCore, host: BreakerHost) {
    this.#core = core;
    this.#host = host;
  }

  /** Whether outcomes are to be told. */
  get counting(): boolean {
    return this.#tripped > 0 || this.#core.functions.countsErrors;
  }

  /** The state of every breaker that has something to say. */
  stats(): Readonly<Record<string, BreakerStats>> {
    const now = this.#core.now();
    return Object.fromEntries(
      Array.from(this.#entries, ([name, entry]) => {
        this.#elapse(name, entry, now);
        const { breaker, cause } = entry;
        const { state } = breaker;
        return [name, { state, cause: state === 'closed' ? undefined : cause, retryAfterMs: state === 'open' ? breaker.retryAfterMs(now) : 0 }];
      }),
    );
  }

  succeeded(task: PoolTask): void {
    const entry = this.#entryOf(task);
    if (entry === undefined || !entry.breaker.succeeded(this.#core.now(), (task.marks & PROBE) !== 0)) return;
    this.#tripped -= 1;
    this.#guard();
    this.#tell(task.name, entry);
  }

  failed(task: PoolTask, error: unknown): void {
    const entry = this.#entryOf(task);
    if (entry === undefined) return;
    const wasClosed = entry.breaker.state === 'closed';
    if (!entry.breaker.failed(this.#core.now(), (task.marks & PROBE) !== 0)) return;
    if (wasClosed) entry.cause = 'errors';
    entry.error = error;
    this.#opened(task.name, entry, wasClosed);
  }

  /** Shuts a function off; returns whether that is so from now on. */
  trip(name: string, plan: BreakerPlan | undefined, cause: BreakerCause, error: unknown): boolean {
    if (plan === undefined) return false;
    const entry = this.#entries.get(name) ?? this.#make(name, plan);
    const wasClosed = entry.breaker.state === 'closed';
    if (!entry.breaker.trip(this.#core.now())) return false;
    entry.cause = cause;
    entry.error = error;
    this.#opened(name, entry, wasClosed);
    return true;
  }

  /** Bound to `core.guard` while some breaker is not closed: the error for a task that may not run, O(1). */
  readonly #refuse = (task: PoolTask): BreakerOpenError | undefined => {
    const entry = this.#entries.get(task.name);
    if (entry === undefined || entry.breaker.state === 'closed') return undefined;
    const now = this.#core.now();
    this.#elapse(task.name, entry, now);
    if (!entry.breaker.tryEnter(now))
      return refusalError(task.extra?.submitStack !== undefined, () => refusal(task.name, entry, entry.breaker.retryAfterMs(now)));
    task.marks |= PROBE;
    return undefined;
  };

  #entryOf(task: PoolTask): Entry | undefined {
    const entry = this.#entries.get(task.name);
    if (entry !== undefined) return entry;
    const plan = task.settings.breaker;
    return plan === undefined || plan.errorRate === Infinity ? undefined : this.#make(task.name, plan);
  }

  #make(name: string, plan: BreakerPlan): Entry {
    const entry: Entry = { breaker: new CircuitBreaker(plan, this.#core.settings.random), cause: 'errors', error: undefined };
    this.#entries.set(name, entry);
    return entry;
  }

  #opened(name: string, entry: Entry, wasClosed: boolean): void {
    const core = this.#core;
    if (wasClosed) this.#tripped += 1;
    this.#guard();
    this.#tell(name, entry);
    const { openUntil } = entry.breaker;
    core.alarms.set(openUntil, () => this.#elapse(name, entry, core.now() + 1));
    this.#host.refuseWaiting(name);
  }

  /** The time of being open is over: noticed by its alarm, or by whoever looks before that. */
  #elapse(name: string, entry: Entry, now: number): void {
    if (!entry.breaker.elapse(now)) return;
    this.#tell(name, entry);
    this.#host.halfOpened(name);
  }

  #guard(): void {
    this.#core.guard = this.#tripped > 0 ? this.#refuse : undefined;
  }

  #tell(taskName: string, { breaker, cause, error }: Entry): void {
    const { events } = this.#core;
    if (!events.has('breaker')) return;
    const { state } = breaker;
    events.emit('breaker', { taskName, state, cause, retryAfterMs: state === 'open' ? breaker.retryAfterMs(this.#core.now()) : 0, error });
  }
}

const WHY: Readonly<Record<BreakerCause, string>> = {
  errors: 'too many of its attempts failed',
  crashes: 'it ended too many workers',
  panic: 'it failed on too many workers',
};

function refusal(name: string, { cause, error }: Entry, retryAfterMs: number): BreakerOpenError {
  return new BreakerOpenError(`${name}: its circuit breaker is open, because ${WHY[cause]}. Try again in ${retryAfterMs} ms`, name, retryAfterMs, error);
}
