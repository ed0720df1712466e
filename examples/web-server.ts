/**
 * A web server that stays responsive under CPU load. Every request for a picture costs a good deal of CPU time: computed on the event loop it holds up all
 * other requests, computed in the pool it does not. Both ways are loaded in turn while it is measured how long the event loop was busy.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createPool, QueueFullError } from 'millrace';
import { mandelbrot } from './web-server.tasks.js';

const PICTURE = [400, 300, 700] as const;
const REQUESTS = 24;

const pool = createPool<typeof import('./web-server.tasks.js')>(new URL('./web-server.tasks.js', import.meta.url), { queue: { max: 100 }, timeout: '10s' });

// #region handler
async function answerFromPool(response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort()); // a client that leaves frees its place in the queue
  try {
    response.end(await pool.submit('mandelbrot', [...PICTURE], { signal: gone.signal }).result);
  } catch (error) {
    if (!(error instanceof QueueFullError)) throw error;
    response.writeHead(503, { 'retry-after': String(Math.ceil(error.retryAfter / 1000)) }).end();
  }
}
// #endregion

function answerHere(response: ServerResponse): void {
  response.end(mandelbrot(...PICTURE));
}

const server = createServer((request, response) => {
  if (request.url === '/here') answerHere(response);
  else answerFromPool(response).catch((error: unknown) => response.writeHead(500).end(String(error)));
});
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const { port } = server.address() as AddressInfo;

/** Loads one path of the server; returns how long the event loop was busy meanwhile, in ms, and what share of the time that was. */
async function busyUnderLoad(path: string): Promise<{ busyMs: number; share: string }> {
  const before = performance.eventLoopUtilization();
  const get = async (): Promise<number> => (await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer()).byteLength;
  const sizes = await Promise.all(Array.from({ length: REQUESTS }, get));
  const { active, utilization } = performance.eventLoopUtilization(before);
  if (sizes.some((size) => size !== PICTURE[0] * PICTURE[1])) throw new Error(`${path} gave wrong answers`);
  return { busyMs: active, share: `${Math.round(utilization * 100)} %` };
}

await pool.ready();
const here = await busyUnderLoad('/here');
const there = await busyUnderLoad('/pool');
console.error(
  `the event loop was busy for ${here.busyMs.toFixed(0)} ms (${here.share}) on its own, ${there.busyMs.toFixed(0)} ms (${there.share}) with the pool`,
);
console.log(`the pool kept the event loop free: ${there.busyMs < here.busyMs / 2}`);

server.close();
server.closeAllConnections();
await pool.close();

// prints:
// the pool kept the event loop free: true
