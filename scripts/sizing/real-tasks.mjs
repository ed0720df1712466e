/** What the real pool executes in the validation: computes, then waits; says when it began and how long it took. */
export async function work(cpuMs, ioMs) {
  const beganAt = performance.timeOrigin + performance.now();
  const start = performance.now();
  while (performance.now() - start < cpuMs);
  if (ioMs > 0) await new Promise((resolve) => setTimeout(resolve, ioMs));
  return { beganAt, tookMs: performance.now() - start };
}
