/** Starting a contender's pool inside the measuring process. */
import { burst } from './load.mjs';

/** Thrown by a case that this contender (or this version of millrace) has no feature for: reported as such, never left out. */
export class NotAvailable extends Error {}

const WARM_LIMIT_MS = 10_000;

/** Makes the pool; nothing has run yet. */
export async function startCold(contender, { kind, threads, config, module = 'plain' }) {
  const { copyThenMove, ...options } = config;
  const handle = await contender.start({ kind, threads, config: options, module });
  return copyThenMove ? movingCopies(handle) : handle;
}

/** Makes the pool, waits until every worker has answered, and lets the hand-off be compiled. */
export async function startWarm(contender, options) {
  const handle = await startCold(contender, options);
  if (options.kind !== 'async') await allWorkersAnswer(handle, options.threads);
  await burst(() => handle.run(options.kind === 'async' ? 'noopAsync' : 'noop'), 5_000);
  return handle;
}

/** Submits short tasks until as many workers as there should be have run one. */
async function allWorkersAnswer(handle, threads) {
  const seen = new Set();
  const started = performance.now();
  while (seen.size < threads) {
    if (performance.now() - started > WARM_LIMIT_MS) throw new Error(`only ${seen.size} of ${threads} workers answered within ${WARM_LIMIT_MS} ms`);
    const ids = await Promise.all(Array.from({ length: 4 * threads }, () => handle.run('identify')));
    for (const id of ids) seen.add(id);
  }
}

/** The caller keeps its buffer: the copy it makes is what moves. */
function movingCopies(handle) {
  const run = (name, arg) => (ArrayBuffer.isView(arg) ? handle.move('bounce', arg.slice()) : handle.run(name, arg));
  return { ...handle, run };
}
