/** Joins workers to their siblings, if the task module can fork at all: otherwise it costs nothing. */
import { ForkArea } from '../../../shared/fork-join/fork-area.js';
import { contextImported } from '../../../task/context.js';
import { ProcessForks } from './process-forks.js';
import type { JoinSiblings } from './siblings.js';
import { Thief } from './thief.js';
import { ThreadForks } from './thread-forks.js';

export function joinThreadSiblings(place: { readonly area: SharedArrayBuffer; readonly seat: number }): JoinSiblings {
  return (host, forks, module, options) => {
    if (!contextImported()) return undefined;
    const thread = new ThreadForks(ForkArea.open(place.area), place.seat, forks);
    forks.helpers = thread;
    return new Thief(thread, host, options, module);
  };
}

export const joinProcessSiblings: JoinSiblings = (host, forks) => {
  if (!contextImported()) return undefined;
  const helpers = new ProcessForks((frame) => host.sendNow(frame));
  forks.helpers = helpers;
  return {
    idle: () => undefined,
    retire: () => Promise.resolve(),
    answered: (frame) => helpers.answered(frame),
    unsent: (fork) => helpers.unsent(fork),
  };
};
