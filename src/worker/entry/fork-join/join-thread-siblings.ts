/** Joins a thread to those that run each other's forked children. */
import { ForkArea } from '../../../shared/fork-join/fork-area.js';
import type { JoinSiblings } from './siblings.js';
import { Thief } from './thief.js';
import { ThreadForks } from './thread-forks.js';

export function joinThreadSiblings(place: { readonly area: SharedArrayBuffer; readonly seat: number }): JoinSiblings {
  return (host, forks, module, options) => {
    const thread = new ThreadForks(ForkArea.open(place.area), place.seat, forks);
    forks.helpers = thread;
    return new Thief(thread, host, options, module);
  };
}
