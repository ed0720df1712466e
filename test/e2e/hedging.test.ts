/** Second attempts on real workers. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { freshPath, until } from './gates.js';
import { ALL, withPool } from './kinds.js';

for (const kind of ALL) {
  describe(`a hedged task on ${kind} workers`, { timeout: 180_000 }, () => {
    test('is answered by its second attempt, and the first is told to stop', async () => {
      await withPool(kind, { size: 2, hedge: { after: 20 }, cancelGrace: '30s' }, async (pool) => {
        await pool.ready();
        await pool.addWorker(1);
        const before = pool.workers.map(({ id }) => id);
        const [begun, told] = [freshPath('begun'), freshPath('told')];
        const task = pool.submit('slowAtFirst', [begun, told]);
        assert.equal(await task.result, 2, 'the attempt that answered');
        assert.equal(task.attempts, 2);
        await until(() => existsSync(told));
        const { hedged, hedgesWon, completed, submitted } = pool.stats().tasks;
        assert.deepEqual([hedged, hedgesWon, completed, submitted], [1, 1, 1, 1]);
        await until(() => pool.stats().tasks.inFlight === 0);
        // On a busy machine the loser's worker may have been suspected until it answered, and a replacement have been started.
        await until(() => before.every((id) => pool.workers.some((worker) => worker.id === id && worker.state === 'ready')));
      });
    });
  });
}
