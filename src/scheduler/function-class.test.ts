import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { classify, coresForLong, newFacts, seeBlock, seeRun, type FunctionFacts } from './function-class.js';

function facts(overrides: Partial<FunctionFacts> = {}): FunctionFacts {
  return { ...newFacts(undefined, undefined), ...overrides };
}

describe('the class of a function', () => {
  it('is what it declares, or else how it is written, and cpu while nothing is known', () => {
    assert.equal(classify(facts({ declared: 'io', isAsync: false }), 'cpu', NaN).class, 'io');
    assert.equal(classify(facts({ declared: 'cpu', isAsync: true }), 'cpu', NaN).class, 'cpu');
    assert.equal(classify(facts({ isAsync: true }), 'cpu', NaN).class, 'io');
    assert.equal(classify(facts({ isAsync: false }), 'cpu', NaN).class, 'cpu');
    assert.equal(classify(facts(), 'cpu', NaN).class, 'cpu');
  });

  it('is cpu for whoever keeps the event loop, twice for long or a little every time, whatever it declares', () => {
    const rarely = facts({ declared: 'io', isAsync: true });
    seeBlock(rarely, 60);
    assert.equal(classify(rarely, 'io', NaN).class, 'io', 'the machine may have been busy');
    seeBlock(rarely, 55);
    assert.deepEqual(classify(rarely, 'io', NaN), { class: 'cpu', why: 'kept the event loop for 60 ms' });
    const often = facts({ isAsync: true });
    for (let call = 0; call < 5; call += 1) seeBlock(often, 8);
    assert.equal(classify(often, 'io', NaN).class, 'cpu');
    const briefly = facts({ isAsync: true });
    for (let call = 0; call < 50; call += 1) seeBlock(briefly, 2);
    assert.equal(classify(briefly, 'io', NaN).class, 'io');
  });

  it('is long from ten times the others on, and stays so down to five times', () => {
    const taking = (ms: number): FunctionFacts => {
      const known = facts({ isAsync: false });
      seeRun(known, ms);
      return known;
    };
    assert.equal(classify(taking(500), 'cpu', 40).class, 'long');
    assert.equal(classify(taking(300), 'cpu', 40).class, 'cpu');
    assert.equal(classify(taking(300), 'long', 40).class, 'long');
    assert.equal(classify(taking(150), 'long', 40).class, 'cpu');
    assert.equal(classify(taking(90), 'cpu', 1).class, 'cpu', 'not worth it');
    assert.equal(classify(taking(5_000), 'cpu', NaN).class, 'cpu', 'nothing to be longer than');
  });

  it('leaves the short ones a core and the long ones a core, and at most half of them are kept', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.double({ min: 0, max: 1_000, noNaN: true }), (cores, load) => {
        const long = coresForLong(cores, load);
        assert.ok(Number.isInteger(long) && long >= 1 && long <= Math.max(1, cores - 1));
        assert.ok(long >= Math.floor(cores / 2));
        assert.ok(coresForLong(cores, load + 1) <= long);
      }),
    );
    assert.deepEqual(
      [0, 1, 4, 100].map((load) => coresForLong(16, load)),
      [15, 14, 10, 8],
    );
  });
});
