import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskModule } from '../load-module.js';
import { type Child, COMPLETED, type Family, type ForkParent } from './children.js';
import { ForkJoin } from './fork-join.js';
import type { ForkHelpers } from './helpers.js';

/** Gives the oldest child away as soon as there is one and never gives it back. */
class OneAway implements ForkHelpers {
  away: Child | undefined;

  offer(family: Family): void {
    if (this.away !== undefined) return;
    this.away = family.oldest as Child;
    family.sent(this.away);
  }

  arrive(value: unknown): void {
    const child = this.away as Child;
    child.settle(COMPLETED, value);
    child.family.arrived(child);
  }

  takeBack(): boolean {
    return false;
  }

  takeOther(): undefined {
    return undefined;
  }

  collect(): void {}

  listen(): boolean {
    return true;
  }

  cancel(): void {}
}

/** Longer than joins go on without a turn of the event loop. */
function compute(): void {
  const endMs = performance.now() + 5;
  while (performance.now() < endMs);
}

test('a child runs once when it is joined while another join that could help lets the event loop have its turn', async () => {
  const runs: string[] = [];
  const call = (name: string): string => {
    runs.push(name);
    return name;
  };
  const forks = new ForkJoin({ keepsContext: false });
  const helpers = (forks.helpers = new OneAway());
  forks.use({ functions: new Map([['call', { call }]]) } as unknown as TaskModule);
  const parent = { settled: false, family: undefined, cancelled: () => undefined } as unknown as ForkParent;
  const [away, second, third] = ['away', 'second', 'third'].map((name) => forks.fork(parent, 'call', [name])) as [Child, Child, Child];

  // Both joins wait for a turn. In it the first goes on and joins what the other one could have begun.
  compute();
  const first = forks.join(second).then((value) => Promise.all([value, forks.join(third)]));
  const joined = forks.join(away);

  assert.deepEqual(await first, ['second', 'third']);
  helpers.arrive('from elsewhere');
  assert.equal(await joined, 'from elsewhere');
  assert.deepEqual(runs.sort(), ['second', 'third']);
});
