import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { Overflow } from './overflow.js';

function push(overflow: Overflow, bytes: number, value: number): void {
  const offset = overflow.reserve(bytes);
  overflow.span.words.fill(value, (offset >>> 2) + 1, (offset + bytes) >>> 2);
}

function shift(overflow: Overflow): number {
  const offset = overflow.frontOffset;
  const words = overflow.span.words.subarray((offset >>> 2) + 1, (offset + overflow.frontBytes) >>> 2);
  assert.ok(words.every((word) => word === words[0]));
  const value = words[0] as number;
  overflow.shift();
  return value;
}

describe('the overflow', () => {
  it('keeps order and every word through growth and draining', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.integer({ min: 1, max: 4_000 }).map((units) => units * 8),
            fc.constant('shift' as const),
          ),
          { maxLength: 200 },
        ),
        (steps) => {
          const overflow = new Overflow();
          const model: number[] = [];
          for (const [value, step] of steps.entries()) {
            if (step !== 'shift') {
              push(overflow, step, value);
              model.push(value);
            } else if (model.length > 0) assert.equal(shift(overflow), model.shift());
          }
          assert.equal(overflow.isEmpty, model.length === 0);
          for (const value of model) assert.equal(shift(overflow), value);
          assert.equal(overflow.heldBytes, 0);
          assert.equal(overflow.frontOffset, -1);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('drops dead records from anywhere and keeps the others in order', () => {
    const overflow = new Overflow();
    for (let value = 0; value < 100; value += 1) push(overflow, 8 + 8 * (value % 3), value);
    shift(overflow);
    overflow.compact((word) => (overflow.span.words[word + 1] as number) % 3 !== 0);
    const kept: number[] = [];
    while (!overflow.isEmpty) kept.push(shift(overflow));
    assert.deepEqual(
      kept,
      Array.from({ length: 33 }, (_, index) => 3 * (index + 1)),
    );
  });

  it('gives large memory back once it is empty', () => {
    const overflow = new Overflow();
    for (let value = 0; value < 100; value += 1) push(overflow, 100_000, value);
    while (!overflow.isEmpty) shift(overflow);
    assert.equal(overflow.span.bytes.length, 0);
  });
});
