import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from './virtual-clock.js';

test('events come in the order of time, then sources, then timers as they were set; what is deferred comes before the next event', () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  const times = [5, 5, 9];
  clock.addSource({ nextAt: () => times[0] ?? Infinity, fire: () => void order.push(`source ${times.shift()}`) });
  clock.setTimer(9, () => order.push('timer 9'));
  clock.setTimer(5, () => {
    order.push('timer 5');
    clock.defer(() => {
      order.push('deferred');
      clock.defer(() => order.push('deferred by it'));
    });
  });
  clock.setTimer(7, () => order.push('never')).cancel();
  while (clock.step(100));
  assert.deepEqual(order, ['source 5', 'source 5', 'timer 5', 'deferred', 'deferred by it', 'source 9', 'timer 9']);
  assert.equal(clock.now(), 9);
});

test('it does not go beyond the end it is given', () => {
  const clock = new VirtualClock();
  clock.setTimer(10, () => assert.fail('not yet'));
  assert.equal(clock.step(9), false);
  assert.equal(clock.nextAt(), 10);
  clock.moveTo(9);
  assert.equal(clock.now(), 9);
});
