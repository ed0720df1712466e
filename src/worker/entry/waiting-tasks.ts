import type { TaskFrame } from '../../transport/protocol.js';

/** Tasks a worker holds ahead of their turn, oldest first: as few as the pool's credit allows, so removal may look at each. */
export class WaitingTasks {
  #frames: (TaskFrame | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#frames.length - this.#head;
  }

  push(frame: TaskFrame): void {
    this.#frames.push(frame);
  }

  shift(): TaskFrame | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#frames[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#frames.length) this.#reset([]);
    // Half of it is spent: copying the rest costs each frame one move at most.
    else if (this.#head >= 512 && this.#head * 2 >= this.#frames.length) this.#reset(this.#frames.slice(this.#head));
    return frame;
  }

  /** Takes the task in `slot` out of the order. */
  remove(slot: number): TaskFrame | undefined {
    const index = this.#frames.findIndex((frame, at) => at >= this.#head && frame?.slot === slot);
    return index === -1 ? undefined : this.#frames.splice(index, 1)[0];
  }

  #reset(frames: (TaskFrame | undefined)[]): void {
    this.#frames = frames;
    this.#head = 0;
  }
}
