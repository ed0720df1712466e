import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlowSignals } from './scaling-policy.js';
import { MEMORY_TASKS_SHORT, noService, observeService, serviceMs, type ServiceMemory } from './service-time.js';

function flow(finished: number, occupiedMs: number, runningMs = 0): FlowSignals {
  return { arrived: finished, finished, occupiedMs, runningMs, bootMs: 50 };
}

describe('the service time', () => {
  it('is a guess before the first execution has ended, and grows while that runs', () => {
    const start = noService(flow(0, 0));
    assert.equal(serviceMs(start), 50);
    assert.equal(serviceMs(observeService(start, flow(0, 0, 20))), 50);
    assert.equal(serviceMs(observeService(start, flow(0, 0, 700))), 700);
  });

  it('is the mean of the last executions', () => {
    let memory: ServiceMemory = noService(flow(0, 0));
    memory = observeService(memory, flow(100, 2_000));
    assert.equal(Math.round(serviceMs(memory)), 20);
    memory = observeService(memory, flow(4_100, 2_000 + 4_000 * 5));
    assert.ok(Math.abs(serviceMs(memory) - 5) < 0.1, `${serviceMs(memory)}`);
  });

  it('rises when tasks suddenly take long, before the first of them has ended, and is right once they have', () => {
    let memory = observeService(noService(flow(0, 0)), flow(1_000, 20_000));
    let short = observeService(noService(flow(0, 0)), flow(1_000, 20_000), MEMORY_TASKS_SHORT);
    for (let second = 1; second <= 10; second += 1) {
      memory = observeService(memory, flow(1_000, 20_000, 4_000 * second));
      short = observeService(short, flow(1_000, 20_000, 4_000 * second), MEMORY_TASKS_SHORT);
    }
    assert.ok(serviceMs(memory) > 80, `${serviceMs(memory)}`);
    assert.ok(serviceMs(short) > 1_000, `${serviceMs(short)}`);
    for (let round = 1; round <= 800; round += 1) memory = observeService(memory, flow(1_000 + 4 * round, 20_000 + 40_000 * round));
    assert.ok(Math.abs(serviceMs(memory) - 10_000) < 1_000, `${serviceMs(memory)}`);
  });

  it('forgets what was long ago, a history of a million executions too', () => {
    let memory = observeService(noService(flow(0, 0)), flow(1e6, 1e9));
    for (let round = 1; round <= 80; round += 1) memory = observeService(memory, flow(1e6 + 50 * round, 1e9 + 50 * round));
    assert.ok(serviceMs(memory) < 5, `${serviceMs(memory)}`);
  });

  it('stays above 0 and finite', () => {
    assert.ok(serviceMs(observeService(noService(flow(0, 0)), flow(1e9, 0))) > 0);
    assert.ok(serviceMs(observeService(noService(flow(5, 100, 50)), flow(5, 100, 0))) > 0);
  });
});
