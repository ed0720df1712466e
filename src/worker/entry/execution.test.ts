import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CANCEL_BY_SHUTDOWN, CANCEL_NONE } from '../../transport/protocol.js';
import type { TaskFrame } from '../../transport/protocol.js';
import { Execution } from './execution.js';
import type { ExecutionScope } from './execution.js';

const scope = { reporter: { cancelCode: () => CANCEL_NONE }, workerId: 'w', taskIdPrefix: 'p' } as unknown as ExecutionScope;

function frame(name: string): TaskFrame {
  return { slot: 3, name, args: [], transfer: undefined, sequence: 1, attempt: 1, flags: 0, deadlineEpochMs: 0, givenCorrelationId: undefined };
}

test('an execution that has ended serves another attempt in its slot', () => {
  const execution = new Execution(frame('first'), scope);
  execution.settled = true;
  assert.equal(execution.reuse(frame('second')), true);
  assert.deepEqual([execution.taskName, execution.settled, execution.cancelled()], ['second', false, undefined]);
});

const held: readonly [string, (execution: Execution) => void][] = [
  ['has not ended', (execution) => void (execution.settled = false)],
  ['was abandoned, since who abandoned it is about to tell it to stop', (execution) => execution.detach()],
  ['was told to stop', (execution) => void execution.raise(CANCEL_BY_SHUTDOWN)],
  ['was a stream', (execution) => void (execution.pump = {} as NonNullable<Execution['pump']>)],
  ['has forked', (execution) => void (execution.family = {} as NonNullable<Execution['family']>)],
];

for (const [what, happens] of held) {
  test(`an execution that ${what} serves no other attempt`, () => {
    const execution = new Execution(frame('first'), scope);
    execution.settled = true;
    happens(execution);
    assert.equal(execution.reuse(frame('second')), false);
    assert.equal(execution.taskName, 'first');
  });
}
