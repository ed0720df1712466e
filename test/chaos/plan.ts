/**
 * What will be done to which pool, drawn from a seed: the same seed gives the same plan, whatever becomes of it.
 *
 *   plan = rounds; round = lanes side by side, one for each kind of worker; lane = episodes in turn
 *   episode = one pool under load: faults, a change between two of them, and an end
 *
 * A pool whose workers die too often replaces them ever more slowly, as it should, so each episode kills at most {@link DEATHS_MAX} of them.
 */
import type { WorkerKind } from 'millrace';
import { Chance } from './random.js';

/**
 * The six ways to run out of memory: for processes. Of threads the last five abort the program, and so does the first now and then: on Node 20 when the thread
 * ends while its code is being compiled, on 24 with larger arrays.
 */
export const ALLOCATIONS = ['smallArrays', 'jsonParse', 'push', 'mapSet', 'fill', 'split'] as const;
export type Allocation = (typeof ALLOCATIONS)[number];

export type FaultName =
  | 'sigkill'
  | 'sigstop'
  | 'exit'
  | 'throw'
  | 'reject'
  | 'loop'
  | 'native'
  | 'hang'
  | 'stall'
  | 'badArgument'
  | 'badResult'
  | 'badError'
  | `oom:${Allocation}`;

export interface Fault {
  readonly name: FaultName;
  /** How long it lasts, in ms, where that is for us to say. */
  readonly ms: number;
  /** Attempts of the task that carries it. */
  readonly attempts: number;
  /** Which worker is hit, as a share of those there are. */
  readonly victim: number;
}

export type Change =
  | { readonly name: 'resize'; readonly size: number }
  | { readonly name: 'add' | 'remove'; readonly count: number }
  | { readonly name: 'recycle' | 'pause' | 'broadcast' | 'none' };

export type Ending = 'drain' | 'limit' | 'terminate';

export interface Episode {
  readonly kind: WorkerKind;
  readonly size: number;
  readonly concurrency: number;
  readonly steps: readonly { readonly fault: Fault; readonly change: Change }[];
  readonly ending: Ending;
  /** Seed of the load beside the faults. */
  readonly seed: number;
}

export interface Round {
  readonly number: number;
  readonly lanes: readonly (readonly Episode[])[];
}

/** Workers a pool may lose within ten seconds before it backs off. */
const DEATHS_MAX = 3;
const STEPS = 4;

/** Name -> how many workers a task of one attempt costs. */
const COST: Readonly<Record<string, number>> = { sigkill: 1, exit: 1, throw: 1, reject: 1, loop: 0, native: 0, hang: 0, stall: 0 };

const EVERYWHERE: readonly FaultName[] = ['hang', 'stall', 'badError'];
const REMOTE: readonly FaultName[] = ['exit', 'throw', 'reject', 'loop', 'native', 'badArgument', 'badResult'];
const FAULTS: Readonly<Record<WorkerKind, readonly FaultName[]>> = {
  async: EVERYWHERE,
  thread: [...EVERYWHERE, ...REMOTE],
  process: [...EVERYWHERE, ...REMOTE, 'sigkill', 'sigkill', 'sigstop', 'sigstop', ...ALLOCATIONS.map((name): FaultName => `oom:${name}`)],
};

/** Faults of one round: four on the event loop, eight on threads, twelve on processes. */
export const FAULTS_PER_ROUND: number = STEPS * (1 + 2 + 3);

export function makeRound(seed: number, number: number): Round {
  const chance = new Chance(Math.imul(seed, 2_654_435_761) + Math.imul(number + 1, 40_503));
  const lane = (kind: WorkerKind, episodes: number): Episode[] => {
    const deck = new Deck(FAULTS[kind], chance);
    return Array.from({ length: episodes }, () => makeEpisode(kind, deck, chance));
  };
  return { number, lanes: [lane('async', 1), lane('thread', 2), lane('process', 3)] };
}

/** Deals every card once before any comes again: each round of processes sees most faults. */
class Deck {
  readonly #cards: readonly FaultName[];
  readonly #chance: Chance;
  #rest: FaultName[] = [];

  constructor(cards: readonly FaultName[], chance: Chance) {
    this.#cards = cards;
    this.#chance = chance;
  }

  deal(fits: (name: FaultName) => boolean): FaultName {
    if (!this.#rest.some(fits)) this.#rest.push(...this.#chance.shuffled(this.#cards));
    const at = this.#rest.findIndex(fits);
    return this.#rest.splice(at, 1)[0] as FaultName;
  }
}

function makeEpisode(kind: WorkerKind, deck: Deck, chance: Chance): Episode {
  let deaths = 0;
  const steps = Array.from({ length: STEPS }, () => {
    const name = deck.deal((each) => deaths + costOf(each) <= DEATHS_MAX);
    // A second attempt kills a second worker, and a task that killed two gets no third.
    const attempts = deaths + 2 * costOf(name) <= DEATHS_MAX ? chance.between(1, 3) : 1;
    deaths += costOf(name) * Math.min(2, attempts);
    return { fault: { name, ms: durationOf(name, chance), attempts, victim: chance.next() }, change: makeChange(kind, chance) };
  });
  return {
    kind,
    size: kind === 'async' ? 1 : chance.between(1, 3),
    concurrency: kind === 'async' ? 16 : chance.between(1, 4),
    steps,
    ending: chance.pick(['drain', 'drain', 'limit', 'terminate']),
    seed: chance.int(2 ** 31),
  };
}

function costOf(name: FaultName): number {
  return name.startsWith('oom') ? 1 : (COST[name] ?? 0);
}

function durationOf(name: FaultName, chance: Chance): number {
  if (name === 'stall') return chance.between(50, 400);
  if (name === 'sigstop') return chance.pick([20, 100, 400, 1_200]);
  return name === 'native' ? chance.between(200, 800) : 0;
}

function makeChange(kind: WorkerKind, chance: Chance): Change {
  const draw = chance.int(10);
  if (draw === 0 && kind !== 'async') return { name: 'resize', size: chance.between(1, 3) };
  if (draw === 1) return { name: 'add', count: 1 };
  if (draw === 2) return { name: 'remove', count: 1 };
  if (draw === 3) return { name: 'recycle' };
  if (draw === 4) return { name: 'pause' };
  if (draw === 5) return { name: 'broadcast' };
  return { name: 'none' };
}
