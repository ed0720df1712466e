/**
 * Workers that take much longer than the others for the same function: reported, and isolated where that is asked for.
 *
 * A function whose time depends on its input can make a good worker look slow: a caller that awaits one large input after the other gets the same worker each time, since that
 * is the one that has just become free. No comparison from outside tells the two apart, so by default nothing is done to the worker.
 *
 * Tasks are timed only where somebody would hear of it, and only those of workers whose tasks take a millisecond or more.
 */
import { LatencyTests } from '../scheduler/supervisor/latency-test.js';
import type { LatencyTest } from '../scheduler/supervisor/latency-test.js';
import type { PoolCore } from './core.js';
import type { FailureIsolation } from './failure-isolation.js';
import type { Member } from './member.js';

export class SlowWorkers {
  readonly #core: PoolCore;
  readonly #isolation: FailureIsolation;
  readonly #latencies = new LatencyTests();
  readonly #tests = new Map<Member, LatencyTest>();
  readonly #isolates: boolean;

  constructor(core: PoolCore, isolation: FailureIsolation) {
    this.#core = core;
    this.#isolation = isolation;
    this.#isolates = core.settings.slowWorkers === 'isolate';
  }

  /** A task of function `name` took `runMs` on the member. */
  timed(member: Member, name: string, runMs: number): void {
    if (member.state !== 'ready' || !(this.#isolates || this.#core.events.has('workerSuspected'))) return;
    let test = this.#tests.get(member);
    if (test === undefined) {
      test = this.#latencies.join();
      this.#tests.set(member, test);
    }
    const isSlow = test.record(name, runMs, this.#core.stamp());
    if (isSlow === undefined) return;
    if (!isSlow) this.#isolation.trust(member, 'slow');
    else if (this.#isolates && member.suspicion === 'slow') this.#isolation.isolate(member, 'slow', undefined);
    else this.#isolation.suspect(member, 'slow', this.#isolates ? 1 : Infinity);
  }

  gone(member: Member): void {
    const test = this.#tests.get(member);
    if (test !== undefined) this.#latencies.leave(test);
    this.#tests.delete(member);
  }
}
