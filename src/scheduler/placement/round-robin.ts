import type { Placement } from '../placement.js';

/** Each worker in turn: of those with credit the one whose turn is longest ago. */
export const roundRobin: Placement = {
  name: 'round-robin',
  pick: (candidates) => candidates.leastRecent(),
};
