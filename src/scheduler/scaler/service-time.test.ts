import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../runtime/random.js';
import type { FlowSignals } from './scaling-policy.js';
import { noService, observeService, serviceEstimate, type ServiceMemory } from './service-time.js';

function flow(finished: number, occupiedMs: number, runningMs = 0): FlowSignals {
  return { arrived: finished, finished, occupiedMs, runningMs, bootMs: 50 };
}

const serviceMs = (memory: ServiceMemory): number => serviceEstimate(memory).serviceMs;

describe('the service time', () => {
  it('is a guess before the first execution has ended, and grows while that runs', () => {
    const start = noService(flow(0, 0));
    assert.equal(serviceMs(start), 50);
    assert.equal(serviceMs(observeService(start, flow(0, 0, 20))), 50);
    assert.equal(serviceMs(observeService(start, flow(0, 0, 700))), 700);
  });

  it('is the mean of the executions since it changed', () => {
    let memory: ServiceMemory = noService(flow(0, 0));
    memory = observeService(memory, flow(100, 2_000));
    assert.equal(Math.round(serviceMs(memory)), 20);
    for (let tasks = 100; tasks <= 4_000; tasks += 10) memory = observeService(memory, flow(tasks, 2_000 + 5 * (tasks - 100)));
    assert.ok(Math.abs(serviceMs(memory) - 5) < 0.5, `${serviceMs(memory)}`);
  });

  it('knows how far it can be trusted, and how uneven the tasks are', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const random = seededRandom(seed);
      let memory = noService(flow(0, 0));
      let spentMs = 0;
      for (let tasks = 1; tasks <= 20_000; tasks += 1) {
        spentMs += -200 * Math.log(1 - random());
        if (tasks % 10 === 0) memory = observeService(memory, flow(tasks, spentMs));
      }
      const { serviceMs: meanMs, scv, error } = serviceEstimate(memory);
      assert.ok(scv > 0.5 && scv < 2, `seed ${seed}: SCV ${scv} of exponential times`);
      assert.ok(error < 0.03 && Math.abs(meanMs - 200) < 4 * 200 * error, `seed ${seed}: ${meanMs}, known to ${error}`);
    }
  });

  it('rises when tasks suddenly take long, before the first of them has ended, and is right once they have', () => {
    let memory = observeService(noService(flow(0, 0)), flow(1_000, 20_000));
    for (let second = 1; second <= 10; second += 1) memory = observeService(memory, flow(1_000, 20_000, 4_000 * second));
    assert.ok(serviceMs(memory) > 80, `${serviceMs(memory)}`);
    assert.ok(serviceEstimate(memory).nowMs > 1_000, `${serviceEstimate(memory).nowMs}`);
    for (let round = 1; round <= 800; round += 1) memory = observeService(memory, flow(1_000 + 4 * round, 20_000 + 40_000 * round));
    assert.ok(Math.abs(serviceMs(memory) - 10_000) < 1_000, `${serviceMs(memory)}`);
  });

  it('rises slowly when tasks that mostly wait take longer', () => {
    let memory = observeService(noService(flow(0, 0)), flow(2_000, 40_000), true);
    for (let second = 1; second <= 4; second += 1) memory = observeService(memory, flow(2_000, 40_000, 400 * second), true);
    assert.ok(serviceMs(memory) < 25, `${serviceMs(memory)}`);
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
