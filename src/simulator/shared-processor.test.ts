import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedProcessor } from './shared-processor.js';
import { VirtualClock } from './virtual-clock.js';

function stage(
  capacity: number,
  degradation = 0,
): { clock: VirtualClock; cores: SharedProcessor; ended: string[]; use: (name: string, workMs: number) => ReturnType<SharedProcessor['use']> } {
  const clock = new VirtualClock();
  const cores = new SharedProcessor(clock, capacity, degradation);
  clock.addSource(cores);
  const ended: string[] = [];
  return { clock, cores, ended, use: (name, workMs) => cores.use(workMs, () => ended.push(`${name} at ${Number(clock.now().toFixed(6))}`)) };
}

function run(clock: VirtualClock): void {
  while (clock.step(Infinity));
}

test('users above the capacity share it equally', () => {
  const { clock, cores, ended, use } = stage(2);
  use('a', 10);
  use('b', 10);
  use('c', 10);
  run(clock);
  assert.deepEqual(ended, ['a at 15', 'b at 15', 'c at 15']);
  assert.equal(cores.usedMs(), 30);
});

test('who comes later waits for nobody, and who leaves makes room', () => {
  const { clock, ended, cores, use } = stage(1);
  use('long', 10);
  clock.setTimer(5, () => {
    const short = use('short', 5);
    clock.setTimer(2, () => assert.equal(cores.leave(short), 4));
  });
  run(clock);
  assert.deepEqual(ended, ['long at 11'], '5 ms alone, 2 ms at half speed, 4 ms alone');
});

test('capacity and speed may change, and users above the capacity may cost all', () => {
  const { clock, ended, cores, use } = stage(1);
  use('a', 10);
  clock.setTimer(4, () => cores.change(1, 3));
  run(clock);
  assert.deepEqual(ended, ['a at 22']);
  const degraded = stage(1, 0.5);
  degraded.use('a', 10);
  degraded.use('b', 10);
  run(degraded.clock);
  assert.deepEqual(degraded.ended, ['a at 30', 'b at 30'], 'half the speed, and a third of that lost');
});

test('without a limit everybody has a core', () => {
  const { clock, ended, use } = stage(Infinity);
  for (const workMs of [3, 1, 2]) use(String(workMs), workMs);
  run(clock);
  assert.deepEqual(ended, ['1 at 1', '2 at 2', '3 at 3']);
});
