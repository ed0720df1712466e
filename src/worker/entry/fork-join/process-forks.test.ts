import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerFrame } from '../../../transport/protocol.js';
import { Child, COMPLETED, Family, PENDING } from './children.js';
import type { ForkParent } from './children.js';
import { ProcessForks } from './process-forks.js';

class Rig {
  readonly sent: WorkerFrame[] = [];
  readonly forks = new ProcessForks((frame) => this.sent.push(frame));
  readonly family = new Family({ frame: { slot: 3 } } as ForkParent);

  fork(): Child {
    const child = new Child('f', () => undefined, [], this.family);
    this.family.add(child);
    this.forks.offer(this.family);
    return child;
  }

  /** How many forks pass before the pool is asked. */
  forksUntilAsked(): number {
    const before = this.sent.length;
    for (let forks = 0; ; forks += 1) {
      const child = this.fork();
      if (this.sent.length > before) return forks;
      this.family.remove(child);
    }
  }

  answer(fork: number, outcome: 'completed' | 'declined'): void {
    this.forks.answered({ type: 'joined', fork, outcome, value: 7, error: undefined });
  }
}

describe('a process that forks', () => {
  test('asks the pool for its oldest child, and has it back when that is declined', () => {
    const rig = new Rig();
    const child = rig.fork();
    assert.deepEqual(rig.sent, [{ type: 'fork', slot: 3, fork: 1, name: 'f', args: [] }]);
    assert.equal(rig.family.oldest, undefined);
    rig.answer(1, 'declined');
    assert.equal(child.state, PENDING);
    assert.equal(rig.family.oldest, child);
  });

  test('takes the outcome of a child, once', () => {
    const rig = new Rig();
    const child = rig.fork();
    rig.answer(1, 'completed');
    rig.answer(1, 'declined');
    assert.deepEqual([child.state, child.outcome, rig.family.isOpen], [COMPLETED, 7, false]);
  });

  test('asks ever more rarely when it is declined', () => {
    const rig = new Rig();
    const forksBetween = [1, 2, 3, 4, 5, 6, 7].map((question) => {
      const forks = rig.forksUntilAsked();
      rig.answer(question, 'declined');
      rig.family.takeNewest();
      return forks;
    });
    assert.deepEqual(forksBetween, [0, 1, 5, 21, 85, 341, 1_024]);
  });

  test('keeps a child at home whose arguments cannot cross', () => {
    const rig = new Rig();
    const child = rig.fork();
    rig.forks.unsent(1);
    assert.deepEqual([child.state, child.homebound], [PENDING, true]);
    rig.forks.offer(rig.family);
    assert.equal(rig.sent.length, 1);
  });
});
