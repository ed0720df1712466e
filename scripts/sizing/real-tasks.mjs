/**
 * What the real pool executes in the validation: computes, then waits; says when it began and how long it took.
 *
 * It computes a fixed amount inside the engine, as the simulated tasks do. A loop that looks at the clock is done at its time however few cores there are, and
 * in fresh workers keeps threads of the engine busy beside it: for a quarter of the time that a start takes then, and more.
 */
const FACTOR = (1n << 24_000n) - 1n;
let product = 0n;

/** @param amount of {@link FACTOR}'s squares */
export async function work(amount, ioMs) {
  const beganAt = performance.timeOrigin + performance.now();
  const start = performance.now();
  for (let done = 0; done < amount; done += 1) product = FACTOR * FACTOR;
  if (ioMs > 0) await new Promise((resolve) => setTimeout(resolve, ioMs));
  return { beganAt, tookMs: performance.now() - start, bits: Number(product & 1n) };
}
