/** A source of chance: returns a number in [0, 1). Injected wherever chance is needed, so a seed reproduces a run. */
export type Random = () => number;

/** Chance from the host. */
export const systemRandom: Random = () => Math.random();

/** A small seeded generator (mulberry32): the same seed gives the same sequence on every platform. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
