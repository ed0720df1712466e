import process from 'node:process';
import { clearTimeout, setTimeout } from '../../runtime/host-timers.js';

/** Longest wait for stdout and stderr of a worker that ends, in ms (P): whoever reads them may be slow. */
const FLUSH_MS_MAX = 2_000;

/** Resolves when what was written to stdout and stderr so far has left, or cannot leave within {@link FLUSH_MS_MAX}. */
export async function flushOutput(): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FLUSH_MS_MAX);
  });
  await Promise.race([Promise.all([drained(process.stdout), drained(process.stderr)]), limit]);
  clearTimeout(timer);
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
