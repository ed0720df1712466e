/** Bad input of every kind: an error that names the option, what was expected and what came; and nothing is lost. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPool, OptionError } from 'millrace';
import type { PoolOptions } from 'millrace';
import { ALL, errorOf, makePool, tasksUrl, withPool } from './kinds.js';

const timeout = 180_000;

/** Option -> values that are wrong, and the option that the error names when it is not the same. */
const WRONG: readonly (readonly [option: string, value: unknown, named?: string])[] = [
  ['name', ''],
  ['name', 7],
  ['name', 'with space'],
  ['name', 'x'.repeat(65)],
  ['worker', 'fiber'],
  ['worker', 1],
  ['size', 0],
  ['size', -1],
  ['size', 1.5],
  ['size', Number.NaN],
  ['size', Infinity],
  ['size', '4'],
  ['size', [1, 2]],
  ['size', null],
  ['size', true],
  ['size', { min: -1 }, 'size.min'],
  ['size', { max: 0 }, 'size.max'],
  ['size', { min: 5, max: 2 }, 'size.min'],
  ['size', { mn: 1 }, 'size.mn'],
  ['size', { min: '1' }, 'size.min'],
  ['concurrency', 0],
  ['concurrency', 2.5],
  ['concurrency', '2'],
  ['concurrency', 1e9],
  ['queue', 5],
  ['queue', null],
  ['queue', { maxx: 1 }, 'queue.maxx'],
  ['queue', { max: -1 }, 'queue.max'],
  ['queue', { max: '10' }, 'queue.max'],
  ['queue', { maxBytes: 'big' }, 'queue.maxBytes'],
  ['queue', { whenFull: 'explode' }, 'queue.whenFull'],
  ['queue', { highWaterMark: 2 }, 'queue.highWaterMark'],
  ['queue', { lowWaterMark: 0.9 }, 'queue.lowWaterMark'],
  ['queue', { levels: 3 }, 'queue.levels'],
  ['queue', { levels: {} }, 'queue.levels'],
  ['queue', { levels: { a: 'soon' } }, 'queue.levels.a'],
  ['queue', { levels: { a: 5, b: 1 } }, 'queue.levels.b'],
  ['queue', { levels: { a: null } }, 'queue.levels.a'],
  ['queue', { levels: { a: { headStart: 0, maxx: 1 } } }, 'queue.levels.a.maxx'],
  ['queue', { levels: { a: {} } }, 'queue.levels.a.headStart'],
  ['placement', 'anywhere'],
  ['placement', 3],
  ['policy', 'adaptiv'],
  ['policy', {}, 'policy.name'],
  ['policy', { name: 'mine', intervalMs: 0 }, 'policy.intervalMs'],
  ['policy', { name: 'mine', intervalMs: 5, initial: () => 1 }, 'policy.decide'],
  ['timeout', -1],
  ['timeout', 'soon'],
  ['timeout', '5 minutes'],
  ['timeout', {}],
  ['timeout', Number.NaN],
  ['deadline', '1x'],
  ['retry', 0],
  ['retry', 1.5],
  ['retry', 'twice'],
  ['retry', { attempt: 3 }, 'retry.attempt'],
  ['retry', { attempts: '3' }, 'retry.attempts'],
  ['retry', { backoff: 'linear' }, 'retry.backoff'],
  ['retry', { backoff: -1 }, 'retry.backoff'],
  ['retry', { retryIf: 'always' }, 'retry.retryIf'],
  ['retry', { minDelay: 10, maxDelay: 5 }, 'retry.maxDelay'],
  ['priority', 'urgent'],
  ['priority', 1],
  ['cancelGrace', -5],
  ['cancelGrace', Infinity],
  ['startTimeout', 'x'],
  ['stopTimeout', true],
  ['healthInterval', 'often'],
  ['healthTimeout', 'often'],
  ['breaker', 'on'],
  ['bulkheads', 5],
  ['bulkheads', { resize: 0 }, 'bulkheads.resize'],
  ['bulkheads', { resize: { queue: 5 } }, 'bulkheads.resize.max'],
  ['bulkheads', { resize: { max: 1, queue: -1 } }, 'bulkheads.resize.queue'],
  ['breaker', { errorRate: 2 }, 'breaker.errorRate'],
  ['slowWorkers', 'kill'],
  ['recycle', 5],
  ['recycle', { afterTasks: 0 }, 'recycle.afterTasks'],
  ['recycle', { afterAge: 'old' }, 'recycle.afterAge'],
  ['recycle', { afterHeap: '1tb' }, 'recycle.afterHeap'],
  ['recycle', { after: 1 }, 'recycle.after'],
  ['deadLetters', true],
  ['deadLetters', -1],
  ['deadLetters', '5'],
  ['streamCredit', 0],
  ['submitStack', 'always'],
  ['errors', Error],
  ['errors', [Map]],
  ['env', 'A=1'],
  ['env', { A: 1 }, 'env.A'],
  ['argv', '--x'],
  ['argv', [1]],
  ['execArgv', [null]],
  ['cwd', ''],
  ['cwd', 3],
  ['cwd', '/'],
  ['resourceLimits', 512],
  ['resourceLimits', { maxOld: 1 }, 'resourceLimits.maxOld'],
  ['resourceLimits', { stackSizeMb: 'big' }, 'resourceLimits.stackSizeMb'],
  ['clock', 5],
  ['clock', {}],
  ['random', 0.5],
  ['wokrer', 'thread'],
];

describe('options of a pool', { timeout }, () => {
  test('that are wrong are refused when the pool is made, by name', () => {
    for (const [option, value, named = option] of WRONG) {
      assert.throws(
        () => createPool(tasksUrl, { [option]: value } as PoolOptions),
        (error: unknown) => {
          assert.ok(error instanceof OptionError, `${option}: ${String(error)}`);
          assert.deepEqual([error.code, error.option.replace(/^options\./, '')], ['ERR_OPTION', named]);
          assert.match(error.message, /: expected .+, got .+/, option);
          return true;
        },
        `${option}: ${JSON.stringify(value)}`,
      );
    }
    assert.throws(() => createPool(tasksUrl, { worker: 'async', cwd: '..' }), { option: 'cwd', message: /none for async workers.+Use worker: 'process'/ });
    const limited = { worker: 'process', resourceLimits: { stackSizeMb: 2 } } as const;
    assert.throws(() => createPool(tasksUrl, limited), { option: 'resourceLimits', message: /none for process workers.+limits: \{ memory \}/ });
    for (const options of [null, 5, 'thread', [1]]) assert.throws(() => createPool(tasksUrl, options as never), { code: 'ERR_OPTION', option: 'options' });
  });

  test('that are nearly right come with a suggestion', () => {
    assert.throws(() => createPool(tasksUrl, { conccurency: 2 } as never), /did you mean concurrency\?/);
    assert.throws(() => createPool(tasksUrl, { maxThreads: 2 } as never), /did you mean size: \{ min, max \}\?/);
    assert.throws(() => createPool(tasksUrl, { constructor: 2 } as never), /There is no option "constructor"$/);
  });

  test('a size is told what it may be', () => {
    assert.throws(() => createPool(tasksUrl, { size: '4' } as never), /size: expected .*number.*min.*max.*got "4"/);
  });

  test('modules that are none are refused as well', () => {
    for (const module of [undefined, null, 5, {}, './tasks.js', 'https://example.org/tasks.js'])
      assert.throws(() => createPool(module as never), { code: 'ERR_OPTION', option: 'module' });
    const misspelt = new URL('./fixtures/taks.js', import.meta.url);
    assert.throws(() => createPool(misspelt), { code: 'ERR_MODULE_LOAD', message: /no task module at .*did you mean .*tasks\.js\?/ });
    assert.throws(() => createPool('file://nothing here'), { code: 'ERR_OPTION', option: 'module' });
    assert.throws(() => createPool(new URL('.', import.meta.url)), {
      code: 'ERR_MODULE_LOAD',
      message: /the task module .* is not a file: name the module itself$/,
    });
  });

  test('come from the object itself, not from a polluted prototype', async () => {
    const polluted = Object.prototype as Record<string, unknown>;
    Object.assign(polluted, { size: 'polluted', timeout: 1, retry: 'polluted', ordered: 5, env: 7 });
    try {
      await withPool('thread', { worker: 'thread' }, async (pool) => {
        assert.equal(await pool.submit('later', [20, 'fine'], {}).result, 'fine');
        const values = [];
        for await (const value of pool.map('echo', [1, 2], {})) values.push(value);
        assert.deepEqual(values, [1, 2]);
        const slow = pool.run('later', 30, 'finished');
        assert.deepEqual(await pool.close({}), { returned: [], terminated: 0 });
        assert.equal(await slow, 'finished');
      });
    } finally {
      for (const name of ['size', 'timeout', 'retry', 'ordered', 'env']) delete polluted[name];
    }
  });
});

for (const kind of ALL) {
  describe(`calls of a pool of ${kind} workers`, { timeout }, () => {
    test('with bad arguments are refused by name, and the pool goes on', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const wrong: [string, unknown][] = [
          ['priority', 'urgent'],
          ['priority', 3],
          ['signal', 'x'],
          ['signal', {}],
          ['timeout', 'soon'],
          ['deadline', -1],
          ['delay', Infinity],
          ['delay', '-1s'],
          ['retry', 0],
          ['idempotencyKey', ''],
          ['idempotencyKey', 7],
          ['correlationId', {}],
          ['affinityKey', 5],
          ['transfer', {}],
        ];
        for (const [option, value] of wrong) {
          for (const call of [
            () => pool.submit('add', [1, 2], { [option]: value }),
            () => pool.with({ [option]: value }),
            () => pool.map('echo', [1], { [option]: value }),
          ]) {
            assert.throws(
              call,
              (error: unknown) => error instanceof OptionError && error.option.startsWith(`options.${option}`) && /expected .+, got /.test(error.message),
              `${option}: ${JSON.stringify(value)}`,
            );
          }
        }
        assert.throws(() => pool.submit('add', [1, 2], { prioriti: 'high' } as never), /did you mean priority\?/);
        assert.throws(() => pool.submit('add', [1, 2], null as never), { code: 'ERR_OPTION' });
        assert.throws(() => pool.submit('add', 1 as never), /submit: args: expected an array .*got 1/);
        assert.throws(() => pool.submit(5 as never, []), { code: 'ERR_OPTION', option: 'name' });
        assert.throws(() => pool.map('echo', 5 as never), { code: 'ERR_OPTION', option: 'map: inputs' });
        assert.throws(() => pool.map('echo', [], { ordered: 'yes' } as never), { code: 'ERR_OPTION', option: 'map: ordered' });
        assert.throws(() => pool.map('echo', [], { onError: 'ignore' } as never), { code: 'ERR_OPTION', option: 'map: onError' });
        assert.throws(() => pool.map('echo', [], { concurrency: 0 }), { code: 'ERR_OPTION', option: 'map: concurrency' });
        assert.throws(() => pool.on('scaled', 5 as never), { code: 'ERR_OPTION', option: 'listener' });
        for (const method of ['on', 'once', 'off'] as const) {
          assert.throws(() => pool[method]('complete' as never, () => undefined), { code: 'ERR_OPTION', option: 'event', message: /Did you mean completed\?/ });
          assert.throws(() => pool[method]('toString' as never, () => undefined), { code: 'ERR_OPTION', option: 'event' });
        }
        for (const size of ['4', null, [1], 0, { min: 3, max: 1 }])
          assert.throws(() => pool.resize(size as never), { code: 'ERR_OPTION' }, JSON.stringify(size));
        for (const call of [
          () => pool.addWorker(0),
          () => pool.addWorker('2' as never),
          () => pool.removeWorker(1.5),
          () => pool.broadcast('' as 'add', 1, 2),
        ]) {
          assert.equal((await errorOf((async () => call())())).code, 'ERR_OPTION');
        }
        assert.equal((await errorOf((async () => pool.run(undefined as never))())).code, 'ERR_OPTION');
        for (const options of [{ timeout: 'soon' }, { timout: 5 }, 500])
          assert.equal((await errorOf(pool.close(options as never))).code, 'ERR_OPTION', JSON.stringify(options));
        assert.equal(await pool.run('add', 1, 2), 3, 'still open, and at work');
        assert.equal(pool.stats().tasks.submitted, 1);
      });
    });
  });
}

test('an option that is undefined is one that is not given', async () => {
  const pool = makePool('thread', { size: 1, timeout: undefined, queue: { max: undefined } } as unknown as PoolOptions);
  assert.equal(await pool.submit('add', [1, 2], { priority: undefined } as never).result, 3);
  await pool.close();
});
