/** How two threads play a scenario with shared objects: the stage they are given, and the accounts they leave. */
import { replaceAtomics } from '../../src/runtime/atomics.js';
import { setSpinTries } from '../../src/shared/block.js';
import { replaceThreadTable, ThreadTable } from '../../src/shared/thread-table.js';
import { LoopDouble } from './doubles.js';
import { blockingAtomics, SHARED_MUTATIONS, type SharedMutation } from './shared-doubles.js';
import { Killed, MortalParty } from './mortal-party.js';
import { NOTES, RunAborted, type PartyNumber } from './turns.js';

/** What a party is given. */
export interface Stage {
  readonly me: PartyNumber;
  /** Memories of the scenario's objects, in the order of `create`. */
  readonly memories: readonly SharedArrayBuffer[];
  /** Words that both parties write their accounts in; all 0 at the start. */
  readonly notes: Int32Array;
  readonly loop: LoopDouble;
  /** Lets the other party have its chance. */
  step(): void;
  /** This thread is ended here: what it holds stays as it is. */
  die(): void;
}

export interface SharedScenario {
  readonly name: string;
  readonly switchesMax: number;
  readonly create: () => readonly SharedArrayBuffer[];
  readonly play: readonly [(stage: Stage) => void, (stage: Stage) => void];
  /** What is wrong after a run. */
  readonly verdict: (notes: Int32Array) => string | undefined;
  /** Bugs that must be found in it, with what they lead to. */
  readonly finds: readonly (readonly [SharedMutation, RegExp])[];
}

const THREAD_IDS = [100, 101] as const;

export function createTable(): SharedArrayBuffer {
  return ThreadTable.allocate(2, 2);
}

/** Words of the notes: who is inside, how often somebody was, how often two were. */
export const INSIDE = 0;
export const VISITS = 1;
export const CLASHES = 2;
export const OTHER = 3;
/** The first of a row of words, one for each thing that is counted apart. */
export const EACH = 8;

/** Words of the notes that tell of the run itself. */
export const FAILED = 27;
/** Step of the second party before which it is ended; 0 for never. */
export const KILL_STEP = 28;
export const KILLED = 29;
export const SCENARIO = 30;
export const MUTATION = 31;

/** Plays one party's part of a run. */
export function playShared(
  scenario: SharedScenario,
  me: PartyNumber,
  turns: Int32Array,
  table: SharedArrayBuffer,
  memories: readonly SharedArrayBuffer[],
): void {
  const party = new MortalParty(turns, me, me === 1 ? turns[NOTES + KILL_STEP]! : 0);
  const notes = turns.subarray(NOTES);
  const loop = new LoopDouble(party);
  replaceAtomics(blockingAtomics(party, loop, table, SHARED_MUTATIONS[notes[MUTATION]!]!));
  setSpinTries(0);
  const threads = new ThreadTable(table, THREAD_IDS[me], 0);
  replaceThreadTable(threads);
  const stage: Stage = { me, memories, notes, loop, step: () => party.step(), die: () => threads.ended(THREAD_IDS[me]) };
  try {
    scenario.play[me](stage);
  } catch (error) {
    if (error instanceof Killed) {
      notes[KILLED] = 1;
      stage.die();
    } else if (error instanceof RunAborted) throw error;
    else notes[FAILED] = 1;
  }
}

/** The part of both parties. */
export function both(play: (stage: Stage) => void): readonly [(stage: Stage) => void, (stage: Stage) => void] {
  return [play, play];
}
