import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { circleKey, findDeadlocks } from './wait-for-graph.js';
import type { WaitEdge } from './wait-for-graph.js';

/** Edges from `waiter -> holder` pairs; each thread waits on an object of its own number. */
function edges(...pairs: readonly (readonly [number, number | undefined])[]): WaitEdge[] {
  return pairs.map(([threadId, waitsFor]) => ({ threadId, waitsOn: 100 + threadId, waitsFor }));
}

function threads(circles: readonly (readonly WaitEdge[])[]): number[][] {
  return circles.map((circle) => circle.map(({ threadId }) => threadId));
}

describe('deadlocks', () => {
  test('are circles of threads that wait for one another, from the smallest id on', () => {
    assert.deepEqual(threads(findDeadlocks(edges([3, 1], [1, 2], [2, 3]))), [[1, 2, 3]]);
  });

  test('do not hold those that wait for one of the circle and are not part of it', () => {
    assert.deepEqual(threads(findDeadlocks(edges([1, 2], [2, 1], [5, 1], [6, 5]))), [[1, 2]]);
  });

  test('are not chains that end at a thread that runs, nor waits for nobody known', () => {
    assert.deepEqual(findDeadlocks(edges([1, 2], [2, 3], [4, undefined])), []);
  });

  test('are found each once, however many there are', () => {
    assert.deepEqual(threads(findDeadlocks(edges([1, 2], [2, 1], [7, 8], [8, 7], [9, 9]))), [[1, 2], [7, 8], [9]]);
  });

  test('have one name whatever order they were seen in', () => {
    const [first] = findDeadlocks(edges([1, 2], [2, 1]));
    const [second] = findDeadlocks(edges([2, 1], [1, 2]));
    assert.equal(circleKey(first ?? []), circleKey(second ?? []));
    assert.equal(circleKey(first ?? []), '1:101 2:102');
  });

  test('hold exactly the threads that come back to themselves', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat({ max: 9 }), { nil: undefined }), { maxLength: 10 }), (waits) => {
        const graph = edges(...waits.map((waitsFor, threadId) => [threadId, waitsFor] as const));
        const inCircle = graph.filter(({ threadId }) => {
          let at: number | undefined = waits[threadId];
          for (let steps = 0; steps < waits.length && at !== undefined && at !== threadId; steps += 1) at = waits[at];
          return at === threadId;
        });
        const found = threads(findDeadlocks(graph)).flat();
        assert.deepEqual(
          found.sort((a, b) => a - b),
          inCircle.map(({ threadId }) => threadId),
        );
      }),
    );
  });
});
