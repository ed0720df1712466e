/** The body of the 64 KB cases: the caller keeps its buffer and gets another back, 16 in flight. */
import { steadyRate, window } from './load.mjs';

export async function measureBuffers({ start, params, passTasks, asItComes }) {
  const { run } = await start();
  const buffer = new Uint8Array(64 * 1024).fill(7);
  const check = await run('echo', buffer);
  const isBuffer = check.length === buffer.length;
  const bytes = isBuffer || !asItComes ? check : Object.values(check);
  if (bytes.length !== buffer.length || bytes[buffer.length - 1] !== 7 || buffer.length === 0) throw new Error('the buffer came back different');
  const measured = await steadyRate((tasks) => window(() => run('echo', buffer), tasks, 16), params, passTasks);
  return isBuffer ? measured : { ...measured, note: 'as it comes; gives back a plain object of the numbers, no buffer' };
}
