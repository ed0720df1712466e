/** The seam between a serve loop and those who run children with it. */
import type { PoolFrame, WorkerFrame } from '../../../transport/protocol.js';
import type { ExecutorOptions } from '../executor.js';
import type { TaskModule } from '../load-module.js';
import type { ForkJoin } from './fork-join.js';

/** What siblings need of the serve loop. */
export interface SiblingsHost {
  /** Whether the worker has room for a child of theirs and no task waits for it. */
  isIdle(): boolean;
  /** A child of theirs takes up room from here on. */
  stolenBegan(): void;
  stolenEnded(): void;
  /** Its function waits instead of computing, or is back. */
  blocking(on: boolean): void;
  sendNow(frame: WorkerFrame): void;
}

export interface Siblings {
  /** The worker has nothing to do. Called often. */
  idle(): void;
  /** Takes nothing more. Resolves when what was taken has ended. */
  retire(): Promise<void>;
  /** The pool's answer to a `fork` frame. */
  answered?(frame: Extract<PoolFrame, { type: 'joined' }>): void;
  /** A `fork` frame could not be sent. */
  unsent?(fork: number): void;
}

/** Joins a worker to its siblings. `options` are for executing what is taken from them. */
export type JoinSiblings = (host: SiblingsHost, forks: ForkJoin, module: TaskModule, options: Omit<ExecutorOptions, 'reporter'>) => Siblings;
