/** How long the executions of each function take, for the sizing: two additions a task that takes a millisecond or more, nothing for shorter ones. */
import type { FunctionFlow } from '../scheduler/scaler/scaling-policy.js';

export class FunctionTimes {
  readonly #sums = new Map<string, { count: number; log: number; logSquared: number }>();

  /** An execution of function `name` took `runMs`, > 0. */
  add(name: string, runMs: number): void {
    let sums = this.#sums.get(name);
    if (sums === undefined) this.#sums.set(name, (sums = { count: 0, log: 0, logSquared: 0 }));
    const log = Math.log(runMs);
    sums.count += 1;
    sums.log += log;
    sums.logSquared += log * log;
  }

  read(): FunctionFlow[] {
    return Array.from(this.#sums, ([name, sums]) => ({ name, ...sums }));
  }
}
