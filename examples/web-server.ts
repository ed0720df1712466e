/**
 * A web server that stays responsive under CPU load. Every request for a picture costs a good deal of CPU time: computed on the event loop it holds up all
 * other requests, computed in the pool it does not. Both ways are loaded in turn while the delay of the event loop is measured.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createPool, QueueFullError } from 'millrace';
import { mandelbrot } from './web-server.tasks.js';

const PICTURE = [400, 300, 700] as const;
const REQUESTS = 12;

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

/** Loads one path of the server; returns how long the event loop made others wait, in ms, at the 99th percentile. */
async function delayUnderLoad(path: string): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const get = async (): Promise<number> => (await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer()).byteLength;
  const sizes = await Promise.all(Array.from({ length: REQUESTS }, get));
  delay.disable();
  if (sizes.some((size) => size !== PICTURE[0] * PICTURE[1])) throw new Error(`${path} gave wrong answers`);
  return delay.percentile(99) / 1e6;
}

await pool.ready();
const hereMs = await delayUnderLoad('/here');
const poolMs = await delayUnderLoad('/pool');
console.error(`99 % of the event loop's delays were below: on the event loop ${hereMs.toFixed(1)} ms, with the pool ${poolMs.toFixed(1)} ms`);
console.log(`the pool kept the event loop free: ${poolMs < hereMs / 4}`);

server.close();
server.closeAllConnections();
await pool.close();

// prints:
// the pool kept the event loop free: true
