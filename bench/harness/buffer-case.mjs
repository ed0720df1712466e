/** The body of the 64 KB cases: the caller keeps its buffer and gets another back, 16 in flight. */
import { window } from './load.mjs';

export async function measureBuffers({ start, params }) {
  const { run } = await start();
  const buffer = new Uint8Array(64 * 1024).fill(7);
  const check = await run('echo', buffer);
  if (check.length !== buffer.length || check[buffer.length - 1] !== 7 || buffer.length === 0) throw new Error('the buffer came back different');
  await window(() => run('echo', buffer), params.tasks >> 2, 16);
  const elapsedMs = await window(() => run('echo', buffer), params.tasks, 16);
  return { rate: (params.tasks / elapsedMs) * 1000 };
}
