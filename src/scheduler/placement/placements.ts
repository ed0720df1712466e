import { oneOf } from '../../runtime/own-options.js';
import type { Placement, PlacementName } from '../placement.js';
import { affinity } from './affinity.js';
import { leastLoaded } from './least-loaded.js';
import { random } from './random.js';
import { roundRobin } from './round-robin.js';
import { twoChoices } from './two-choices.js';

const PLACEMENTS: readonly Placement[] = [leastLoaded, roundRobin, random, twoChoices, affinity];
const NAMES: readonly PlacementName[] = PLACEMENTS.map((each) => each.name);

/**
 * The strategy of that name. Strategies hold no state, so pools share them.
 *
 * @param option what an error calls the option
 * @throws OptionError listing the names when `name` is none of them
 */
export function placement(option: string, name: unknown): Placement {
  return PLACEMENTS[NAMES.indexOf(oneOf(option, name, NAMES))] as Placement;
}
