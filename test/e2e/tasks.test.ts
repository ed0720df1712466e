/** The handle of a submitted task: what it tells, and what can be done to it, in every state. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { move } from 'millrace';
import type { Task } from 'millrace';
import { gateFile, turn, until, whileExecuting } from './gates.js';
import { ALL, errorOf, REMOTE, withPool } from './kinds.js';

const timeout = 180_000;

for (const kind of ALL) {
  describe(`a task of a pool of ${kind} workers`, { timeout }, () => {
    test('tells every state of its life', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const gate = gateFile();
        const dispatched: string[] = [];
        pool.on('dispatched', ({ taskId, state }) => dispatched.push(`${taskId} ${state}`));
        const first = pool.submit('untilFile', [gate.path]);
        const second = pool.submit('echo', [2]);
        const later = pool.submit('echo', [3], { delay: '1h' });
        assert.deepEqual([first.state, second.state, later.state], ['QUEUED', 'QUEUED', 'DELAYED']);
        assert.deepEqual([first.attempts, first.isComplete(), first.getError(), first.name], [0, false, undefined, 'untilFile']);
        await whileExecuting(first);
        assert.deepEqual([first.attempts, second.state, second.attempts], [1, 'QUEUED', 0]);
        gate.open();
        assert.equal(await first.result, gate.path);
        assert.equal(await second.result, 2);
        assert.deepEqual([first.state, first.isComplete(), first.getError(), first.attempts], ['COMPLETED', true, undefined, 1]);
        assert.deepEqual(dispatched, [`${first.id} DISPATCHED`, `${second.id} DISPATCHED`]);

        const failing = pool.submit('decline', [5]);
        const error = await errorOf(failing.result);
        assert.deepEqual([failing.state, failing.isComplete(), failing.attempts], ['FAILED', true, 1]);
        assert.equal(failing.getError(), error);

        assert.equal(later.cancel(), true);
        assert.deepEqual([later.state, later.isComplete(), later.attempts], ['CANCELLED', true, 0]);
        assert.equal((later.getError() as { code?: string }).code, 'ERR_TASK_CANCELLED');
        assert.equal(later.cancel(), false, 'a second cancel changes nothing');
      });
    });

    test('counts its attempts', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const task = pool.submit('failTimes', [2], { retry: { attempts: 5, backoff: 0 } });
        assert.equal(await task.result, 3);
        assert.equal(task.attempts, 3);
      });
    });

    test('has an id that is unique and sorts by submission, and a correlation id that travels', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const tasks = Array.from({ length: 1_500 }, () => pool.submit('echo', [0]));
        const ids = tasks.map((task) => task.id);
        assert.equal(new Set(ids).size, ids.length);
        assert.deepEqual([...ids].sort(), ids);
        await Promise.all(tasks.map((task) => task.result));

        const plain = pool.submit('whoAmI', []);
        assert.equal(plain.correlationId, plain.id);
        const seen = await plain.result;
        assert.deepEqual([seen.taskId, seen.correlationId], [plain.id, plain.id]);
        const named = pool.submit('whoAmI', [], { correlationId: 'order-7' });
        assert.equal(named.correlationId, 'order-7');
        assert.equal((await named.result).correlationId, 'order-7');
      });
    });

    test('hands out progress in order, and ends it with the task', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        pool.on('log', () => undefined);
        const task = pool.submit('report', [5]);
        const steps: unknown[] = [];
        for await (const value of task.progress) steps.push((value as { step: number }).step);
        assert.deepEqual(steps, [1, 2, 3, 4, 5]);
        assert.equal(await task.result, 'done');

        const failing = pool.submit('decline', [1]);
        for await (const value of failing.progress) assert.fail(`unexpected ${String(value)}`);
        assert.equal(failing.state, 'FAILED', 'progress of a failed task ends and does not throw');
      });
    });

    test('keeps the newest 256 values of progress that nobody reads', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        pool.on('log', () => undefined);
        const task = pool.submit('report', [1_000]);
        await task.result;
        const steps: number[] = [];
        for await (const value of task.progress) steps.push((value as { step: number }).step);
        assert.deepEqual(
          steps,
          Array.from({ length: 256 }, (_, index) => 745 + index),
        );
      });
    });

    test('can be cancelled wherever it waits, and gives its arguments back', async () => {
      await withPool(kind, { size: 1, concurrency: 1, queue: { max: 2, whenFull: 'wait' } }, async (pool) => {
        const gate = gateFile();
        const running = pool.submit('untilFile', [gate.path]);
        await whileExecuting(running);
        const waiting: Task[] = [pool.submit('echo', ['queued']), pool.submit('echo', ['delayed'], { delay: '1h' }), pool.submit('echo', ['held back'])];
        assert.deepEqual([waiting.map((task) => task.state), pool.stats().queue.waiting], [['QUEUED', 'DELAYED', 'QUEUED'], 1]);
        for (const task of waiting) {
          const reason = new Error('not wanted');
          assert.equal(task.cancel(reason), true);
          assert.equal(task.cancel(), false);
          const error = await errorOf(task.result);
          assert.deepEqual([error.name, error.code, error.started, error.taskName, error.cause], ['AbortError', 'ERR_TASK_CANCELLED', false, 'echo', reason]);
          assert.equal((error.args as unknown[]).length, 1);
        }
        const { queue, tasks } = pool.stats();
        assert.deepEqual([queue.depth, queue.delayed, queue.waiting, tasks.cancelled], [0, 0, 0, 3]);
        gate.open();
        await running.result;
      });
    });

    test('is told to stop while it runs, and a function that obeys keeps its worker', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const { workerId } = await pool.run('whoAmI');
        const task = pool.submit('untilAborted', []);
        await whileExecuting(task);
        assert.equal(task.cancel('enough'), true);
        assert.equal(task.state, 'CANCELLED', 'the caller does not wait for the function');
        const error = await errorOf(task.result);
        assert.deepEqual([error.code, error.started, error.args, error.cause], ['ERR_TASK_CANCELLED', true, undefined, 'enough']);
        assert.equal((await pool.run('whoAmI')).workerId, workerId);
        assert.equal(pool.stats().tasks.inFlight, 0);
      });
    });

    test('causes no unhandled rejection when nobody looks at its result', async () => {
      const unhandled: unknown[] = [];
      const listener = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', listener);
      try {
        await withPool(kind, { size: 1, concurrency: 1, queue: { max: 6 } }, async (pool) => {
          const tasks: Task[] = [
            pool.submit('decline', [1]),
            pool.submit('nameless' as 'echo', [1]),
            pool.submit('echo', [1], { signal: AbortSignal.abort() }),
          ];
          tasks.push(
            pool.submit('countThenThrow', [2]),
            pool.submit('untilAborted', [], { timeout: 5 }),
            pool.submit('echo', [1], { delay: '1h', deadline: 5 }),
          );
          tasks.push(...Array.from({ length: 5 }, () => pool.submit('untilAborted', [])));
          await until(() => tasks.slice(0, 3).every((task) => task.isComplete()));
          for (const task of tasks) task.cancel();
          await turn();
        });
        for (let i = 0; i < 5; i += 1) await turn();
        assert.deepEqual(unhandled, []);
      } finally {
        process.off('unhandledRejection', listener);
      }
    });

    test('gives its outcome however late it is asked for', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const good = pool.submit('add', [1, 2]);
        const bad = pool.submit('decline', [1]);
        await pool.idle();
        assert.equal(await good.result, 3);
        assert.equal(await errorOf(bad.result), bad.getError());
        assert.equal(good.result, good.result, 'one promise');
      });
    });

    test('follows its signal: aborted before, while it waits, after the end', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const gate = gateFile();
        const running = pool.submit('untilFile', [gate.path]);
        await whileExecuting(running);
        const before = await errorOf(pool.submit('echo', [1], { signal: AbortSignal.abort('too late') }).result);
        assert.deepEqual([before.code, before.cause, before.started], ['ERR_TASK_CANCELLED', 'too late', false]);
        const controller = new AbortController();
        const waiting = Array.from({ length: 3 }, () => pool.submit('echo', [1], { signal: controller.signal }));
        assert.equal(getEventListeners(controller.signal, 'abort').length, 1, 'one listener serves all');
        controller.abort();
        for (const task of waiting) assert.equal((await errorOf(task.result)).code, 'ERR_TASK_CANCELLED');
        gate.open();
        const after = new AbortController();
        const done = pool.submit('echo', [1], { signal: after.signal });
        await done.result;
        assert.equal(getEventListeners(after.signal, 'abort').length, 0, 'no listener is left');
        after.abort();
        assert.equal(done.state, 'COMPLETED');
      });
    });

    test('times out from the start of its execution: time in the queue does not count', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        await pool.ready();
        const gate = gateFile();
        const first = pool.submit('untilFile', [gate.path]);
        const second = pool.submit('later', [1, 'in time'], { timeout: 1_000 });
        const submittedAt = performance.now();
        await until(() => performance.now() - submittedAt > 1_050);
        gate.open();
        assert.equal(await second.result, 'in time');
        await first.result;
        const slow = pool.submit('untilAborted', [], { timeout: 30 });
        const error = await errorOf(slow.result);
        assert.deepEqual([error.name, error.code, error.limitMs, slow.attempts], ['TimeoutError', 'ERR_TASK_TIMEOUT', 30, 1]);
      });
    });

    test('passes its deadline before it runs and never runs, or while it runs and is told to stop', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const gate = gateFile();
        const running = pool.submit('untilFile', [gate.path]);
        await whileExecuting(running);
        const expired = pool.submit('setState', [13], { deadline: 20 });
        const error = await errorOf(expired.result);
        assert.deepEqual([error.name, error.code, error.limitMs, expired.attempts], ['TimeoutError', 'ERR_DEADLINE_EXCEEDED', 20, 0]);
        gate.open();
        await running.result;
        assert.notEqual(await pool.run('getState'), 13, 'an expired task never runs');
        for (let attempts = 0; attempts === 0;) {
          const late = pool.submit('untilAborted', [], { deadline: 40 });
          assert.equal((await errorOf(late.result)).code, 'ERR_DEADLINE_EXCEEDED');
          // None where the machine stood still for so long before it was handed over.
          ({ attempts } = late);
        }
      });
    });

    test('with the key of an open task is that task', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const gate = gateFile();
        const first = pool.submit('untilFile', [gate.path], { idempotencyKey: 'job' });
        assert.equal(pool.submit('untilFile', [gate.path], { idempotencyKey: 'job' }), first);
        assert.notEqual(pool.submit('echo', [1], { idempotencyKey: 'other' }), first);
        gate.open();
        await first.result;
        const next = pool.submit('echo', [1], { idempotencyKey: 'job' });
        assert.notEqual(next, first, 'the key is free again when the task has its outcome');
        assert.equal(await next.result, 1);
        assert.equal(pool.stats().tasks.submitted, 3);
      });
    });

    test('of a function that does not exist names those that do', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        for (const round of ['before a worker is ready', 'after']) {
          const error = await errorOf(pool.run('ad' as 'add', 1, 2));
          assert.equal(error.code, 'ERR_UNKNOWN_FUNCTION', round);
          assert.match(error.message, /"ad".*Did you mean add\?/, round);
        }
      });
    });
  });
}

for (const kind of REMOTE) {
  describe(`a task of a pool of ${kind} workers, which can be ended`, { timeout }, () => {
    test('stops in synchronous code that asks, and keeps its worker', async () => {
      await withPool(kind, { size: 1, concurrency: 1, cancelGrace: '30s' }, async (pool) => {
        const { workerId } = await pool.run('whoAmI');
        const task = pool.submit('spinUntilCancelled', []);
        await whileExecuting(task);
        task.cancel();
        assert.equal((await errorOf(task.result)).code, 'ERR_TASK_CANCELLED');
        await pool.idle();
        await until(() => pool.workers.some((worker) => worker.id === workerId && worker.inFlight === 0 && worker.state === 'ready'));
      });
    });

    test('that never stops costs its worker, and the tasks beside it run elsewhere', async () => {
      await withPool(kind, { size: 1, concurrency: 3, cancelGrace: 50 }, async (pool) => {
        const hardKills: string[] = [];
        pool.on('hardKill', ({ taskId }) => hardKills.push(taskId));
        const gate = gateFile();
        const beside = pool.submit('untilFile', [gate.path]);
        await whileExecuting(beside);
        const stuck = pool.submit('spinForever', []);
        await whileExecuting(stuck);
        stuck.cancel();
        assert.equal((await errorOf(stuck.result)).code, 'ERR_TASK_CANCELLED');
        await until(() => hardKills.length > 0);
        gate.open();
        assert.equal(await beside.result, gate.path);
        assert.deepEqual(hardKills, [stuck.id]);
        assert.equal(beside.attempts, 1, 'the innocent task does not pay with an attempt');
        assert.equal(pool.stats().tasks.requeued, 1);
      });
    });

    test('may move a buffer to the worker and back', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const sent = new Uint8Array([1, 2, 3]);
        const moved = (await pool.run('echo', move(sent))) as Uint8Array;
        assert.deepEqual([...moved], [1, 2, 3]);
        if (kind === 'thread') assert.equal(sent.byteLength, 0, 'the caller has it no more');
        const listed = new Uint8Array([4, 5]);
        assert.deepEqual([...((await pool.submit('echo', [listed], { transfer: [listed.buffer] }).result) as Uint8Array)], [4, 5]);
      });
    });

    test('shows in logs what it is, and neither its arguments nor its result', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const task = pool.submit('echo', [{ secret: 'hush', amount: 5n }], { correlationId: 'order-7' });
        assert.deepEqual(JSON.parse(JSON.stringify(task)), { id: task.id, name: 'echo', state: 'QUEUED', attempts: 0, correlationId: 'order-7' });
        await task.result;
        const shown = `${inspect(task)} ${inspect({ task })} ${JSON.stringify({ task })}`;
        assert.match(shown, /Task \{\s+id: /);
        assert.match(shown, /COMPLETED.*COMPLETED.*"COMPLETED"/s);
        assert.doesNotMatch(shown, /hush/);
      });
    });

    test('that fails without a stack has one that begins with its message', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        assert.match((await errorOf(pool.run('throwWithoutStack'))).stack ?? '', /^RangeError: bare\n {4}--- submitted from ---\n/);
        assert.match((await errorOf(pool.run('throwSymbol'))).stack ?? '', /^Error: the task threw a symbol, .*\n {4}--- submitted from ---\n/);
      });
    });

    test('moves each buffer once, whatever views and lists name it, and names what cannot be moved', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const { buffer } = new Uint8Array([1, 2, 3, 4]);
        const [head, tail] = [new Uint8Array(buffer, 0, 2), new Uint8Array(buffer, 2)];
        const shared = new Uint8Array(new SharedArrayBuffer(1));
        const transfer = kind === 'process' ? [head, tail, buffer] : [head, tail, buffer, shared];
        assert.deepEqual(await pool.submit('echo', [{ head, tail: move(tail) }], { transfer }).result, {
          head: Uint8Array.of(1, 2),
          tail: Uint8Array.of(3, 4),
        });
        if (kind === 'thread') assert.equal(buffer.byteLength, 0);
        const pair = new Uint8Array(2);
        assert.deepEqual(await pool.run('echo', [move(pair), move(pair.subarray(1))]), [Uint8Array.of(0, 0), Uint8Array.of(0)]);
        assert.throws(() => pool.submit('echo', [1], { transfer: [buffer, 'x'] as never }), { code: 'ERR_OPTION', option: 'options.transfer[1]' });
        for (const value of [5, null, undefined, 'text']) assert.equal(await pool.run('echo', move(value)), value);
        if (kind !== 'thread') return;
        const error = await errorOf(pool.run('echo', move({ a: 1 })));
        assert.equal(error.code, 'ERR_VALUE_NOT_CLONEABLE');
        assert.match(error.message, /^args is to be transferred with an object, which cannot be transferred/);
      });
    });

    test('takes what only a message port can carry to threads, and says by path that a process cannot have it', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => object } };
        const compiled = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
        const blob = new Blob(['abc']);
        for (const [value, path] of [
          [{ compiled }, /args\[0\]\.compiled/],
          [[1, blob], /args\[0\]\[1\]/],
        ] as const) {
          if (kind === 'thread') assert.deepEqual(await pool.run('echo', value), value);
          else assert.match((await errorOf(pool.run('echo', value))).message, path);
        }
      });
    });
  });
}
