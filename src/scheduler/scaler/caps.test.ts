import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { hostCaps, type Cap, type CapContext } from './caps.js';
import { anyHost } from './fixtures/signals.js';
import type { HostSignals } from './scaling-policy.js';
import { quietHost } from './signals.js';

const pool: CapContext = { workers: 6, idle: 2, concurrency: 1, cpu: 0.2 };

function cap(host: Partial<HostSignals>, by: Cap['by'], context = pool): number {
  return hostCaps({ ...quietHost(4), ...host }, context).find((each) => each.by === by)?.workersMax ?? NaN;
}

describe('the caps of the host', () => {
  it('bind nothing where the host tells nothing', () => {
    assert.ok(hostCaps(quietHost(1), pool).every(({ workersMax }) => workersMax === Infinity));
  });

  it('let tasks that compute have the cores, and tasks that wait as many more as they wait', () => {
    assert.deepEqual(
      [1, 0.9, 0.5, 0.1, 0].map((cpuDemand) => cap({ cpuDemand }, 'cpu')),
      [4, 4, 8, 36, Infinity],
    );
    assert.equal(cap({ cpuDemand: 0.1 }, 'cpu', { ...pool, concurrency: 16 }), 4, 'sixteen of them keep a core busy');
    assert.equal(cap({ cpuDemand: 1, blocked: 3 }, 'cpu'), 7, 'a worker that says it blocks leaves its core to another');
  });

  it('fall to whole cores when the group is throttled', () => {
    assert.equal(cap({ throttled: 0.2, cores: 2.5 }, 'throttling'), 2);
    assert.equal(cap({ throttled: 0.2, cores: 0.5 }, 'throttling'), 1);
    assert.equal(cap({ throttled: 0.05, cores: 2.5 }, 'throttling'), Infinity);
  });

  it('stop growth while others use the CPUs, not while we do', () => {
    const pressed = { cpuPressure: 0.6, cpuWait: 0.4 };
    assert.equal(cap(pressed, 'cpu-pressure'), 6);
    assert.equal(cap(pressed, 'cpu-pressure', { ...pool, cpu: 0.9 }), Infinity);
    assert.equal(cap({ ...pressed, cpuWait: 0 }, 'cpu-pressure'), Infinity);
    assert.equal(cap({ ...pressed, cpuDemand: 0.1 }, 'cpu-pressure'), Infinity, 'tasks that mostly wait are not held back');
  });

  it('keep to the memory there is, and under pressure first stop growth and then send the idle ones home', () => {
    assert.deepEqual(
      [3, 0, -2, -9].map((workersFit) => cap({ workersFit }, 'memory')),
      [9, 6, 4, 1],
    );
    assert.deepEqual(
      [0.5, 0.85, 0.95].map((memoryUse) => cap({ memoryUse }, 'memory-pressure')),
      [Infinity, 6, 4],
    );
    assert.deepEqual(
      [0.05, 0.2, 0.4].map((memoryPressure) => cap({ memoryPressure }, 'memory-pressure')),
      [Infinity, 6, 4],
    );
  });

  it('never rise with stress, and never fall below one worker', () => {
    const stresses = ['cpuDemand', 'cpuWait', 'throttled', 'cpuPressure', 'memoryPressure', 'memoryUse'] as const;
    const context = fc.record({ workers: fc.nat(200), idle: fc.nat(20), concurrency: fc.integer({ min: 1, max: 64 }), cpu: fc.constant(0.3) });
    fc.assert(
      fc.property(anyHost, context, fc.constantFrom(...stresses), fc.double({ min: 0, max: 1, noNaN: true }), (host, at, stress, more) => {
        // From one known value to another: what is not known may be taken for more than it turns out to be.
        const known = host[stress] ?? 0;
        const before = hostCaps({ ...host, [stress]: known }, at);
        const after = hostCaps({ ...host, [stress]: Math.max(known, more) }, at);
        for (const { by, workersMax } of before) {
          const then = after.find((each) => each.by === by)?.workersMax ?? NaN;
          assert.ok(then <= workersMax, `${by}: ${workersMax} -> ${then}`);
          assert.ok(then >= 1);
        }
      }),
    );
  });
});
