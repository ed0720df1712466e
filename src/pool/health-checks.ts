/**
 * Health checks of workers whose module defines one: asked for every `healthInterval`, and unhealthy when they do not answer.
 *
 *   asked ──pong──> running ──healthTimeout──> overdue ──pong──> unhealthy        an answer ends it at any point
 *
 * A worker in the middle of a long synchronous task answers nothing and is well. So time counts only from a sign that its event loop has turned (a pong, which
 * leaves in the same order as the answer), and a second sign is wanted when it is over.
 */
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';

interface Check {
  phase: 'asked' | 'running' | 'overdue';
  alarm: Alarm | undefined;
}

export class HealthChecks {
  readonly #core: PoolCore;
  readonly #onUnhealthy: (member: Member) => void;
  readonly #checks = new Map<Member, Check>();

  constructor(core: PoolCore, onUnhealthy: (member: Member) => void) {
    this.#core = core;
    this.#onUnhealthy = onUnhealthy;
  }

  /** Asks for the next check of a member; its answer arms the one after. */
  arm(member: Member): void {
    const core = this.#core;
    const { healthIntervalMs } = core.settings;
    if (healthIntervalMs === Infinity || member.info?.hooks.healthCheck !== true) return;
    core.alarms.set(core.now() + healthIntervalMs, () => {
      if (member.state === 'ready' || member.state === 'suspect') this.#ask(member);
    });
  }

  /** The check of a member has been answered. */
  answered(member: Member, error: Error | undefined): void {
    this.gone(member);
    if (error === undefined) this.arm(member);
    else this.#onUnhealthy(member);
  }

  /** The event loop of a member has turned. */
  pong(member: Member): void {
    const check = this.#checks.get(member);
    if (check === undefined) return;
    if (check.phase === 'overdue') {
      this.gone(member);
      this.#onUnhealthy(member);
    } else if (check.phase === 'asked') {
      check.phase = 'running';
      check.alarm = this.#core.alarms.set(this.#core.now() + this.#core.settings.healthTimeoutMs, () => this.#overdue(member, check));
    }
  }

  gone(member: Member): void {
    const alarm = this.#checks.get(member)?.alarm;
    if (alarm !== undefined) this.#core.alarms.cancel(alarm);
    this.#checks.delete(member);
  }

  #ask(member: Member): void {
    this.#checks.set(member, { phase: 'asked', alarm: undefined });
    member.worker.checkHealth();
    member.worker.ping();
  }

  #overdue(member: Member, check: Check): void {
    check.phase = 'overdue';
    check.alarm = undefined;
    member.worker.ping();
  }
}
