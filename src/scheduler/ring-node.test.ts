import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RingNode } from './ring-node.js';

function items(list: RingNode<string>): (string | undefined)[] {
  const result: (string | undefined)[] = [];
  for (let node = list.next; node !== list; node = node.next) result.push(node.item);
  for (let node = list.prev, index = result.length; node !== list; node = node.prev) assert.equal(node.item, result[(index -= 1)], 'the same backwards');
  return result;
}

describe('RingNode', () => {
  it('takes nodes at the front and at the back, and lets any leave', () => {
    const list = new RingNode<string>();
    const [a, b, c] = ['a', 'b', 'c'].map((item) => new RingNode(item)) as [RingNode<string>, RingNode<string>, RingNode<string>];
    assert.ok(list.alone);
    list.insertBefore(b);
    list.insertBefore(c);
    list.insertAfter(a);
    assert.deepEqual(items(list), ['a', 'b', 'c']);
    b.unlink();
    assert.deepEqual([items(list), b.alone], [['a', 'c'], true]);
    b.unlink();
    a.unlink();
    c.unlink();
    assert.ok(list.alone);
  });
});
