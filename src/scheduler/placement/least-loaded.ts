import type { Placement } from '../placement.js';

/** The worker with the fewest tasks in flight; among equals the one that was busy last, so that surplus workers idle and can leave. */
export const leastLoaded: Placement = {
  name: 'least-loaded',
  pick: (candidates) => candidates.leastLoaded(),
};
