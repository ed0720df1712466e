/**
 * An idle worker takes children of other workers' tasks, one at a time, and runs each as a task of its own that answers to whoever forked it.
 *
 * Tasks of the pool come first: nothing is taken while one waits, and between two children the event loop has its turn every few ms. A task that arrives while a
 * child runs waits for the end of that child.
 */
import { ValueError } from '../../../errors.js';
import { cpuLimit } from '../../../runtime/limits.js';
import { HUNGRY } from '../../../shared/fork-join/fork-area.js';
import type { Taken } from '../../../shared/fork-join/offers.js';
import { CANCEL_NONE } from '../../../transport/protocol.js';
import type { CancelCode, LogLevel } from '../../../transport/protocol.js';
import { hostEventLoop } from '../../../transport/shared-ring/event-loop.js';
import { RunClock } from '../../../transport/shared-ring/run-clock.js';
import type { Reporter } from '../execution.js';
import { Executor } from '../executor.js';
import type { ExecutorOptions } from '../executor.js';
import type { TaskModule } from '../load-module.js';
import type { Siblings, SiblingsHost } from './siblings.js';
import { StolenFrame } from './stolen-frame.js';
import type { StolenWork, ThreadForks } from './thread-forks.js';

const RUN_MS_MAX = 4;
/** Longest time to look for the next child before the thread sleeps, in ms (P): what a sleep and a wake-up take. */
const SPIN_MS = 0.05;
/** Looks between two readings of the clock. */
const LOOKS_PER_CLOCK = 16;

export class Thief implements Reporter, StolenWork, Siblings {
  readonly #thread: ThreadForks;
  readonly #host: SiblingsHost;
  readonly #executor: Executor;
  readonly #clock = new RunClock(hostEventLoop, RUN_MS_MAX);
  readonly #spins: boolean;
  readonly #taken: (Taken | undefined)[] = [];
  readonly #raised = new Set<Taken>();
  #count = 0;
  #seeking = false;
  #retired: (() => void) | undefined;

  constructor(thread: ThreadForks, host: SiblingsHost, options: Omit<ExecutorOptions, 'reporter'>, module: TaskModule) {
    this.#thread = thread;
    this.#host = host;
    this.#executor = new Executor({ ...options, reporter: this });
    this.#executor.use(module);
    this.#spins = cpuLimit().cpus > 1;
    thread.stolen = this;
  }

  get isBusy(): boolean {
    return this.#count > 0;
  }

  /** The worker has nothing to do: costs a comparison when that is known already. */
  idle(): void {
    if (this.#thread.bell.level !== HUNGRY && !this.#seeking) this.seek();
  }

  seek(): void {
    if (this.#seeking || this.#retired !== undefined) return;
    this.#seeking = true;
    this.#clock.start();
    let found = false;
    while (this.#host.isIdle()) {
      const taken: Taken | undefined = this.#thread.seat.take(0) ?? (found ? this.#spin() : undefined);
      found = taken !== undefined;
      if (taken !== undefined) this.#run(taken);
      else if (this.#thread.bell.set(HUNGRY)) break;
      else this.#thread.collect();
      if (this.#clock.afterTask()) return hostEventLoop.nextTurn(this.#goOn);
    }
    this.#seeking = false;
  }

  /** Takes nothing more. Resolves when what was taken has ended. */
  retire(): Promise<void> {
    return new Promise((resolve) => {
      this.#retired = resolve;
      this.#thread.rest();
      this.#look();
    });
  }

  hasCancelled(): boolean {
    return this.#taken.some((taken) => taken !== undefined && !this.#raised.has(taken) && this.#thread.seat.cancelCode(taken) !== CANCEL_NONE);
  }

  raiseCancelled(): void {
    if (this.#count === 0) return;
    for (const [slot, taken] of this.#taken.entries()) {
      if (taken === undefined || this.#raised.has(taken)) continue;
      const code = this.#thread.seat.cancelCode(taken);
      if (code === CANCEL_NONE) continue;
      this.#raised.add(taken);
      this.#executor.cancel(slot, code);
    }
  }

  // What executing children report.

  started(): void {}

  completed(slot: number, value: unknown): void {
    this.#ended(slot, true, value);
  }

  failed(slot: number, error: unknown): void {
    this.#ended(slot, false, error);
  }

  stream(slot: number): void {
    this.#executor.failStream(slot, new ValueError('result', 'a generator, which a forked child cannot return'));
  }

  yielded(): void {}

  progress(slot: number, value: unknown): void {
    this.#note(slot, 'progress', value);
  }

  log(slot: number, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void {
    this.#note(slot, 'log', { level, message, fields });
  }

  barrier(): void {}

  blocking(on: boolean): void {
    this.#host.blocking(on);
  }

  cancelCode(slot: number): CancelCode {
    const taken = this.#taken[slot];
    return taken === undefined ? CANCEL_NONE : this.#thread.seat.cancelCode(taken);
  }

  readonly #goOn = (): void => {
    this.#seeking = false;
    this.seek();
  };

  /** Looks for the next child for a while, hungry. */
  #spin(): Taken | undefined {
    if (!this.#spins || !this.#thread.bell.set(HUNGRY)) return undefined;
    const endMs = hostEventLoop.nowMs() + SPIN_MS;
    do {
      for (let look = 0; look < LOOKS_PER_CLOCK; look += 1) {
        const taken = this.#thread.seat.take(0);
        if (taken !== undefined) return taken;
      }
    } while (hostEventLoop.nowMs() < endMs);
    return undefined;
  }

  #run(taken: Taken): void {
    const payload = this.#thread.open(taken);
    if (payload === undefined) return;
    let slot = this.#taken.indexOf(undefined);
    if (slot === -1) slot = this.#taken.length;
    this.#taken[slot] = taken;
    this.#count += 1;
    this.#thread.seat.engage(1);
    this.#host.stolenBegan();
    this.#thread.rest();
    this.#executor.start(new StolenFrame(slot, payload, taken.root), this.#executor.find(payload[0]));
  }

  #ended(slot: number, ok: boolean, outcome: unknown): void {
    const taken = this.#taken[slot] as Taken;
    this.#taken[slot] = undefined;
    this.#raised.delete(taken);
    this.#count -= 1;
    this.#thread.answer(taken, ok, outcome);
    this.#thread.seat.engage(-1);
    this.#look();
    this.#host.stolenEnded();
  }

  #look(): void {
    if (this.#count === 0) this.#retired?.();
  }

  #note(slot: number, kind: string, content: unknown): void {
    const taken = this.#taken[slot];
    if (taken === undefined) return;
    try {
      this.#thread.note(taken.root, kind, content);
    } catch {
      this.#thread.note(taken.root, 'log', { level: 'warn', message: `a ${kind} value of a forked child was dropped: it cannot cross`, fields: undefined });
    }
  }
}
