import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { activeShares, chunkCount, ChunkCursor, createRangeControl, runShare, stopRange } from './range-share.js';
import type { RangePlan, ShareResult } from './range-share.js';

const plan = fc.record({ length: fc.integer({ min: 0, max: 100_000 }), chunk: fc.integer({ min: 0, max: 5_000 }), shares: fc.integer({ min: 1, max: 64 }) });

/** Chunks one after the other. */
function chunksOf(of: RangePlan): [number, number][] {
  const cursor = new ChunkCursor(of);
  const chunks: [number, number][] = [];
  while (cursor.seek(chunks.length)) chunks.push([cursor.start, cursor.end]);
  return chunks;
}

describe('the chunks of a range', () => {
  test('cover it without a gap or an overlap', () => {
    fc.assert(
      fc.property(
        plan.filter(({ length, chunk }) => chunk === 0 || length / chunk < 2_000),
        (of) => {
          let end = 0;
          for (const chunk of chunksOf(of)) {
            assert.equal(chunk[0], end);
            assert.ok(chunk[1] > chunk[0]);
            end = chunk[1];
          }
          assert.equal(end, of.length);
          assert.equal(chunkCount(of), chunksOf(of).length);
        },
      ),
    );
  });

  test('are the same wherever one begins to look', () => {
    fc.assert(
      fc.property(plan, fc.array(fc.nat(300), { maxLength: 10 }), (of, numbers) => {
        const all = chunksOf({ ...of, chunk: 0 });
        const cursor = new ChunkCursor({ ...of, chunk: 0 });
        for (const number of numbers.toSorted((a, b) => a - b)) {
          assert.equal(cursor.seek(number), number < all.length);
          if (number < all.length) assert.deepEqual([cursor.start, cursor.end], all[number]);
        }
      }),
    );
  });

  test('become smaller, so that all shares end together, and stay few', () => {
    const chunks = chunksOf({ length: 1_000_000, chunk: 0, shares: 4 }).map(([start, end]) => end - start);
    assert.deepEqual(
      chunks,
      chunks.toSorted((a, b) => b - a),
    );
    assert.ok(chunks[0] === 125_000 && chunks.at(-1) === 1 && chunks.length < 150, `${chunks.length}`);
    assert.ok(chunkCount({ length: 2 ** 53 - 1, chunk: 0, shares: 64 }) < 6_000);
  });
});

describe('a share of a range', () => {
  test('takes what others have not taken, and keeps what was returned', () => {
    const control = createRangeControl();
    const words = new Int32Array(control);
    const of = { length: 10, chunk: 2, shares: 2 };
    words[0] = 1;
    const result = runShare((start, end, factor) => ((end as number) - (start as number)) * (factor as number), [control, of, 3]);
    assert.deepEqual(result, { chunks: [1, 2, 3, 4], values: [6, 6, 6, 6] });
    assert.deepEqual(
      runShare(() => 1, [control, of]),
      { chunks: [], values: undefined },
    );
    assert.equal(activeShares(control), 0);
  });

  test('awaits what the function returns, one chunk after the other', async () => {
    const control = createRangeControl();
    let running = 0;
    const fn = async (start: unknown): Promise<unknown> => {
      running += 1;
      await Promise.resolve();
      assert.equal(running, 1);
      running -= 1;
      return start === 0 ? undefined : start;
    };
    const result = runShare(fn, [control, { length: 3, chunk: 1, shares: 1 }]) as Promise<ShareResult>;
    assert.equal(activeShares(control), 1);
    assert.deepEqual(await result, { chunks: [0, 1, 2], values: [undefined, 1, 2] });
    assert.equal(activeShares(control), 0);
  });

  test('stops the others when its function throws or rejects, and stops when told', async () => {
    const of = { length: 4, chunk: 1, shares: 1 };
    for (const fn of [
      () => {
        throw new Error('bad chunk');
      },
      () => Promise.reject(new Error('bad chunk')),
    ]) {
      const control = createRangeControl();
      await assert.rejects(async () => runShare(fn, [control, of]), /bad chunk/);
      assert.deepEqual(
        runShare(() => 1, [control, of]),
        { chunks: [], values: undefined },
      );
      assert.equal(activeShares(control), 0);
    }
    const control = createRangeControl();
    assert.deepEqual(
      runShare(() => stopRange(control), [control, of]),
      { chunks: [0], values: undefined },
    );
  });
});
