/** What an owner and a thief do with offers in the interleaving test. Seats, offers and bells are the real ones; only the host is a double. */
import { replaceAtomics } from '../../src/runtime/atomics.js';
import { AWAKE, BELL, type BellLevel, ForkArea, HUNGRY, JOINING, LISTENING } from '../../src/shared/fork-join/fork-area.js';
import { ForkBell } from '../../src/shared/fork-join/fork-bell.js';
import { ForkSeat } from '../../src/shared/fork-join/fork-seat.js';
import { ForkSeats } from '../../src/shared/fork-join/fork-seats.js';
import { DONE, LOST, RETURNED, type Taken } from '../../src/shared/fork-join/offers.js';
import { LoopDouble } from './doubles.js';
import { FORK_MUTATIONS, forkAtomics, type ForkMutation } from './fork-doubles.js';
import { Killed, MortalParty } from './mortal-party.js';
import { NOTES, RunAborted, type Party, type PartyNumber } from './turns.js';

/** Words of the notes: how often child n was run, and what became of it for its owner. */
export const RAN = 0;
export const OUTCOME = 8;
/** Step of the thief before which it is ended; 0 for never. */
export const KILL_STEP = 27;
export const KILLED = 28;
export const BROKEN = 29;
export const SCENARIO = 30;
export const MUTATION = 31;

const ROOT = { key: 7, seat: 0, slot: 0 };

export interface ForkScenario {
  readonly name: string;
  readonly switchesMax: number;
  readonly owner: (seat: Sitter) => void;
  /** What the thief does with a child that it has begun. */
  readonly run: (thief: Sitter, taken: Taken, child: number) => void;
  readonly verdict: (notes: Int32Array) => string | undefined;
  readonly finds: readonly (readonly [ForkMutation, RegExp])[];
}

interface Offered {
  readonly slot: number;
  readonly child: number;
}

/** One of the two workers. */
export class Sitter {
  readonly seat: ForkSeat;
  readonly bell: ForkBell;
  readonly notes: Int32Array;
  readonly loop: LoopDouble;
  /** Child in each of our slots. */
  readonly #away = new Map<number, number>();
  readonly #settled = new Set<number>();
  running: Taken | undefined;
  onRung: () => void = () => undefined;

  constructor(area: ForkArea, seat: number, loop: LoopDouble, notes: Int32Array) {
    this.seat = new ForkSeat(area, seat);
    this.loop = loop;
    this.notes = notes;
    this.bell = new ForkBell(
      area,
      seat,
      (level, wants) => this.#hasNews(level, wants),
      () => this.onRung(),
    );
  }

  offer(child: number): Offered {
    const slot = this.seat.reserve();
    this.seat.setForm(this.seat.wordOf(slot), 0, child);
    this.#away.set(slot, child);
    this.seat.publish(slot, ROOT);
    this.seat.ringHungry(ROOT.key);
    return { slot, child };
  }

  /** Joins a child: runs it here if nobody has it. */
  takeBackOrWait({ slot, child }: Offered): void {
    if (this.#settled.has(child)) return;
    if (this.seat.takeBack(slot)) {
      this.#away.delete(slot);
      this.notes[RAN + child]!++;
      this.notes[OUTCOME + child] = DONE;
    } else this.wait(child);
  }

  /** Waits for a child that another has, or will have. `level`: what else it would hear of. */
  wait(child: number, level: BellLevel = LISTENING, helps: () => boolean = () => false): void {
    const look = (): void => {
      do this.#collect();
      while (helps() || (!this.#settled.has(child) && !this.bell.set(level, ROOT.key)));
    };
    this.onRung = look;
    look();
    this.loop.turnUntil(() => this.#settled.has(child));
  }

  /** Takes what there is until the other party has ended. */
  steal(scenario: ForkScenario, party: Party): void {
    const seek = (): void => {
      do while (this.stealOne((taken, child) => scenario.run(this, taken, child)));
      while (!this.bell.set(HUNGRY));
    };
    this.onRung = seek;
    seek();
    this.loop.turnUntil(() => party.otherHasFinished);
  }

  stealOne(run: (taken: Taken, child: number) => void): boolean {
    const taken = this.seat.take(0);
    if (taken === undefined) return false;
    const child = this.seat.length(taken.word);
    if (!this.seat.begin(taken)) return true;
    this.notes[RAN + child]!++;
    run(taken, child);
    this.seat.finish(taken, DONE);
    return true;
  }

  /** Waits until the child that runs here is told to stop. */
  untilCancelled(taken: Taken): void {
    this.running = taken;
    this.onRung = () => void (this.seat.cancelCode(taken) === 0 && this.bell.set(LISTENING));
    this.onRung();
    this.loop.turnUntil(() => this.seat.cancelCode(taken) !== 0);
    this.running = undefined;
  }

  #collect(): void {
    for (const [slot, child] of this.#away) {
      const state = this.seat.stateOf(slot);
      if (state < DONE) continue;
      this.seat.release(slot);
      this.#away.delete(slot);
      this.#settled.add(child);
      this.notes[OUTCOME + child] = state;
    }
  }

  #hasNews(level: BellLevel, wants: number): boolean {
    if (this.seat.hasOutcome()) return true;
    if (this.running !== undefined && this.seat.cancelCode(this.running) !== 0) return true;
    return level >= JOINING && this.seat.sees(level === HUNGRY ? 0 : wants);
  }
}

const finishes = (): void => undefined;

/** Each child was run once and its owner knows. */
function onceEach(...children: number[]): (notes: Int32Array) => string | undefined {
  return (notes) => {
    for (const child of children) {
      if (notes[RAN + child] !== 1) return `child ${child} ran ${notes[RAN + child]} times`;
      if (notes[OUTCOME + child] !== DONE) return `child ${child} ended as ${notes[OUTCOME + child]}`;
    }
    return undefined;
  };
}

function takesBack(owner: Sitter): void {
  const first = owner.offer(1);
  owner.takeBackOrWait(owner.offer(2));
  const third = owner.offer(3);
  owner.takeBackOrWait(first);
  owner.takeBackOrWait(third);
}

function helps(owner: Sitter): void {
  owner.offer(1);
  // The thief will not finish the child before we have run its own.
  owner.wait(1, JOINING, () => owner.stealOne(finishes));
}

function asksForHelp(thief: Sitter, _taken: Taken, child: number): void {
  if (child !== 1) return;
  thief.offer(2);
  thief.wait(2);
}

function cancels(owner: Sitter): void {
  owner.seat.cancel(owner.offer(1).slot, 1);
  owner.wait(1);
}

/** A thief that died leaves nothing undecided: not begun means not run. */
function decided(notes: Int32Array): string | undefined {
  for (const child of [1, 2]) {
    const [ran, outcome] = [notes[RAN + child]!, notes[OUTCOME + child]];
    if (![DONE, LOST, RETURNED].includes(outcome as never)) return `child ${child} ended as ${outcome}`;
    if (ran > 1 || (outcome === RETURNED && ran !== 0) || (outcome === DONE && ran !== 1)) return `child ${child} ran ${ran} times and ended as ${outcome}`;
  }
  return undefined;
}

export const FORK_SCENARIOS: readonly ForkScenario[] = [
  {
    name: 'the owner waits for children that only the thief will run',
    switchesMax: 3,
    owner: (owner) => {
      for (const child of [1, 2]) {
        owner.offer(child);
        owner.wait(child);
      }
    },
    run: finishes,
    verdict: onceEach(1, 2),
    finds: [
      ['no-second-look', /deadlock/],
      ['late-bell', /deadlock/],
      ['no-wake', /deadlock/],
    ],
  },
  {
    name: 'the owner takes children back while the thief takes them',
    switchesMax: 3,
    owner: takesBack,
    run: finishes,
    verdict: onceEach(1, 2, 3),
    finds: [
      ['plain-claim', /ran 2 times/],
      ['no-wake', /deadlock/],
    ],
  },
  {
    name: 'the owner helps the thief of its child',
    switchesMax: 2,
    owner: helps,
    run: asksForHelp,
    verdict: onceEach(1, 2),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-wake', /deadlock/],
    ],
  },
  {
    name: 'the thief hears that its child is cancelled',
    switchesMax: 3,
    owner: cancels,
    run: (thief, taken) => thief.untilCancelled(taken),
    verdict: onceEach(1),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-wake', /deadlock/],
    ],
  },
];

/** The thief is ended in it. */
export const DEATH_SCENARIO: ForkScenario = {
  name: 'the thief dies',
  switchesMax: 1,
  owner: (owner) => {
    for (const offered of [owner.offer(1), owner.offer(2)]) owner.takeBackOrWait(offered);
  },
  run: finishes,
  verdict: decided,
  finds: [],
};

export const ALL_FORK_SCENARIOS: readonly ForkScenario[] = [...FORK_SCENARIOS, DEATH_SCENARIO];

/** Plays one party's part of a run: 0 is the owner, 1 the thief. */
export function playForks(scenario: ForkScenario, me: PartyNumber, turns: Int32Array, memory: SharedArrayBuffer): void {
  const party = new MortalParty(turns, me, me === 1 ? turns[NOTES + KILL_STEP]! : 0);
  const notes = turns.subarray(NOTES);
  const loop = new LoopDouble(party);
  const area = ForkArea.open(memory);
  replaceAtomics(forkAtomics(party, loop, area.seatWord(me) + BELL, FORK_MUTATIONS[notes[MUTATION]!]!));
  try {
    const sitter = new Sitter(area, me, loop, notes);
    if (me === 0) scenario.owner(sitter);
    else sitter.steal(scenario, party);
    sitter.bell.set(AWAKE);
  } catch (error) {
    if (error instanceof Killed) {
      notes[KILLED] = 1;
      // What the pool does when it hears of it.
      new ForkSeats(area).left(me);
    } else if (error instanceof RunAborted) throw error;
    else notes[BROKEN] = 1;
  }
}
