/** Part of the contract suite of workers. Tasks sent ahead: taken back while they wait, told from begun ones after a death. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CANCEL_BY_CALLER, FLAG_NOTIFY_START } from '../transport/protocol.js';
import type { Bench } from './fixtures/bench.js';
import type { Rig, TestTask } from './fixtures/harness.js';

/** A task that computes until it is abandoned and has begun, and three behind it. */
async function busy(bench: Bench): Promise<{ rig: Rig; first: TestTask; behind: [TestTask, TestTask, TestTask] }> {
  const rig = await bench.ready();
  const first = rig.dispatch('loopUntilCancelled', [], { flags: FLAG_NOTIFY_START });
  const behind: [TestTask, TestTask, TestTask] = [rig.dispatch('takeOrder'), rig.dispatch('add', [1, 2]), rig.dispatch('add', [3, 4])];
  rig.worker.flush();
  await first.started.promise;
  return { rig, first, behind };
}

/** Lets the ones behind have their turn. */
function release(rig: Rig, first: TestTask): void {
  rig.worker.abandon(first, CANCEL_BY_CALLER);
}

export function prefetchContract(bench: Bench): void {
  describe('tasks sent ahead', () => {
    it('are taken back while another computes, and never begin', async () => {
      const { rig, first, behind } = await busy(bench);
      assert.ok(rig.worker.prefetchMax >= 16);
      assert.equal(rig.worker.revoke(first), false, 'it has begun');
      assert.deepEqual(
        behind.map((task) => rig.worker.begun(task)),
        [false, false, false],
      );
      assert.equal(rig.worker.revoke(behind[1]), true);
      assert.equal(rig.worker.revoke(behind[1]), false, 'it is no longer there');
      assert.deepEqual([...rig.worker.inFlight()], [first, behind[0], behind[2]]);
      release(rig, first);
      assert.equal(await behind[2].result(), 7);
      assert.deepEqual(rig.host.calls, ['ready', 'started loopUntilCancelled', 'vacated', 'completed takeOrder', 'completed add']);
    });

    it('leave their place to others at once, also to themselves', async () => {
      const { rig, first, behind } = await busy(bench);
      for (let round = 0; round < 300; round += 1) {
        assert.equal(rig.worker.revoke(behind[1]), true);
        rig.worker.dispatch(behind[1]);
        if (round % 7 === 0) rig.worker.flush();
      }
      rig.worker.flush();
      release(rig, first);
      assert.equal(await behind[1].result(), 3);
      assert.equal(await behind[2].result(), 7);
      assert.equal(rig.host.calls.filter((call) => call === 'completed add').length, 2);
      assert.deepEqual([...rig.worker.inFlight()], []);
    });

    it('can be abandoned in a place that was taken back before', async () => {
      const { rig, first, behind } = await busy(bench);
      assert.equal(rig.worker.revoke(behind[1]), true);
      const next = rig.dispatch('add', [5, 6]);
      assert.equal(next.slot, behind[1].slot);
      const token = rig.worker.abandon(next, CANCEL_BY_CALLER);
      release(rig, first);
      await rig.host.whenVacated(token).promise;
      assert.equal(await rig.run('add', 7, 8), 15);
      assert.equal(rig.host.calls.filter((call) => call === 'completed add').length, 2, 'the one behind and the last, not the abandoned one');
    });

    it('are told from the one that had begun when the worker dies', async () => {
      const { rig, first, behind } = await busy(bench);
      await rig.worker.terminate();
      assert.deepEqual(rig.host.lost, [first, ...behind]);
      assert.deepEqual(
        rig.host.lost.map((task) => rig.worker.begun(task)),
        [true, false, false, false],
      );
    });

    it('stop nobody from stopping when they are taken back', async () => {
      const { rig, first, behind } = await busy(bench);
      const stopped = rig.worker.stop(10_000);
      for (const task of behind) assert.equal(rig.worker.revoke(task), true);
      release(rig, first);
      await stopped;
      assert.equal((await rig.host.exit.promise).reason, 'stopped');
    });
  });
}
