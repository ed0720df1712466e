import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { AffinityBindings } from './affinity-bindings.js';

interface Slot {
  readonly id: number;
  alive: boolean;
}

describe('AffinityBindings', () => {
  it('finds the worker of a key while it lives', () => {
    const bindings = new AffinityBindings<Slot>(10);
    const slot: Slot = { id: 1, alive: true };
    assert.equal(bindings.find('a'), undefined);
    bindings.bind('a', slot);
    assert.equal(bindings.find('a'), slot);
    slot.alive = false;
    assert.equal(bindings.find('a'), undefined);
  });

  it('drops the oldest binding for a new one, at any mix of new and renewed keys', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat({ max: 9 }), { maxLength: 100, size: 'max' }), (max, keys) => {
        const bindings = new AffinityBindings<Slot>(max);
        let model: { key: string; slot: Slot }[] = [];
        for (const [id, number] of keys.entries()) {
          const [key, slot] = [`${number}`, { id, alive: true }];
          bindings.bind(key, slot);
          model = [...model.filter((each) => each.key !== key), { key, slot }].slice(-max);
          assert.equal(bindings.size, model.length);
          for (const each of model) assert.equal(bindings.find(each.key), each.slot);
        }
      }),
    );
  });

  it('keeps its pace when every key is new', { timeout: 180_000 }, () => {
    const bindings = new AffinityBindings<Slot>(100_000);
    const slot: Slot = { id: 1, alive: true };
    for (let key = 0; key < 300_000; key += 1) bindings.bind(`${key}`, slot);
    assert.deepEqual([bindings.size, bindings.find('299999'), bindings.find('199999')], [100_000, slot, undefined]);
  });
});
