import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ModuleLoadError } from '../../errors.js';
import { defineTask, defineWorker } from '../../task/define-task.js';
import { functionInfos, hooksOf, inspectModule, loadModule } from './load-module.js';

describe('a task module', () => {
  it('offers its functions, but no classes and no values', () => {
    const module = inspectModule({
      default: () => 1,
      f: defineTask({ timeout: 5 }, () => 2),
      Class: class {
        readonly isTask = false;
      },
      'module.exports': () => 1,
      value: 1,
      worker: defineWorker({ stop: () => undefined }),
    });
    assert.deepEqual(functionInfos(module), [
      { name: 'default', options: undefined },
      { name: 'f', options: { timeout: 5 } },
    ]);
    assert.deepEqual(hooksOf(module), { start: false, stop: true, healthCheck: false });
  });

  it('may have a task function called worker', () => {
    const module = inspectModule({ worker: () => 1 });
    assert.deepEqual([...module.functions.keys()], ['worker']);
  });

  it('shows nothing of what it inherits', () => {
    const module = inspectModule(Object.create({ inherited: () => 1 }) as Record<string, unknown>);
    assert.equal(module.functions.size, 0);
  });

  it('that throws something other than an error says so', async () => {
    await assert.rejects(loadModule('data:text/javascript,throw 42'), (error: unknown) => {
      assert.ok(error instanceof ModuleLoadError);
      assert.equal(error.message, 'the task module data:text/javascript,throw 42 cannot be loaded: it threw 42');
      assert.equal(error.cause, 42);
      return true;
    });
  });
});
