import type { Placement } from '../placement.js';

/** The less loaded of two different workers picked at random: nearly as even as `least-loaded`, without herding to one. */
export const twoChoices: Placement = {
  name: 'two-choices',
  pick: (candidates, chance) => {
    const first = Math.floor(chance() * candidates.size);
    if (candidates.size === 1) return candidates.at(first);
    const other = Math.floor(chance() * (candidates.size - 1));
    const [a, b] = [candidates.at(first), candidates.at(other < first ? other : other + 1)];
    return a === undefined || (b !== undefined && b.load < a.load) ? b : a;
  },
};
