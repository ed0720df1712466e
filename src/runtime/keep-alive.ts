/**
 * The one handle by which a pool with work keeps the process alive; a pool without work holds none.
 *
 * Work comes and goes per task, so holding is a comparison, not a system call: the first hold arms a timer, the timer looks whether work is
 * left and arms itself again or lets go. The process exits at most {@link CHECK_MS} after the last task.
 */
import { clearTimeout, setTimeout } from './host-timers.js';

const CHECK_MS = 10;
const CHECK_MS_MAX = 640;

export class KeepAlive {
  #held = 0;
  #delayMs = CHECK_MS;
  #timer: NodeJS.Timeout | undefined;

  hold(): void {
    this.#held += 1;
    if (this.#timer === undefined) this.#arm(CHECK_MS);
  }

  release(): void {
    this.#held -= 1;
    if (this.#held === 0 && this.#delayMs > CHECK_MS) {
      clearTimeout(this.#timer);
      this.#arm(CHECK_MS);
    }
  }

  #arm(delayMs: number): void {
    this.#delayMs = delayMs;
    this.#timer = setTimeout(this.#check, delayMs);
  }

  readonly #check = (): void => {
    this.#timer = undefined;
    if (this.#held > 0) this.#arm(Math.min(CHECK_MS_MAX, this.#delayMs * 2));
  };
}
