/** Joins a worker process to the pool, which has others run its forked children. */
import { ProcessForks } from './process-forks.js';
import type { JoinSiblings } from './siblings.js';

export const joinProcessSiblings: JoinSiblings = (host, forks) => {
  const helpers = new ProcessForks((frame) => host.sendNow(frame));
  forks.helpers = helpers;
  return {
    idle: () => undefined,
    retire: () => Promise.resolve(),
    answered: (frame) => helpers.answered(frame),
    unsent: (fork) => helpers.unsent(fork),
  };
};
