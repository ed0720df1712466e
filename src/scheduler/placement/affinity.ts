import type { Placement } from '../placement.js';

/**
 * Tasks with one affinity key go to one worker while it lives. The scheduler keeps the bindings; this picks the worker for tasks without a key
 * and for keys not bound yet.
 */
export const affinity: Placement = {
  name: 'affinity',
  pick: (candidates) => candidates.leastLoaded(),
};
