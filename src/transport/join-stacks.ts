/** One stack for a task that failed in a worker: where it threw, then who had submitted it. */
import { fileURLToPath } from 'node:url';

const SEPARATOR = '    --- submitted from ---';

/** This file in the package; bundled into another file, our frames can no longer be told from the user's and are kept. */
const OWN_PATH = 'transport/join-stacks.js';

/** Where our own frames come from: the compiled files and, with source maps, the sources. CommonJS files and what lies beside them are named by paths. */
const OWN_ROOTS: readonly string[] = import.meta.url.endsWith(`/${OWN_PATH}`)
  ? [new URL('..', import.meta.url), new URL('../../src/', import.meta.url)].flatMap((root) => [root.href, fileURLToPath(root)])
  : [];

/**
 * The worker's stack (with its message line), the separator, and the caller's frames.
 *
 * @param submitStack `stack` of an Error made at submission; its message line and our own frames at its top are left out
 */
export function joinStacks(workerStack: string | undefined, submitStack: string | undefined): string | undefined {
  const frames = callerFrames(submitStack ?? '');
  if (frames.length === 0) return workerStack;
  return [...(workerStack === undefined ? [] : [workerStack]), SEPARATOR, ...frames].join('\n');
}

function callerFrames(stack: string): string[] {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const first = frames.findIndex((line) => !isOwn(line));
  return first === -1 ? [] : frames.slice(first);
}

/** Tests lie beside the code they test: to them we are the library, so they are the caller. */
function isOwn(frame: string): boolean {
  return OWN_ROOTS.some((root) => frame.includes(root)) && !/\.test\.[jt]s/.test(frame);
}
