import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
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

  it('offers what its default export holds: of a CommonJS module not all can be imported by name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-cjs-'));
    const load = (source: string): ReturnType<typeof loadModule> => {
      const path = join(folder, `tasks${source.length}.cjs`);
      writeFileSync(path, source);
      return loadModule(pathToFileURL(path).href);
    };
    try {
      const plain = await load('module.exports = { add: (a, b) => a + b, two: 2, Klass: class {}, later: async () => 3 };');
      assert.deepEqual([...plain.functions.keys()].sort(), ['add', 'later']);
      const compiled = await load('Object.defineProperty(exports, "__esModule", { value: true }); exports.default = () => 1; exports.named = () => 2;');
      assert.deepEqual([...compiled.functions.keys()].sort(), ['default', 'named']);
      assert.equal(compiled.functions.get('default')?.call(), 1);
      const single = await load('module.exports = () => 4;');
      assert.deepEqual([...single.functions.keys()], ['default']);
      await assert.rejects(load('module.exports = { get lazy() { throw new RangeError("too lazy"); } };'), /cannot be loaded: RangeError: too lazy/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('offers what hangs on a function that is the default export', () => {
    const all = Object.assign(() => 'all', { b: () => 'b' });
    assert.deepEqual([...inspectModule({ default: all }).functions.keys()], ['default', 'b']);
  });

  it('prefers its own exports to those of its default export', () => {
    const [f, g, hidden] = [() => 1, () => 2, () => 3];
    const { functions } = inspectModule({ f, default: { f: hidden, g } });
    assert.deepEqual(
      [...functions].map(([name, { call }]) => [name, call]),
      [
        ['f', f],
        ['g', g],
      ],
    );
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
