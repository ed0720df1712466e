/** Bounds what one function, or a group of functions, may take of a pool: tasks in flight, and tasks that wait. */
export class Bulkhead {
  readonly name: string;
  /** Tasks in the hands of workers at once. */
  readonly max: number;
  /** Tasks that may wait; `Infinity` for as many as the queue takes. */
  readonly queuedMax: number;
  inFlight = 0;
  /** Tasks taken in that have no outcome yet; kept only where `queuedMax` bounds them. */
  open = 0;

  constructor(name: string, max: number, queuedMax: number) {
    this.name = name;
    this.max = max;
    this.queuedMax = queuedMax;
  }

  /** Whether no task of it may be handed out now. */
  get isFull(): boolean {
    return this.inFlight >= this.max;
  }

  /** Whether no task of it may be taken in now. */
  get isOverfull(): boolean {
    return this.open >= this.max + this.queuedMax;
  }
}
