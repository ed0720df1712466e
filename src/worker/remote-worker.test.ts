import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../errors.js';
import { ManualClock } from '../runtime/manual-clock.js';
import { encodeError } from '../transport/error-codec.js';
import { CANCEL_BY_CALLER, CANCEL_NONE } from '../transport/protocol.js';
import type { CancelCode, PoolFrame, TaskFrame } from '../transport/protocol.js';
import type { PoolEnd, PoolEndHandler } from '../transport/transport.js';
import type { CarrierExit } from './remote-exit.js';
import { RemoteWorker } from './remote-worker.js';
import type { Launch } from './carrier.js';
import { Rig, workerOptions } from './fixtures/harness.js';

/** A thread or process that does nothing by itself. */
class FakeCarrier implements PoolEnd {
  readonly log: string[] = [];
  readonly bufferedBytes = 0;
  readonly prefetchMax = 0;
  handler!: PoolEndHandler;
  onExit!: (exit: CarrierExit) => void;

  readonly launch: Launch = (_options, handler, onExit) => {
    this.handler = handler;
    this.onExit = onExit;
    return { end: this, kill: () => void this.log.push('kill'), ref: () => void this.log.push('ref'), dispose: () => void this.log.push('dispose') };
  };

  revoke(): boolean {
    return false;
  }

  begun(): boolean {
    return true;
  }

  linger(): void {}

  status(): undefined {}

  serviceMs(): number {
    return NaN;
  }

  collect(): void {}

  sendTask(task: TaskFrame): void {
    this.log.push(`task ${task.slot}`);
  }

  send(frame: PoolFrame): void {
    this.log.push('slot' in frame ? `${frame.type} ${frame.slot}` : frame.type);
  }

  flush(): void {
    this.log.push('flush');
  }

  setCancelled(slot: number, code: CancelCode): void {
    this.log.push(`word ${slot}=${code}`);
  }

  close(): void {
    this.log.push('close');
  }

  ready(): void {
    this.handler.onFrame({ type: 'ready', functions: [], hooks: { start: false, stop: false, healthCheck: false }, pid: 1, threadId: 2, osThreadId: 0 });
  }

  exit(exitCode: number | null, exitSignal: string | null = null, error?: Error): void {
    this.onExit({ exitCode, exitSignal, error });
  }

  take(): string[] {
    return this.log.splice(0);
  }
}

function rigged(): { rig: Rig; carrier: FakeCarrier; clock: ManualClock } {
  const carrier = new FakeCarrier();
  const clock = new ManualClock();
  const rig = new Rig(
    (options, host) => new RemoteWorker('thread', options, host, carrier.launch, clock),
    workerOptions({ startTimeoutMs: 1_000, terminateTimeoutMs: 500 }),
  );
  rig.worker.start();
  return { rig, carrier, clock };
}

function readyRig(): ReturnType<typeof rigged> {
  const rigging = rigged();
  rigging.carrier.ready();
  return rigging;
}

describe('RemoteWorker', { timeout: 180_000 }, () => {
  it('waits for the replies that come after the exit', async () => {
    const { rig, carrier } = readyRig();
    const task = rig.dispatch('f');
    carrier.exit(1);
    carrier.handler.onResult(task.slot, 'late');
    carrier.handler.onClose(undefined);
    assert.deepEqual(rig.host.calls, ['ready', 'completed f', 'exit crashed']);
    assert.deepEqual(rig.host.lost, []);
    assert.deepEqual(await task.result(), 'late');
  });

  it('does not wait for them for ever', async () => {
    const { rig, carrier, clock } = readyRig();
    carrier.exit(1);
    await clock.advance(249);
    assert.deepEqual(rig.host.calls, ['ready']);
    await clock.advance(1);
    assert.deepEqual(rig.host.calls, ['ready', 'exit crashed']);
    assert.equal(clock.pending, 0);
  });

  it('ends a worker that lost its connection and goes on', async () => {
    const { rig, carrier, clock } = readyRig();
    const broken = new MillraceError('ERR_PROTOCOL', 'nonsense');
    carrier.handler.onClose(broken);
    await clock.advance(250);
    assert.ok(carrier.log.includes('kill'));
    carrier.exit(null, 'SIGKILL');
    const exit = await rig.host.exit.promise;
    assert.deepEqual([exit.reason, exit.error], ['crashed', broken]);
  });

  it('blames a broken connection on the exit that broke it', async () => {
    const { rig, carrier } = readyRig();
    carrier.handler.onClose(new Error('read ECONNRESET'));
    carrier.exit(null, 'SIGSEGV');
    const exit = await rig.host.exit.promise;
    assert.deepEqual([exit.reason, exit.exitSignal, exit.error], ['crashed', 'SIGSEGV', undefined]);
  });

  it('reports a worker that cannot be ended as abandoned', async () => {
    const { rig, carrier, clock } = readyRig();
    const task = rig.dispatch('f');
    const terminated = rig.worker.terminate();
    await clock.advance(500);
    await terminated;
    const exit = await rig.host.exit.promise;
    assert.deepEqual([exit.reason, exit.abandoned, rig.host.lost], ['terminated', true, [task]]);
    carrier.exit(0);
    assert.deepEqual(rig.host.calls, ['ready', 'exit terminated']);
  });

  it('gives up a start at its limit, and nothing it says later is heard', async () => {
    const { rig, carrier, clock } = rigged();
    await clock.advance(1_000);
    assert.deepEqual(carrier.take(), ['ref', 'close', 'kill']);
    carrier.ready();
    carrier.exit(1);
    assert.deepEqual(rig.host.calls, ['exit start-failed']);
    assert.match((await rig.host.exit.promise).error?.message ?? '', /longer than 1000 ms/);
  });

  it('sends the stop frame when the last task has been answered', async () => {
    const { rig, carrier, clock } = readyRig();
    const [kept, left] = [rig.dispatch('kept'), rig.dispatch('left')];
    const token = rig.worker.abandon(left, CANCEL_BY_CALLER);
    const stopped = rig.worker.stop(10_000);
    await clock.advance(0);
    assert.ok(!carrier.take().includes('stop'));
    carrier.handler.onResult(kept.slot, 1);
    carrier.handler.onError(1, encodeError(new Error('aborted')));
    await rig.host.whenVacated(token).promise;
    await clock.advance(0);
    assert.deepEqual(carrier.take(), ['stop', 'flush']);
    carrier.handler.onFrame({ type: 'stopped', error: undefined });
    carrier.handler.onClose(undefined);
    carrier.exit(0);
    await stopped;
    assert.equal((await rig.host.exit.promise).reason, 'stopped');
  });

  it('takes the shorter of two graces', async () => {
    const { rig, carrier, clock } = readyRig();
    rig.dispatch('f');
    void rig.worker.stop(10_000);
    void rig.worker.stop(100);
    void rig.worker.stop(20_000);
    await clock.advance(100);
    assert.ok(carrier.log.includes('kill'));
    carrier.exit(1);
    assert.equal((await rig.host.exit.promise).reason, 'terminated');
  });

  it('is crashed when it dies instead of stopping', async () => {
    const { rig, carrier } = readyRig();
    void rig.worker.stop(10_000);
    carrier.exit(3);
    carrier.handler.onClose(undefined);
    const exit = await rig.host.exit.promise;
    assert.deepEqual([exit.reason, exit.exitCode], ['crashed', 3]);
  });

  it('clears the cancel word before it hands the slot to another task', () => {
    const { rig, carrier } = readyRig();
    const task = rig.dispatch('f');
    rig.worker.abandon(task, CANCEL_BY_CALLER);
    carrier.handler.onError(0, encodeError(new Error('aborted')));
    rig.dispatch('g');
    rig.dispatch('h');
    assert.deepEqual(carrier.take(), ['task 0', `word 0=${CANCEL_BY_CALLER}`, 'cancel 0', `word 0=${CANCEL_NONE}`, 'task 0', 'task 1']);
  });

  it('flushes frames of one turn together', async () => {
    const { rig, carrier, clock } = readyRig();
    const task = rig.dispatch('f');
    rig.worker.credit(task, 3);
    rig.worker.endStream(task);
    rig.worker.ping();
    rig.worker.checkHealth();
    await clock.advance(0);
    assert.deepEqual(carrier.take(), ['task 0', 'credit 0', 'return 0', 'ping', 'health', 'flush']);
  });

  it('drops what comes for a slot that holds no task', () => {
    const { rig, carrier } = readyRig();
    carrier.handler.onResult(5, 1);
    carrier.handler.onFrame({ type: 'progress', slot: 5, value: 1 });
    carrier.handler.onFrame({ type: 'started', slot: 5 });
    assert.deepEqual(rig.host.calls, ['ready']);
  });

  it('does not start when it cannot be launched', async () => {
    const host = new Rig(
      (options, each) =>
        new RemoteWorker('thread', options, each, () => {
          throw new RangeError('no threads left');
        }),
      workerOptions(),
    );
    host.worker.start();
    assert.deepEqual(host.host.calls, []);
    const exit = await host.host.exit.promise;
    assert.deepEqual([exit.reason, exit.error?.message], ['start-failed', 'worker test-1 did not start: no threads left']);
  });
});
