/**
 * What kind of work a task function is, for pools that keep kinds apart: from what it says of itself, how it is written, and what is seen of it.
 *
 *     'io'     waits most of the time: shares an event loop with many others
 *     'cpu'    computes, or blocks: needs a thread of its own while it runs
 *     'long'   'cpu', and so much longer than the others that they would wait behind it: kept to threads of its own
 */

export type FunctionClass = 'io' | 'cpu' | 'long';

/** What is known of a function. */
export interface FunctionFacts {
  /** What `defineTask({ class })` says. */
  readonly declared: 'io' | 'cpu' | undefined;
  /** Whether it is written as an `async` function; `undefined` while the module is not known. */
  readonly isAsync: boolean | undefined;
  /** Executions seen. */
  count: number;
  /** How long one takes: fading mean in ms. */
  meanMs: number;
  /** Calls on an event loop: how long one kept it from everything else, as a fading mean and at the longest, in ms, and how many did so for long. */
  loopCalls: number;
  blockMeanMs: number;
  blockMaxMs: number;
  longBlocks: number;
}

/** The class and the reason. */
export interface Classified {
  readonly class: FunctionClass;
  readonly why: string;
}

export function newFacts(declared: FunctionFacts['declared'], isAsync: boolean | undefined): FunctionFacts {
  return { declared, isAsync, count: 0, meanMs: 0, loopCalls: 0, blockMeanMs: 0, blockMaxMs: 0, longBlocks: 0 };
}

/** An event loop may be kept for so long on average. A machine that is busy makes one call look long: it takes some to say anything. */
const BLOCK_MEAN_MS_MAX = 5;
const LOOP_CALLS_MIN = 4;
/** And for so long hardly ever. */
const LONG_BLOCK_MS = 50;
const LONG_BLOCKS_MAX = 1;
/** So many times longer than the short ones, and at least this long, is long; back below half of that. */
const LONG_FACTOR = 10;
const LONG_MS_MIN = 100;
const FADE = 1 / 16;

/** Takes in an execution that took `runMs`. Called for each: changes what it is given instead of making a new one. */
export function seeRun(facts: FunctionFacts, runMs: number): void {
  facts.meanMs = facts.count === 0 ? runMs : facts.meanMs + FADE * (runMs - facts.meanMs);
  facts.count += 1;
}

/** Takes in a call that kept the event loop for `blockMs`. */
export function seeBlock(facts: FunctionFacts, blockMs: number): void {
  facts.blockMeanMs = facts.loopCalls === 0 ? blockMs : facts.blockMeanMs + FADE * (blockMs - facts.blockMeanMs);
  facts.loopCalls += 1;
  if (blockMs > facts.blockMaxMs) facts.blockMaxMs = blockMs;
  if (blockMs > LONG_BLOCK_MS) facts.longBlocks += 1;
}

/**
 * @param before its class so far: it takes more to change it than to keep it
 * @param shortMs how long the short functions of class `'cpu'` take, in ms; NaN while that is not known
 */
export function classify(facts: FunctionFacts, before: FunctionClass, shortMs: number): Classified {
  const { declared, isAsync, loopCalls, blockMeanMs, blockMaxMs, longBlocks } = facts;
  // A promise not to block that is not kept: everything else on the event loop pays for it.
  const blocks = (loopCalls >= LOOP_CALLS_MIN && blockMeanMs > BLOCK_MEAN_MS_MAX) || longBlocks > LONG_BLOCKS_MAX;
  if (!blocks && (declared === 'io' || (declared === undefined && isAsync === true)))
    return { class: 'io', why: declared === 'io' ? 'declared' : 'an async function that does not block the event loop' };
  const kind = blocks ? `kept the event loop for ${Math.round(blockMaxMs)} ms` : declared === 'cpu' ? 'declared' : 'not an async function';
  const factor = before === 'long' ? LONG_FACTOR / 2 : LONG_FACTOR;
  if (facts.count > 0 && facts.meanMs >= LONG_MS_MIN && facts.meanMs >= factor * shortMs)
    return { class: 'long', why: `${kind}; takes ${Math.round(facts.meanMs)} ms, others ${Math.round(shortMs)}` };
  return { class: 'cpu', why: kind };
}

/**
 * How many of the cores the long ones may take: all but what the short ones need by their load, of which at most half are kept; one at least.
 *
 * @param shortLoad places that the short functions keep busy on average
 */
export function coresForLong(cores: number, shortLoad: number): number {
  const kept = Math.min(Math.floor(cores / 2), Math.ceil(shortLoad + Math.sqrt(shortLoad)));
  return Math.max(1, cores - Math.max(1, kept));
}
