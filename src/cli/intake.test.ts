import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deferred } from '../runtime/deferred.js';
import { Intake } from './intake.js';

const runAll = (): { run: true; hash: string; again: boolean } => ({ run: true, hash: 'h', again: false });

async function* items(...values: unknown[]): AsyncGenerator<unknown> {
  yield* values;
}

describe('Intake', () => {
  test('skipped inputs keep their numbers', async () => {
    const intake = new Intake(
      items('a', 'b', 'c', 'd'),
      (input) => (input === 'b' ? { run: false } : runAll()),
      () => {},
    );
    const seen: unknown[] = [];
    for await (const input of intake) seen.push(input);
    assert.deepEqual(seen, ['a', 'c', 'd']);
    assert.deepEqual(
      [0, 1, 2].map((position) => intake.entry(position).index),
      [0, 2, 3],
    );
    assert.deepEqual([intake.skipped, intake.index, intake.exhausted], [1, 4, true]);
  });

  test('what was handed out and not settled is unfinished', async () => {
    const intake = new Intake(items('a', 'b', 'c'), runAll, () => {});
    for (let count = 0; count < 3; count += 1) await intake.next();
    intake.settle(1);
    assert.deepEqual(intake.unfinished(), [0, 2]);
  });

  test('stopping ends a wait for a source that gives nothing', { timeout: 180_000 }, async () => {
    const gate = deferred<unknown>();
    async function* slow(): AsyncGenerator<unknown> {
      yield 'a';
      yield await gate.promise;
    }
    const intake = new Intake(slow(), runAll, () => {});
    assert.deepEqual(await intake.next(), { done: false, value: 'a' });
    const waiting = intake.next();
    intake.stop();
    assert.equal((await waiting).done, true);
    assert.equal((await intake.next()).done, true);
    gate.resolve('late');
    await gate.promise;
    assert.deepEqual([intake.index, intake.exhausted, intake.unfinished()], [1, false, [0]]);
  });

  test('a source that throws ends it, and what it gave out stays', async () => {
    const broken = new Error('line 2');
    async function* bad(): AsyncGenerator<unknown> {
      yield 'a';
      throw broken;
    }
    let told = 0;
    const intake = new Intake(bad(), runAll, () => (told += 1));
    assert.deepEqual([(await intake.next()).done, (await intake.next()).done], [false, true]);
    assert.deepEqual([intake.failure, told, intake.exhausted, intake.unfinished()], [broken, 1, false, [0]]);
  });
});
