import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AWAY, Child, COMPLETED, DROPPED, FAILED, Family, PENDING } from './children.js';
import type { ForkParent } from './children.js';

function familyOf(count: number): { family: Family; children: Child[] } {
  const family = new Family({} as ForkParent);
  const children = Array.from({ length: count }, (_, index) => new Child(`f${index}`, () => undefined, [index], family));
  for (const child of children) family.add(child);
  return { family, children };
}

function names(family: Family): string {
  const found: string[] = [];
  for (let child = family.oldest; child !== undefined; child = child.newer) found.push(child.name);
  return found.join(' ');
}

describe('a family', () => {
  test('keeps its children in order, whichever is taken out', () => {
    const { family, children } = familyOf(4);
    family.remove(children[1]!);
    assert.equal(names(family), 'f0 f2 f3');
    assert.equal(family.takeNewest(), children[3]);
    family.remove(children[0]!);
    assert.equal(names(family), 'f2');
    assert.equal(family.takeNewest(), children[2]);
    assert.deepEqual([family.oldest, family.newest, family.isOpen], [undefined, undefined, false]);
  });

  test('is open while a child waits, runs or is away', () => {
    const { family, children } = familyOf(2);
    family.sent(children[0]!);
    assert.deepEqual([children[0]!.state, names(family), family.isOpen], [AWAY, 'f1', true]);
    family.remove(children[1]!);
    family.began();
    children[0]!.settle(COMPLETED, 1);
    family.arrived(children[0]!);
    assert.equal(family.isOpen, true);
    family.stopped();
    assert.equal(family.isOpen, false);
  });

  test('is quiet when the last of them has its outcome', async () => {
    const { family, children } = familyOf(2);
    family.sent(children[0]!);
    let quiet = false;
    const waiting = family.quiet().then(() => (quiet = true));
    family.dropPending();
    await Promise.resolve();
    assert.equal(quiet, false);
    family.arrived(children[0]!);
    await waiting;
  });

  test('tells who waits for a child that it waits here again', () => {
    const { family, children } = familyOf(1);
    let told = 0;
    family.sent(children[0]!);
    children[0]!.onChange(() => (told += 1));
    family.returned(children[0]!);
    assert.deepEqual([told, children[0]!.state, names(family)], [1, PENDING, 'f0']);
  });
});

describe('a child', () => {
  test('keeps its first outcome', async () => {
    const [child] = familyOf(1).children as [Child];
    child.settle(COMPLETED, 1);
    child.settle(FAILED, new RangeError('late'));
    assert.equal(await child.result(), 1);
    assert.equal(child.args.length, 0, 'arguments are let go of');
  });

  test('that was dropped says so to who joins it later', async () => {
    const { family, children } = familyOf(1);
    family.dropPending();
    assert.equal(children[0]!.state, DROPPED);
    await assert.rejects(children[0]!.result(), { code: 'ERR_TASK_CANCELLED', message: /f0 was not joined before its task ended/ });
  });
});
