/**
 * Children that processes fork, run by others: as tasks of the pool that belong to no caller. One is taken only when a worker has room and no task waits,
 * and goes home when it is found waiting after all: the process that forked it runs it itself then, so that a task never waits for a place that it holds.
 */
import { ValueError } from '../errors.js';
import { isTerminal, QUEUED } from '../task/lifecycle.js';
import type { ForkOutcome } from '../worker/remote-forks.js';
import type { PoolCore } from './core.js';
import type { Intake } from './intake.js';
import { PART } from './pool-task.js';
import type { PoolTask } from './pool-task.js';

/** Time between two looks whether a child waits in the queue (P): no shorter than what is stuck in a worker takes to come back. */
const LOOK_MS = 5;

export class ForkedChildren {
  readonly #core: PoolCore;
  readonly #intake: Intake;

  constructor(core: PoolCore, intake: Intake) {
    this.#core = core;
    this.#intake = intake;
  }

  /** Returns how to cancel it; `undefined` when nobody can run it now. */
  run(parent: PoolTask, name: string, args: readonly unknown[], settled: (outcome: ForkOutcome) => void): (() => void) | undefined {
    const { scheduler, paused, phase, functions } = this.#core;
    if (paused || phase !== 'open' || scheduler.depth > 0 || !scheduler.hasCredit) return undefined;
    const given = functions.check({ retry: 1, timeout: Infinity, correlationId: parent.correlationId });
    const child = this.#intake.submit(name, args, given, PART, this.run, false);
    let isOpen = true;
    const once = (outcome: ForkOutcome): void => {
      if (isOpen) settled(outcome);
      isOpen = false;
    };
    child.result.then(
      (value) => once(this.#outcome(child, value)),
      (error: unknown) => once({ type: 'failed', error }),
    );
    void this.#forward(child, parent);
    this.#watch(child, () => once({ type: 'declined' }));
    return () => void child.cancel();
  }

  /**
   * One that waits goes home. Whoever seemed to have room for it may have had it ahead only, behind a task that waits for such children itself; it comes back from
   * there to the queue, and would wait there for a place that its parent holds.
   */
  #watch(child: PoolTask, decline: () => void): void {
    this.#core.alarms.set(this.#core.now() + LOOK_MS, () => {
      if (isTerminal(child.stateCode)) return;
      if (child.stateCode !== QUEUED) return this.#watch(child, decline);
      decline();
      child.cancel();
    });
  }

  #outcome(child: PoolTask, value: unknown): ForkOutcome {
    if (child.extra?.stream === undefined) return { type: 'completed', value };
    child.cancel();
    return { type: 'failed', error: new ValueError('result', 'a generator, which a forked child cannot return') };
  }

  /** What the child has to say is said by its parent. */
  async #forward(child: PoolTask, parent: PoolTask): Promise<void> {
    for await (const value of child.progress) if (!parent.isComplete()) parent.progressBuffer().push(value);
  }
}
