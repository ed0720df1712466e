import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { seededRandom } from '../../runtime/random.js';
import { initialLimit, limitNow, observeLimit, type LimitMemory, type LimitWindow } from './concurrency-limit.js';

/** What the tasks wait for: so many at once, each for so long; beyond that they queue, and the queue costs throughput. */
interface Downstream {
  readonly capacity: number;
  readonly serviceMs: number;
}

const LOSS_PER_TASK = 0.002;

function throughput({ capacity, serviceMs }: Downstream, inFlight: number): number {
  const over = Math.max(0, inFlight - capacity);
  return Math.min(inFlight, capacity) / serviceMs / (1 + LOSS_PER_TASK * over);
}

/** Lets the limit find its way for so many windows of half a second; returns the memory and the limits it had. */
function drive(
  downstream: Downstream,
  windows: number,
  memory: LimitMemory = initialLimit(16),
  { demand = Infinity, noise = 0.1, seed = 1 } = {},
): { memory: LimitMemory; limits: number[] } {
  const random = seededRandom(seed);
  const jitter = (): number => 1 + noise * (random() + random() + random() - 1.5);
  const limits: number[] = [];
  for (let index = 0; index < windows; index += 1) {
    const inFlight = Math.min(limitNow(memory), demand);
    const perMs = throughput(downstream, inFlight);
    const window: LimitWindow = {
      finished: Math.max(1, Math.round(perMs * 500 * jitter())),
      elapsedMs: 500,
      p90Ms: (inFlight / perMs) * 1.5 * jitter(),
      inFlightMax: inFlight,
      timedOut: 0,
      workersFull: false,
    };
    memory = observeLimit(memory, window, 1_024);
    limits.push(limitNow(memory));
  }
  return { memory, limits };
}

/** Share of the best throughput that these limits bring. */
function yieldOf(downstream: Downstream, limits: readonly number[]): number {
  const best = throughput(downstream, downstream.capacity);
  return limits.reduce((sum, limit) => sum + throughput(downstream, limit), 0) / limits.length / best;
}

describe('the limit of tasks in flight', () => {
  it('brings 92 % of what the service behind the tasks can give, whatever that is, from 10 s on', () => {
    for (const [capacity, serviceMs] of [
      [8, 100],
      [20, 10],
      [50, 20],
      [200, 50],
    ] as const) {
      for (let seed = 1; seed <= 5; seed += 1) {
        const { limits } = drive({ capacity, serviceMs }, 400, undefined, { seed });
        const share = yieldOf({ capacity, serviceMs }, limits.slice(20));
        assert.ok(share > 0.92, `capacity ${capacity}, seed ${seed}: ${share.toFixed(3)}`);
        const settled = limits.slice(100);
        assert.ok(Math.max(...settled) <= capacity * 1.25 + 8, `capacity ${capacity}, seed ${seed}: as high as ${Math.max(...settled)}`);
      }
    }
  });

  it('stays where it is when no more is asked for', () => {
    const { limits } = drive({ capacity: 200, serviceMs: 50 }, 100, undefined, { demand: 10 });
    assert.ok(limits.every((limit) => limit === 16));
  });

  it('comes down within 40 s when the service loses four fifths of its capacity, and goes up again when that returns', () => {
    const before = drive({ capacity: 100, serviceMs: 20 }, 200).memory;
    const poor = drive({ capacity: 20, serviceMs: 20 }, 80, before);
    assert.ok((poor.limits.at(-1) ?? 0) <= 40, `still ${poor.limits.at(-1)}`);
    assert.ok(poor.limits.some((limit) => limit < 40));
    const rich = drive({ capacity: 100, serviceMs: 20 }, 200, poor.memory);
    assert.ok((rich.limits.at(-1) ?? 0) >= 60, `only ${rich.limits.at(-1)}`);
  });

  it('keeps its number when tasks just take longer, as many at once as before', () => {
    const before = drive({ capacity: 100, serviceMs: 20 }, 200).memory;
    const { limits } = drive({ capacity: 100, serviceMs: 100 }, 200, before);
    const late = limits.slice(100);
    assert.ok(yieldOf({ capacity: 100, serviceMs: 100 }, late) > 0.9, JSON.stringify(late));
  });

  it('says that it is saturated while it is, so that nobody adds workers', () => {
    const { memory } = drive({ capacity: 4, serviceMs: 50 }, 20);
    assert.equal(memory.saturated, true);
    assert.match(memory.why, /only wait|as much as/);
    assert.equal(drive({ capacity: 400, serviceMs: 50 }, 3).memory.saturated, false);
  });

  it('goes down by a tenth for every window in which a fifth of the tasks time out, and when the workers are full', () => {
    const window: LimitWindow = { finished: 100, elapsedMs: 500, p90Ms: 30, inFlightMax: 100, timedOut: 20, workersFull: false };
    const start = initialLimit(100);
    assert.equal(observeLimit(start, window, 1_024).limit, 90);
    assert.equal(observeLimit(start, { ...window, timedOut: 19 }, 1_024).limit, 151);
    const full = observeLimit(start, { ...window, timedOut: 0, workersFull: true }, 1_024);
    assert.deepEqual([full.limit, full.saturated], [98, false]);
  });

  it('is a whole number from 1 to the maximum whatever the windows say', () => {
    const anyWindow = fc.record({
      finished: fc.oneof(fc.nat(100), fc.nat(1e9)),
      elapsedMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
      p90Ms: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })),
      inFlightMax: fc.nat(5_000),
      timedOut: fc.nat(100),
      workersFull: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyWindow, { maxLength: 120 }), fc.integer({ min: 1, max: 300 }), (windows, limitMax) => {
        let memory = initialLimit(1);
        for (const window of windows) {
          memory = observeLimit(memory, window, limitMax);
          const limit = limitNow(memory);
          assert.ok(Number.isInteger(limit) && limit >= 1 && limit <= limitMax, `${limit}`);
        }
      }),
    );
  });
});
