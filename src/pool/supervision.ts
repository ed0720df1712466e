/** What follows from how attempts end and health checks are answered: workers that are to blame are replaced. */
import { MillraceError, TaskTimeoutError } from '../errors.js';
import type { AttemptObserver } from './attempt-observer.js';
import type { PoolCore } from './core.js';
import type { RecycleCause } from './fleet-host.js';
import { FailureIsolation } from './failure-isolation.js';
import type { IsolationHost } from './failure-isolation.js';
import { HealthChecks } from './health-checks.js';
import type { Member } from './member.js';
import { DIRECT } from './pool-task.js';
import type { PoolTask } from './pool-task.js';

/** Errors of millrace that come out of an attempt and say nothing about the worker or the function. */
const NEUTRAL: ReadonlySet<string> = new Set(['ERR_TASK_CANCELLED', 'ERR_DEADLINE_EXCEEDED', 'ERR_UNKNOWN_FUNCTION', 'ERR_VALUE_NOT_CLONEABLE', 'ERR_OPTION']);

/** What the supervision asks of the fleet. */
export interface SupervisionHost extends IsolationHost {
  retire(member: Member, cause: RecycleCause): void;
}

export class Supervision implements AttemptObserver {
  readonly isolation: FailureIsolation;
  readonly health: HealthChecks;
  readonly #core: PoolCore;

  constructor(core: PoolCore, host: SupervisionHost) {
    this.#core = core;
    this.isolation = new FailureIsolation(core, host);
    this.health = new HealthChecks(core, (member) => host.retire(member, 'health'));
  }

  completed(task: PoolTask, member: Member): void {
    if ((task.marks & DIRECT) !== 0) return;
    this.isolation.succeeded(member, task.name);
    this.#core.observed = this.isolation.watching;
  }

  failed(task: PoolTask, member: Member, error: unknown): void {
    if ((task.marks & DIRECT) !== 0 || !counts(error)) return;
    this.isolation.failed(member, task.name);
    this.#core.observed = this.isolation.watching;
  }

  crashed(): void {}

  memberReady(member: Member): void {
    this.isolation.joined(member);
    this.health.arm(member);
  }

  memberGone(member: Member): void {
    this.isolation.gone(member);
    this.health.gone(member);
  }
}

/** Whether an error speaks against the function or its worker: all that a function throws, and running into its timeout. */
function counts(error: unknown): boolean {
  if (error instanceof MillraceError) return error instanceof TaskTimeoutError ? error.code === 'ERR_TASK_TIMEOUT' : !NEUTRAL.has(error.code);
  return !(error instanceof Error && error.name === 'AbortError');
}
