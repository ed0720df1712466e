/** In an order: the first storage that is used changes what the runtime does for the rest of the process. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { captureContext, framesCarryContext, runCaptured } from './async-context.js';

describe('the asynchronous context', () => {
  it('is none while no storage is in use, in a timer too', { skip: framesCarryContext }, () => {
    // In a process of its own: the test runner uses storages.
    const source = `
      import { captureContext } from ${JSON.stringify(new URL('async-context.js', import.meta.url).href)};
      const seen = [captureContext()];
      setTimeout(() => {
        seen.push(captureContext());
        process.stdout.write(JSON.stringify(seen.map((each) => typeof each)));
      });`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], { encoding: 'utf8', timeout: 60_000 });
    assert.equal(stdout, '["undefined","undefined"]');
  });

  it('is kept as soon as a storage holds something, by `run` and by `enterWith`', () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = (): string | undefined => storage.getStore();
    const kept = storage.run('first', captureContext);
    assert.equal(runCaptured(kept, seen), 'first');
    assert.equal(runCaptured(undefined, seen), undefined);
    const other = new AsyncLocalStorage<string>();
    other.enterWith('entered');
    const entered = captureContext();
    assert.ok(entered !== undefined);
    other.enterWith('left');
    assert.equal(
      runCaptured(entered, () => other.getStore()),
      'entered',
    );
    assert.equal(
      runCaptured(undefined, () => other.getStore()),
      undefined,
    );
    other.disable();
  });

  it('is kept again by a storage that is used after all others were left', () => {
    const storage = new AsyncLocalStorage<string>();
    storage.run('once', () => undefined);
    storage.disable();
    const kept = storage.run('again', captureContext);
    assert.equal(
      runCaptured(kept, () => storage.getStore()),
      'again',
    );
  });
});
