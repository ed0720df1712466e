import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { Counter } from './door.js';

describe('a counter', () => {
  test('does what a 32-bit number does, through any of its objects', () => {
    const operation = fc.oneof(
      fc.record({ name: fc.constant('add' as const), amount: fc.integer() }),
      fc.record({ name: fc.constant('exchange' as const), amount: fc.integer() }),
      fc.record({ name: fc.constant('compareExchange' as const), amount: fc.integer({ min: -2, max: 2 }) }),
      fc.record({ name: fc.constant('increment' as const), amount: fc.constant(0) }),
      fc.record({ name: fc.constant('decrement' as const), amount: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.integer(), fc.array(operation), (start, operations) => {
        const counter = new Counter(start);
        const same = Counter.from(structuredClone(counter));
        let model = start | 0;
        for (const { name, amount } of operations) {
          if (name === 'add') assert.equal(same.add(amount), (model = (model + amount) | 0));
          else if (name === 'increment') assert.equal(counter.increment(), (model = (model + 1) | 0));
          else if (name === 'decrement') assert.equal(counter.decrement(), (model = (model - 1) | 0));
          else if (name === 'exchange') assert.equal(same.exchange(amount), model, `${(model = amount | 0)}`);
          else if (counter.compareExchange(amount, 7)) model = 7;
          if (name === 'exchange') model = amount | 0;
          assert.equal(counter.value, model);
        }
        counter.value = 5;
        assert.equal(same.value, 5);
      }),
    );
  });
});
