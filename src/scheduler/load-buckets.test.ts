import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { bucketOf, LoadBuckets } from './load-buckets.js';
import { RingNode } from './ring-node.js';

describe('LoadBuckets', () => {
  it('gives the front of the lowest bucket', () => {
    const buckets = new LoadBuckets<string>();
    const [a, b, c] = ['a', 'b', 'c'].map((item) => new RingNode(item)) as [RingNode<string>, RingNode<string>, RingNode<string>];
    assert.equal(buckets.first(), undefined);
    buckets.put(a, 5, true);
    assert.equal(buckets.first(), 'a');
    buckets.put(b, 2, true);
    buckets.put(c, 2, false);
    assert.equal(buckets.first(), 'b');
    buckets.take(b, 2);
    assert.equal(buckets.first(), 'c');
    buckets.take(c, 2);
    assert.equal(buckets.first(), 'a');
  });

  it('finds the lowest load under any mix of loads, those past the last bucket as one', () => {
    const load = fc.oneof(fc.nat({ max: 70 }), fc.constantFrom(31, 32, 63, 64, 991, 992, 1_022, 1_023, 1_024, 5_000));
    fc.assert(
      fc.property(fc.array(fc.record({ who: fc.nat({ max: 9 }), load: fc.option(load) }), { maxLength: 60, size: 'max' }), (steps) => {
        const buckets = new LoadBuckets<number>();
        const nodes = Array.from({ length: 10 }, (_, who) => new RingNode(who));
        const held = new Map<number, number>();
        for (const step of steps) {
          const node = nodes[step.who] as RingNode<number>;
          const bucket = held.get(step.who);
          if (bucket !== undefined) buckets.take(node, bucket);
          held.delete(step.who);
          if (step.load !== null) {
            held.set(step.who, bucketOf(step.load));
            buckets.put(node, bucketOf(step.load), true);
          }
          const first = buckets.first();
          if (held.size === 0) assert.equal(first, undefined);
          else assert.equal(held.get(first as number), Math.min(...held.values()));
        }
      }),
    );
  });
});
