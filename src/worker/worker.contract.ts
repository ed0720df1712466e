/** The contract suite of workers: the rules of `worker.ts`, for every kind. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { MillraceError, ModuleLoadError, TaskCancelledError, TaskTimeoutError, ValueError } from '../errors.js';
import { CANCEL_BY_CALLER, CANCEL_BY_TIMEOUT, FLAG_NOTIFY_START, FLAG_URGENT } from '../transport/protocol.js';
import { fixture, Rig, type TestTask, workerOptions } from './worker-harness.js';
import type { WorkerFactory, WorkerKind } from './worker.js';

export function workerContract(kind: WorkerKind, make: WorkerFactory<TestTask>): void {
  const remote = kind !== 'async';
  let rigs: Rig[] = [];
  let keepAlive: NodeJS.Timeout;
  let directory: string;

  before(() => {
    keepAlive = setInterval(() => undefined, 1_000_000);
    directory = mkdtempSync(join(tmpdir(), 'millrace-worker-'));
  });

  after(() => {
    clearInterval(keepAlive);
    rmSync(directory, { recursive: true });
  });

  afterEach(async () => {
    const ended = rigs;
    rigs = [];
    await Promise.all(ended.map((rig) => rig.worker.terminate()));
  });

  let fresh = 0;

  /** Each worker gets an instance of the fixture of its own: on one event loop they would share it. */
  function rigFor(changes?: Parameters<typeof workerOptions>[0]): Rig {
    const rig = new Rig(make, workerOptions({ moduleUrl: `${fixture('tasks')}?${(fresh += 1)}`, ...changes }));
    rigs.push(rig);
    return rig;
  }

  async function ready(changes?: Parameters<typeof workerOptions>[0]): Promise<Rig> {
    const rig = rigFor(changes);
    rig.worker.start();
    await Promise.race([rig.host.ready.promise, rig.host.exit.promise.then((exit) => Promise.reject(exit.error ?? new Error('it did not start')))]);
    return rig;
  }

  async function failsToStart(changes: Parameters<typeof workerOptions>[0]): Promise<{ error: MillraceError; rig: Rig }> {
    const rig = rigFor(changes);
    rig.worker.start();
    const exit = await rig.host.exit.promise;
    assert.equal(exit.reason, 'start-failed');
    assert.deepEqual(rig.host.calls, ['exit start-failed']);
    assert.ok(exit.error instanceof MillraceError);
    return { error: exit.error, rig };
  }

  describe(`${kind} worker`, { timeout: 60_000 }, () => {
    describe('lifecycle', () => {
      it('tells what the module exports when it is ready', async () => {
        const rig = await ready();
        const info = await rig.host.ready.promise;
        const names = info.functions.map((each) => each.name);
        assert.ok(names.includes('add') && names.includes('default'));
        assert.ok(!names.includes('NotATask') && !names.includes('notAFunction'));
        assert.deepEqual(info.functions.find((each) => each.name === 'urgentByDefault')?.options, { priority: 'high', timeout: '5s' });
        assert.deepEqual(info.hooks, { start: false, stop: false, healthCheck: false });
        assert.equal(info.pid === process.pid, kind !== 'process');
        assert.equal(info.threadId > 0, kind === 'thread');
        assert.ok(info.bootMs > 0);
      });

      it('runs the start hook before the first task and the stop hook after the last', async () => {
        const file = join(directory, `hooks-${kind}`);
        const rig = await ready({ moduleUrl: fixture('hooks'), runtime: { workerData: file } });
        assert.deepEqual((await rig.host.ready.promise).hooks, { start: true, stop: true, healthCheck: true });
        assert.equal(readFileSync(file, 'utf8'), `start ${kind} test-1\n`);
        await rig.worker.stop(10_000);
        assert.equal(readFileSync(file, 'utf8'), `start ${kind} test-1\nstop\n`);
        assert.deepEqual(rig.host.calls, ['ready', 'exit stopped']);
        assert.equal((await rig.host.exit.promise).exitCode, remote ? 0 : null);
      });

      it('stops once, however often it is told to', async () => {
        const rig = await ready();
        await Promise.all([rig.worker.stop(10_000), rig.worker.stop(10_000)]);
        await rig.worker.stop(0);
        await rig.worker.terminate();
        assert.deepEqual(rig.host.calls, ['ready', 'exit stopped']);
      });

      it('can be stopped or terminated before it was started', async () => {
        const stopped = rigFor();
        await stopped.worker.stop(1_000);
        stopped.worker.start();
        assert.deepEqual(stopped.host.calls, ['exit stopped']);
        const terminated = rigFor();
        await terminated.worker.terminate();
        assert.deepEqual(terminated.host.calls, ['exit terminated']);
      });

      it('can be stopped or terminated while it starts', async () => {
        const stopped = rigFor();
        stopped.worker.start();
        await stopped.worker.stop(1_000);
        assert.deepEqual(stopped.host.calls, ['exit stopped']);
        const terminated = rigFor({ moduleUrl: fixture('start-hangs') });
        terminated.worker.start();
        await terminated.worker.terminate();
        assert.deepEqual(terminated.host.calls, ['exit terminated']);
      });

      it('stops after the tasks it holds have ended', async () => {
        const rig = await ready({ concurrency: 2 });
        const task = rig.submit('gate', ['stop']);
        const stopped = rig.worker.stop(10_000);
        assert.equal(await rig.run('open', 'stop'), true);
        assert.equal(await task.result(), 'stop');
        await stopped;
        assert.deepEqual(rig.host.calls.at(-1), 'exit stopped');
      });

      it('is terminated when its stop hook takes longer than the grace', async () => {
        const rig = await ready({ moduleUrl: fixture('stop-hangs') });
        await rig.worker.stop(20);
        assert.deepEqual(rig.host.calls, ['ready', 'exit terminated']);
      });

      it('reports the error of a stop hook', async () => {
        const rig = await ready({ moduleUrl: fixture('stop-throws') });
        await rig.worker.stop(10_000);
        const exit = await rig.host.exit.promise;
        assert.equal(exit.reason, 'stopped');
        assert.equal(exit.error?.message, 'cannot let go');
      });

      it('lists what was in flight when it is terminated', async () => {
        const rig = await ready({ concurrency: 2 });
        const tasks = [rig.submit('gate', ['a']), rig.submit('gate', ['b'])];
        await rig.worker.terminate();
        assert.deepEqual(rig.host.lost, tasks);
        assert.deepEqual(rig.host.calls, ['ready', 'exit terminated']);
      });
    });

    describe('a failed start', () => {
      it('names a module that does not exist', async () => {
        const { error } = await failsToStart({ moduleUrl: fixture('missing') });
        assert.ok(error instanceof ModuleLoadError);
        assert.match(error.message, /fixtures.missing\.js cannot be loaded: .*Cannot find module/s);
        assert.equal((error.cause as { code: string }).code, 'ERR_MODULE_NOT_FOUND');
      });

      it('carries a syntax error', async () => {
        const { error } = await failsToStart({ moduleUrl: 'data:text/javascript,export const = 1' });
        assert.ok(error instanceof ModuleLoadError);
        assert.match(error.message, /SyntaxError/);
        assert.ok(error.cause instanceof SyntaxError);
      });

      it('carries what the module throws', async () => {
        const { error } = await failsToStart({ moduleUrl: fixture('throws-on-load') });
        assert.ok(error instanceof ModuleLoadError);
        assert.match(error.message, /throws-on-load\.js cannot be loaded: RangeError: no such configuration/);
        assert.ok(error.cause instanceof RangeError);
      });

      it('carries what the start hook throws', async () => {
        const { error } = await failsToStart({ moduleUrl: fixture('start-throws') });
        assert.equal(error.code, 'ERR_WORKER_START');
        assert.match(error.message, /test-1 did not start: its start hook failed: the database is away/);
        assert.ok(error.cause instanceof RangeError);
      });

      it('carries what the health check rejects with', async () => {
        const { error } = await failsToStart({ moduleUrl: fixture('health-fails') });
        assert.equal(error.code, 'ERR_WORKER_START');
        assert.match(error.message, /its health check failed: not well/);
        const unhealthy = await failsToStart({ moduleUrl: fixture('health-false') });
        assert.match(unhealthy.error.message, /its health check failed: the health check returned false/);
      });

      it('is a start that takes longer than its limit', async () => {
        const { error } = await failsToStart({ moduleUrl: fixture('start-hangs'), startTimeoutMs: 30 });
        assert.equal(error.code, 'ERR_WORKER_START');
        assert.match(error.message, /longer than 30 ms \(option startTimeout\)/);
      });

      it('is an exit before it was ready', { skip: !remote && 'it would end this process' }, async () => {
        const { error, rig } = await failsToStart({ moduleUrl: fixture('exits-on-load') });
        assert.equal(error.code, 'ERR_WORKER_START');
        assert.match(error.message, /ended before it was ready \(exit code 9\)/);
        assert.equal((await rig.host.exit.promise).exitCode, 9);
      });
    });

    describe('tasks', () => {
      it('return values, promised or not', async () => {
        const rig = await ready();
        assert.equal(await rig.run('add', 1, 2), 3);
        assert.equal(await rig.run('addLater', 1, 2), 3);
        assert.equal(await rig.run('default'), 'default');
        assert.equal(await rig.run('nothing'), undefined);
        assert.equal(await rig.run('urgentByDefault', 'a'), 'A');
      });

      it('need nothing of millrace in their module', async () => {
        const rig = await ready({ moduleUrl: fixture('plain') });
        assert.equal(await rig.run('double', 21), 42);
      });

      it('are not reported from within dispatch', async () => {
        const rig = await ready();
        const task = rig.dispatch('add', [1, 2], { flags: FLAG_NOTIFY_START });
        assert.deepEqual(rig.host.calls, ['ready']);
        rig.worker.flush();
        await task.result();
        assert.deepEqual(rig.host.calls, ['ready', 'started add', 'completed add']);
      });

      it('are executed in the order of their dispatch, one after another', async () => {
        const rig = await ready();
        const tasks = Array.from({ length: 1_000 }, (_, index) => rig.dispatch('add', [index, index]));
        rig.worker.flush();
        const results = await Promise.all(tasks.map((task) => task.result()));
        assert.deepEqual(results, tasks.map((_, index) => index * 2));
        assert.deepEqual([...rig.worker.inFlight()], []);
      });

      it('name what the module exports when their own name is unknown', async () => {
        const rig = await ready();
        await assert.rejects(rig.run('addlater', 1), { code: 'ERR_UNKNOWN_FUNCTION', message: /no function "addlater"; it exports .*add.*Did you mean addLater\?/ });
        await assert.rejects(rig.run('toString'), { code: 'ERR_UNKNOWN_FUNCTION' });
        await assert.rejects(rig.run('__proto__'), { code: 'ERR_UNKNOWN_FUNCTION' });
      });

      it('interleave up to the concurrency', async () => {
        const rig = await ready({ concurrency: 3 });
        const tasks = [rig.submit('gate', ['a']), rig.submit('gate', ['b'])];
        assert.equal(await rig.run('open', 'b'), true);
        assert.equal(await rig.run('open', 'a'), true);
        assert.deepEqual(await Promise.all(tasks.map((task) => task.result())), ['a', 'b']);
        assert.deepEqual(await rig.run('takeOrder'), ['wait a', 'wait b', 'pass b', 'pass a']);
      });

      it('pass the others when they are urgent', async () => {
        const rig = await ready();
        const waiting = rig.submit('gate', ['held'], { flags: FLAG_NOTIFY_START });
        await waiting.started.promise;
        const urgent = rig.submit('open', ['held'], { flags: FLAG_URGENT });
        assert.equal(await urgent.result(), true);
        assert.equal(await waiting.result(), 'held');
      });

      it('give back the object as it was when they returned it', { skip: !remote && 'objects pass by reference' }, async () => {
        const rig = await ready();
        const tasks = [1, 2, 3].map((value) => rig.dispatch('reuse', [value]));
        rig.worker.flush();
        assert.deepEqual(await Promise.all(tasks.map((task) => task.result())), [{ value: 1 }, { value: 2 }, { value: 3 }]);
      });

      it('take and return bytes', async () => {
        const rig = await ready();
        assert.deepEqual(await rig.run('reverse', new Uint8Array([1, 2, 3])), new Uint8Array([3, 2, 1]));
        assert.deepEqual(await rig.run('moved', 3), new Uint8Array([7, 7, 7]));
      });
    });

    describe('errors', () => {
      it('come back with class name, message, cause and properties', async () => {
        const rig = await ready();
        for (const name of ['failSync', 'failAsync']) {
          const error = await rig.run(name).then(
            () => assert.fail('it completed'),
            (reason: unknown) => reason as Error & { quota: number },
          );
          assert.ok(error instanceof Error);
          assert.equal(error.constructor.name, 'QuotaError');
          assert.equal(error.message, 'over quota');
          assert.equal(error.quota, 7);
          assert.ok(error.cause instanceof TypeError);
          assert.match(error.stack ?? '', new RegExp(`at ${name}|at async ${name}`));
        }
      });

      it('may be any value', async () => {
        const rig = await ready();
        for (const thrown of ['text', 42, null, undefined, { code: 1 }]) {
          const outcome = await rig.submit('throwValue', [thrown]).outcome.promise;
          assert.deepEqual(outcome, { how: 'failed', value: thrown });
        }
      });

      it('do not harm the worker, whatever they are', async () => {
        const rig = await ready();
        assert.equal((await rig.submit('throwHostile').outcome.promise).how, 'failed');
        await assert.rejects(rig.run('hostileThen'), RangeError);
        assert.equal(await rig.run('add', 1, 2), 3);
      });

      it('name the path of an argument that cannot cross, and only that task fails', { skip: !remote && 'nothing has to cross' }, async () => {
        const rig = await ready();
        const [before, bad, behind] = [rig.dispatch('add', [1, 2]), rig.dispatch('add', [{ user: { greet: () => 1 } }]), rig.dispatch('add', [3, 4])];
        rig.worker.flush();
        const { how, value } = await bad.outcome.promise;
        assert.equal(how, 'unsent');
        assert.ok(value instanceof ValueError);
        assert.equal(value.path, 'args[0].user.greet');
        assert.deepEqual(await Promise.all([before.result(), behind.result()]), [3, 7]);
      });

      it('name the path of a result that cannot cross, and the worker lives on', { skip: !remote && 'nothing has to cross' }, async () => {
        const rig = await ready();
        const { how, value } = await rig.submit('returnFunction').outcome.promise;
        assert.equal(how, 'failed');
        assert.ok(value instanceof ValueError);
        assert.equal(value.path, 'result.rows[1].callback');
        assert.equal(await rig.run('add', 1, 2), 3);
      });
    });

    describe('streams', () => {
      for (const name of ['count', 'countAsync', 'countPromised']) {
        it(`of ${name} run no further ahead than their credit`, async () => {
          const rig = await ready({ concurrency: 2 });
          const task = rig.submit(name, [20]);
          assert.deepEqual(await task.valuesAre(4), [1, 2, 3, 4]);
          assert.deepEqual(await rig.run('streamCounters'), { produced: 4, finished: 0 });
          rig.worker.credit(task, 2);
          assert.deepEqual(await task.valuesAre(6), [1, 2, 3, 4, 5, 6]);
          assert.equal((await rig.run('streamCounters') as { produced: number }).produced, 6);
          rig.worker.credit(task, 100);
          assert.equal(await task.result(), 'counted');
          assert.equal(task.values.length, 20);
        });

        it(`of ${name} run their finally block when the reader leaves`, async () => {
          const rig = await ready({ concurrency: 2 });
          const before = (await rig.run('streamCounters') as { finished: number }).finished;
          const task = rig.submit(name, [20]);
          await task.valuesAre(4);
          rig.worker.endStream(task);
          assert.equal(await task.result(), undefined);
          assert.deepEqual(await rig.run('streamCounters'), { produced: 4, finished: before + 1 });
          assert.equal(task.values.length, 4);
        });
      }

      it('fail with what their generator throws', async () => {
        const rig = await ready({ concurrency: 2 });
        const task = rig.submit('throwAfter', [2]);
        await task.streaming.promise;
        await assert.rejects(task.result(), { name: 'QuotaError', quota: 2 });
        assert.deepEqual(task.values, [1, 2]);
      });

      it('end when they are cancelled while they wait for credit', async () => {
        const rig = await ready({ concurrency: 2 });
        const task = rig.submit('count', [20]);
        await task.valuesAre(4);
        const token = rig.worker.abandon(task, CANCEL_BY_CALLER);
        await rig.host.whenVacated(token).promise;
        assert.equal((await rig.run('streamCounters') as { produced: number }).produced, 4);
      });

      it('end when they are cancelled while their generator waits', async () => {
        const rig = await ready();
        const task = rig.submit('waitForAbort');
        await task.valuesAre(1);
        await rig.host.whenVacated(rig.worker.abandon(task, CANCEL_BY_CALLER)).promise;
        assert.deepEqual(task.values, [1]);
      });

      it('fail with the path of a value that cannot cross', { skip: !remote && 'nothing has to cross' }, async () => {
        const rig = await ready();
        const task = rig.submit('yieldUncloneable');
        const { how, value } = await task.outcome.promise;
        assert.equal(how, 'failed');
        assert.ok(value instanceof ValueError);
        assert.equal(value.path, 'yield.callback');
        assert.deepEqual(task.values, [1]);
        assert.equal(await rig.run('add', 1, 2), 3);
      });
    });

    describe('context', () => {
      it('tells who and what', async () => {
        const rig = await ready();
        const deadlineEpochMs = Date.now() + 60_000;
        const task = rig.submit('describeContext', [], { attempt: 2, deadlineEpochMs, correlationId: 'request-7' });
        assert.deepEqual(await task.result(), {
          taskId: 'prefix-0000000',
          taskName: 'describeContext',
          attempt: 2,
          deadline: deadlineEpochMs,
          correlationId: 'request-7',
          workerId: 'test-1',
          aborted: false,
        });
        const plain = (await rig.run('describeContext')) as { correlationId: string; deadline: unknown };
        assert.equal(plain.correlationId, 'prefix-0000001');
        assert.equal(plain.deadline, undefined);
      });

      for (const concurrency of [1, 4]) {
        it(`stays with its task across await, ${concurrency} at a time`, async () => {
          const rig = await ready({ concurrency });
          const tasks = Array.from({ length: 8 }, () => rig.dispatch('contextAfterAwait'));
          rig.worker.flush();
          const ids = (await Promise.all(tasks.map((task) => task.result()))) as [string, string][];
          assert.deepEqual(ids, tasks.map((_, index) => [`prefix-000000${index}`, `prefix-000000${index}`]));
        });
      }

      it('sends progress and logs before the outcome', async () => {
        const rig = await ready();
        const task = rig.submit('report', [1, { half: 0.5 }, 'three']);
        assert.equal(await task.result(), 'done');
        assert.deepEqual(task.progress, [1, { half: 0.5 }, 'three']);
        assert.deepEqual(rig.host.logs, [{ task, level: 'info', message: 'reported', fields: { count: 3 } }]);
      });

      it('drops a progress value that cannot cross, and says so', { skip: !remote && 'nothing has to cross' }, async () => {
        const rig = await ready();
        const exotic = Object.assign(new Map(), {});
        assert.equal(await rig.submit('report', [exotic]).result(), 'done');
        const task = rig.submit('reportUncloneable');
        assert.equal(await task.result(), 'done');
        assert.deepEqual(task.progress, [1, 2]);
        const warning = rig.host.logs.find((log) => log.level === 'warn');
        assert.match(warning?.message ?? '', /a progress value was dropped: progress\.callback is/);
      });

      it('is deaf and dumb when its task is over', async () => {
        const rig = await ready();
        await rig.run('keepContext');
        const task = rig.submit('speakLater');
        await task.result();
        assert.deepEqual(task.progress, []);
      });
    });

    describe('cancellation', () => {
      it('raises the signal with the reason and frees the place when the function has ended', async () => {
        const rig = await ready();
        const task = rig.submit('untilAborted', [], { flags: FLAG_NOTIFY_START });
        await task.started.promise;
        const token = rig.worker.abandon(task, CANCEL_BY_CALLER);
        assert.deepEqual([...rig.worker.inFlight()], []);
        await rig.host.whenVacated(token).promise;
        assert.deepEqual(rig.host.calls, ['ready', 'started untilAborted', 'vacated']);
        assert.equal(await rig.run('add', 1, 2), 3);
      });

      it('names the reason inside the function', async () => {
        const rig = await ready({ concurrency: 2 });
        for (const [code, type] of [[CANCEL_BY_CALLER, TaskCancelledError], [CANCEL_BY_TIMEOUT, TaskTimeoutError]] as const) {
          const task = rig.submit('rememberAbort', [], { flags: FLAG_NOTIFY_START });
          await task.started.promise;
          await rig.host.whenVacated(rig.worker.abandon(task, code)).promise;
          const expected = code === CANCEL_BY_CALLER ? ['AbortError', 'ERR_TASK_CANCELLED'] : ['TimeoutError', 'ERR_TASK_TIMEOUT'];
          assert.deepEqual(await rig.run('lastAbort'), expected, type.name);
        }
      });

      it('is seen by throwIfCancelled() in a busy loop', { skip: !remote && 'nothing can be seen in a busy loop on one event loop' }, async () => {
        const rig = await ready();
        const task = rig.submit('loopUntilCancelled', [], { flags: FLAG_NOTIFY_START });
        await task.started.promise;
        await rig.host.whenVacated(rig.worker.abandon(task, CANCEL_BY_TIMEOUT)).promise;
        assert.equal(await rig.run('add', 1, 2), 3);
      });

      it('keeps a task that waits its turn from being called', { skip: !remote && 'every task is called at once' }, async () => {
        const rig = await ready();
        const first = rig.submit('gate', ['first']);
        const second = rig.submit('gate', ['second']);
        await rig.host.whenVacated(rig.worker.abandon(second, CANCEL_BY_CALLER)).promise;
        const opened = rig.submit('open', ['first'], { flags: FLAG_URGENT });
        assert.equal(await opened.result(), true);
        await first.result();
        assert.deepEqual(await rig.run('takeOrder'), ['wait first', 'pass first']);
      });

      it('lets the task object be dispatched again at once', async () => {
        const rig = await ready({ concurrency: 2 });
        const task = rig.submit('untilAborted', [], { flags: FLAG_NOTIFY_START });
        await task.started.promise;
        const token = rig.worker.abandon(task, CANCEL_BY_CALLER);
        const [abandonedSlot] = [task.slot];
        Object.assign(task, { name: 'describeContext', attempt: 2 });
        rig.worker.dispatch(task);
        rig.worker.flush();
        assert.notEqual(task.slot, abandonedSlot);
        const seen = (await task.result()) as { attempt: number; aborted: boolean };
        assert.deepEqual([seen.attempt, seen.aborted], [2, false]);
        await rig.host.whenVacated(token).promise;
        // The slot of the cancelled attempt starts afresh.
        const next = (await rig.run('describeContext')) as { aborted: boolean };
        assert.equal(next.aborted, false);
      });
    });

    describe('questions', () => {
      it('are answered by the event loop', async () => {
        const rig = await ready();
        rig.worker.ping();
        await rig.host.pong.promise;
      });

      it('of health are answered by the module', async () => {
        const rig = await ready({ moduleUrl: fixture('hooks'), runtime: { workerData: join(directory, `health-${kind}`) } });
        rig.worker.checkHealth();
        assert.equal(await rig.host.health.promise, undefined);
      });

      it('of health bring the error of the check', async () => {
        const rig = await ready({ moduleUrl: `${fixture('hooks')}?sick`, runtime: { workerData: join(directory, `sick-${kind}`) } });
        await rig.run('fallSick');
        rig.worker.checkHealth();
        assert.equal((await rig.host.health.promise)?.message, 'feeling sick');
      });
    });

    if (remote) remoteContract(ready);
  });
}

/** What only workers with an own thread or process can do. */
function remoteContract(ready: (changes?: Parameters<typeof workerOptions>[0]) => Promise<Rig>): void {
  describe('crashes', () => {
    it('by process.exit() tell the exit code and the guilty task', async () => {
      const rig = await ready();
      assert.equal(await rig.run('add', 1, 2), 3);
      const [fine, guilty, behind] = [rig.dispatch('add', [3, 4]), rig.dispatch('exitWith', [7]), rig.dispatch('add', [5, 6])];
      rig.worker.flush();
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'crashed');
      assert.equal(exit.exitCode, 7);
      assert.equal(exit.error, undefined);
      assert.equal(exit.guilty, guilty);
      // What was done before was told before.
      assert.equal(await fine.result(), 7);
      assert.deepEqual(rig.host.lost, [guilty, behind]);
    });

    it('by an uncaught error in a timer tell the error and the guilty task', async () => {
      const rig = await ready();
      const guilty = rig.submit('throwLater');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'crashed');
      assert.equal(exit.exitCode, 1);
      assert.equal(exit.error?.name, 'QuotaError');
      assert.equal(exit.error?.message, 'uncaught');
      assert.equal(exit.guilty, guilty);
      assert.deepEqual(rig.host.lost, [guilty]);
    });

    it('by an uncaught error tell the guilty among several', async () => {
      const rig = await ready({ concurrency: 3 });
      rig.submit('gate', ['a']);
      const guilty = rig.submit('throwLater');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.guilty, guilty);
      assert.equal(rig.host.lost.length, 2);
    });

    it('by an unhandled rejection tell the reason', async () => {
      const rig = await ready();
      rig.submit('rejectLater');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'crashed');
      assert.equal(exit.error?.message, 'unhandled');
    });
  });

  describe('termination', () => {
    it('ends an infinite loop within its bound', async () => {
      const rig = await ready();
      const task = rig.submit('loopForever', [], { flags: FLAG_NOTIFY_START });
      await task.started.promise;
      const before = performance.now();
      await rig.worker.terminate();
      assert.ok(performance.now() - before < 4_000, 'it took as long as its limit');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'terminated');
      assert.equal(exit.abandoned, false);
      assert.deepEqual(rig.host.lost, [task]);
    });

    it('follows a stop whose grace an infinite loop outlasts', async () => {
      const rig = await ready();
      const task = rig.submit('loopForever', [], { flags: FLAG_NOTIFY_START });
      await task.started.promise;
      await rig.worker.stop(10);
      assert.equal((await rig.host.exit.promise).reason, 'terminated');
    });
  });

  describe('surroundings', () => {
    it('have the environment, arguments and names of the worker', async () => {
      const rig = await ready({ runtime: { env: { ...process.env, CUSTOM: 'set', GONE: undefined }, argv: ['--flag', 'value'] } });
      const seen = (await rig.run('whoAmI')) as { workerId: string; pool: string; custom: string; argv: string[] };
      assert.deepEqual([seen.workerId, seen.pool, seen.custom, seen.argv], ['test-1', 'test', 'set', ['--flag', 'value']]);
      assert.equal(process.env['MILLRACE_WORKER_ID'], undefined);
    });

    it('must be able to take the workerData', async () => {
      const error = await ready({ runtime: { workerData: { callback: () => 1 } } }).then(
        () => assert.fail('it started'),
        (reason: unknown) => reason as MillraceError,
      );
      assert.equal(error.code, 'ERR_WORKER_START');
      assert.match(error.message, /workerData\.callback is/);
    });

    it('are given up for fresh ones when the heap is over its limit', async () => {
      const rig = await ready({ heapBytesMax: 1 });
      assert.equal(await rig.run('add', 1, 2), 3);
      assert.ok((await rig.host.recycle.promise) > 1);
    });
  });
}
