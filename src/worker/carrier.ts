/** What a remote worker runs in: the seam between the worker that the pool sees and a thread or process. */
import type { PoolEnd, PoolEndHandler } from '../transport/transport.js';
import type { CarrierExit } from './remote-exit.js';
import type { Siblings } from './thread-siblings.js';
import type { WorkerOptions } from './worker.js';

/** The thread or process itself. It does not keep this process alive unless told to. */
export interface Carrier {
  readonly end: PoolEnd;
  /** Threads that run each other's forked children. */
  readonly siblings?: Siblings | undefined;
  /** Ends it whatever it does; `onExit` follows, if anything can end it. `silent`: its event loop has left a question unanswered. */
  kill(silent: boolean): void;
  ref(): void;
  memoryBytes?(): Promise<number | undefined>;
  /** It has ended or is left behind: give back what it held in this process. */
  dispose(): void;
}

/** Starts the thread or process. May throw; `onExit` is called once otherwise. */
export type Launch = (options: WorkerOptions, handler: PoolEndHandler, onExit: (exit: CarrierExit) => void) => Carrier;
