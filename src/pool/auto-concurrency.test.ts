/** The limit of tasks in flight over time: simulated workers over a service of limited capacity, and a clock that is told to move. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import { seededRandom } from '../runtime/random.js';
import type { PoolEvents } from './events.js';
import { makeSimulation, SimWorker } from './fixtures/sim-worker.js';
import { normaliseOptions } from './normalise-options.js';
import { WorkerPool } from './worker-pool.js';

const CAPACITY = 12;
const SERVICE_MS = 40;

/** A pool whose tasks take longer the more there are beyond the capacity, and clients that keep it busy. */
async function serve(seconds: number): Promise<{ pool: WorkerPool; clock: ManualClock; limits: PoolEvents['limited'][] }> {
  const clock = new ManualClock(1_000);
  const random = seededRandom(11);
  const simulation = makeSimulation(clock, random);
  const settings = normaliseOptions({
    worker: 'thread',
    size: { min: 1, max: 4 },
    policy: 'adaptive',
    concurrency: 'auto',
    queue: { max: Infinity },
    clock,
    random,
  });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (options, host) => new SimWorker(options, host, simulation));
  const limits: PoolEvents['limited'][] = [];
  pool.on('limited', (event) => limits.push(event));
  let key = 0;
  const until = 1_000 * (seconds + 1);
  const client = async (): Promise<void> => {
    while (clock.now() < until) {
      const { inFlight } = pool.stats().tasks;
      const ms = SERVICE_MS * Math.max(1, inFlight / CAPACITY) * (0.9 + 0.2 * random());
      await pool.submit('play', [{ ms, outcome: 'ok', key: key++ }]).result;
    }
  };
  const clients = Array.from({ length: 60 }, client);
  for (let second = 0; second < seconds; second += 1) await clock.advance(1_000);
  await clock.advance(2_000);
  await Promise.all(clients);
  return { pool, clock, limits };
}

describe("concurrency: 'auto'", () => {
  it('finds what the service behind the tasks can take, and adds no worker to one that is saturated', async () => {
    const { pool, clock, limits } = await serve(25);
    const last = limits.at(-1);
    const { max } = pool.stats().workers;
    assert.ok(last !== undefined && last.to >= 5, 'the limit moved');
    assert.ok(limits.some(({ saturated }) => saturated));
    assert.match(pool.explain(), /tasks in flight a worker/);
    assert.equal(max, 4);
    const throughput = pool.stats().tasks.completed / 27;
    assert.ok(throughput > 0.8 * (CAPACITY / SERVICE_MS) * 1_000, `${throughput.toFixed(0)} tasks/s of ${(CAPACITY / SERVICE_MS) * 1_000}`);
    const inFlightMax = last.to * pool.workers.length;
    assert.ok(inFlightMax <= 3.5 * CAPACITY, `${inFlightMax} in flight, where ${CAPACITY} are of use`);
    const closing = pool.close();
    await clock.advance(10_000);
    await closing;
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  it('allows less on an event loop whose timers come late again and again', async () => {
    const manual = new ManualClock(1_000);
    let lateMs = 0;
    const clock = {
      now: () => manual.now(),
      setTimer: (ms: number, fn: () => void) => manual.setTimer(ms + lateMs, fn),
      defer: (fn: () => void) => manual.defer(fn),
    };
    const random = seededRandom(7);
    const settings = normaliseOptions({ worker: 'async', size: 1, concurrency: 'auto', queue: { max: Infinity }, clock, random });
    const simulation = makeSimulation(manual, random);
    const pool = new WorkerPool(settings, 'data:text/javascript,', (options, host) => new SimWorker(options, host, simulation));
    const limits: PoolEvents['limited'][] = [];
    pool.on('limited', (event) => limits.push(event));
    let key = 0;
    const until = manual.now() + 11_000;
    const client = async (): Promise<void> => {
      while (manual.now() < until) await pool.run('play', { ms: 5, outcome: 'ok', key: key++ });
    };
    const clients = Array.from({ length: 40 }, client);
    await manual.advance(5_000);
    const before = limits.length;
    const full = (): boolean => limits.slice(before).some(({ reason }) => reason === 'the workers have no time for more');
    await manual.advance(2_000);
    assert.equal(full(), false, 'in time');
    lateMs = 80;
    await manual.advance(4_000);
    assert.equal(full(), true);
    await manual.advance(1_000);
    await Promise.all(clients);
    await pool.terminate();
  });
});
