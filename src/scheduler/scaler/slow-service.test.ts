import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signals } from './fixtures/signals.js';
import { mayRecover, NOT_SLOW, observeSlow, waitsDownstream } from './slow-service.js';

const LOOK_MS = 250;

describe('a slow service behind the tasks', () => {
  it('is told from tasks that compute longer', () => {
    const { host, flow } = signals();
    let memory = NOT_SLOW;
    for (let nowMs = 0; nowMs < 60_000; nowMs += LOOK_MS) {
      const seen = signals({ nowMs, flow: { ...flow, finished: 100 }, host: { ...host, cpuDemand: 0.3 } });
      memory = observeSlow(memory, seen, 20, LOOK_MS);
    }
    assert.equal(waitsDownstream(memory, 100, 0.1), true);
    assert.equal(waitsDownstream(memory, 100, 0.6), false, 'they compute');
    assert.equal(waitsDownstream(memory, 29, 0.1), false, 'not much longer');
    assert.equal(waitsDownstream(memory, 100, undefined), false, 'nobody knows');
    assert.equal(mayRecover(memory, 60_000), false);
  });
});
