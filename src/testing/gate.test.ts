import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Gate } from './gate.js';

/** Who has passed, in order. */
function comers(gate: Gate, count: number): number[] {
  const passed: number[] = [];
  for (let i = 0; i < count; i += 1) void gate.wait().then(() => passed.push(i));
  return passed;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a gate', () => {
  test('keeps those who come until it is opened, and nobody from then on', async () => {
    const gate = new Gate();
    const passed = comers(gate, 2);
    await turn();
    assert.deepEqual([passed, gate.arrivals], [[], 2]);
    gate.open();
    await gate.wait();
    assert.deepEqual(passed, [0, 1]);
  });

  test('releases those who waited longest, and owes what is left to the next', async () => {
    const gate = new Gate();
    const passed = comers(gate, 2);
    gate.release();
    await turn();
    assert.deepEqual(passed, [0]);
    gate.release(2);
    await gate.wait();
    await turn();
    assert.deepEqual(passed, [0, 1]);
    const late = comers(gate, 1);
    await turn();
    assert.deepEqual(late, []);
  });

  test('tells when so many have come', async () => {
    const gate = new Gate();
    const two = gate.arrived(2).then(() => gate.arrivals);
    void gate.wait();
    void gate.wait();
    assert.equal(await two, 2);
    await gate.arrived();
  });
});
