import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FaultPlan } from './fault-plan.js';

/** Which of `count` attempts of a function are hit. */
function hits(plan: FaultPlan, count: number, name = 'work'): number[] {
  return Array.from({ length: count }, (_, i) => i + 1).filter(() => plan.strike(name, 1, 'w-1') !== undefined);
}

describe('a plan of faults', () => {
  test('hits all attempts of a function, of no other', () => {
    const plan = new FaultPlan();
    plan.crash('work');
    assert.deepEqual(hits(plan, 3), [1, 2, 3]);
    assert.deepEqual(hits(plan, 3, 'other'), []);
  });

  test('hits the nth attempts, each nth, at most so many', () => {
    for (const [when, expected] of [
      [{ nth: 2 }, [2]],
      [{ nth: [1, 4] }, [1, 4]],
      [{ every: 3 }, [3, 6]],
      [{ times: 2 }, [1, 2]],
      [{ every: 2, times: 1 }, [2]],
    ] as const) {
      const plan = new FaultPlan();
      plan.fail('*', new Error('set'), when);
      assert.deepEqual(hits(plan, 6), expected, JSON.stringify(when));
    }
  });

  test('draws from its seed: the same one the same, another another', () => {
    const draw = (seed: number): number[] => {
      const plan = new FaultPlan({ seed });
      plan.drop('work', { probability: 0.3 });
      return hits(plan, 1_000);
    };
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    assert.ok(Math.abs(draw(7).length - 300) < 60, `${draw(7).length} of 1,000`);
  });

  test('lets the first rule that matches have the attempt, and each rule count it', () => {
    const plan = new FaultPlan();
    const first = plan.slow('work', 5, { nth: 2 });
    const second = plan.hang('*', { nth: [2, 3] });
    assert.deepEqual(hits(plan, 3), [2, 3]);
    assert.deepEqual([first.strikes, second.strikes], [1, 1]);
    assert.deepEqual(
      plan.strikes.map(({ kind }) => kind),
      ['slow', 'hang'],
    );
  });

  test('ends one fault, or all, and opens their gates', async () => {
    const plan = new FaultPlan();
    const one = plan.crash('work');
    const held = plan.hold('*');
    one.end();
    assert.equal(plan.strike('work', 1, 'w-1')?.kind, 'hold');
    plan.clear();
    assert.deepEqual(hits(plan, 2), []);
    await held.gate.wait();
  });

  test('says what is wrong with its options', () => {
    const plan = new FaultPlan();
    assert.throws(() => plan.crash(''), { code: 'ERR_OPTION', message: /crash: name: expected the name of a task function/ });
    assert.throws(() => plan.crash('work', { nth: 0 }), { message: /crash: nth/ });
    assert.throws(() => plan.crash('work', { probability: 2 }), { message: /crash: probability/ });
    assert.throws(() => plan.crash('work', { often: 1 } as never), { message: /crash.often/ });
    assert.throws(() => new FaultPlan({ seed: -1 }), { message: /seed/ });
  });
});
