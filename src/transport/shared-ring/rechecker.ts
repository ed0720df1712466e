/**
 * Looks at the reply rings again from turn to turn of the event loop, so that answers which come soon need not wake the thread.
 *
 * One for all the rings of a thread: a turn costs about 1 µs plus an atomic load a ring. It stops by itself as soon as every ring has
 * decided to sleep.
 */
import { ReusedList } from '../../collections/reused-list.js';
import { hostEventLoop, type EventLoop } from './event-loop.js';

export interface Watcher {
  /** Looks once. `false`: it has gone to sleep and need not be asked again. */
  look(nowMs: number): boolean;
}

export class Rechecker {
  readonly loop: EventLoop;
  /** Rings with tasks in flight: as many workers may want a core. */
  busyRings = 0;
  /** When the event loop last had a turn while somebody watched, in ms. */
  turnedAtMs: number = -Infinity;
  #watchers: ReusedList<Watcher> = new ReusedList();
  /** The list of the turn before, kept to be filled again. */
  #spare: ReusedList<Watcher> = new ReusedList();
  #scheduled = false;

  constructor(loop: EventLoop) {
    this.loop = loop;
  }

  /** Asks `watcher` from the next turn on. It must not be under watch already. */
  add(watcher: Watcher): void {
    this.#watchers.push(watcher);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.loop.nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    const asked = this.#watchers;
    this.#watchers = this.#spare;
    const nowMs = this.loop.nowMs();
    this.turnedAtMs = nowMs;
    for (let index = 0; index < asked.length; index += 1) {
      const watcher = asked.at(index);
      if (watcher.look(nowMs)) this.#watchers.push(watcher);
    }
    asked.clear();
    this.#spare = asked;
    if (this.#watchers.length > 0) this.#schedule();
  };
}

/** One for all rings of this thread. */
export const hostRechecker: Rechecker = new Rechecker(hostEventLoop);
