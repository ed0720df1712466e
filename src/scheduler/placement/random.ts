import type { Placement } from '../placement.js';

/** Any worker with credit, each as likely as the other. */
export const random: Placement = {
  name: 'random',
  pick: (candidates, chance) => candidates.at(Math.floor(chance() * candidates.size)),
};
