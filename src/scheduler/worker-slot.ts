import type { QueuedTask } from '../queue/queued-task.js';
import type { TaskQueue } from '../queue/task-queue.js';
import type { PlacementSlot } from './placement.js';
import { RingNode } from './ring-node.js';

/** What the scheduler knows of a worker. Plain fields: this is the hot path. */
export class WorkerSlot<T extends QueuedTask, W> implements PlacementSlot {
  readonly worker: W;
  /** Tasks in flight on it. */
  load = 0;
  /** Tasks it may have in flight; 0 stops it. */
  creditMax = 0;
  /** Two to this power of its tasks count as one load: so many that a parked worker would take longer to wake than this one to execute them. */
  packing = 0;
  /** When its load last became 0, in ms. */
  idleSinceMs: number;
  /** False once it was removed. */
  alive = true;
  /** Tasks that wait for this worker because their affinity key is bound to it. */
  bound: TaskQueue<T> | undefined = undefined;
  /** Tasks that only this worker may execute. */
  pinned: TaskQueue<T> | undefined = undefined;
  denseIndex = -1;
  bucket = 0;
  readonly loadNode: RingNode<this> = new RingNode<this>(this);
  readonly turnNode: RingNode<this> = new RingNode<this>(this);

  constructor(worker: W, nowMs: number) {
    this.worker = worker;
    this.idleSinceMs = nowMs;
  }

  /** How many more tasks it may be sent. */
  get credit(): number {
    return Math.max(0, this.creditMax - this.load);
  }

  /** Whether it executes something and is not being stopped. */
  get busy(): boolean {
    return this.load > 0 && this.creditMax > 0;
  }
}
