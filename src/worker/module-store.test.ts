import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { storeModule } from './module-store.js';

const code = Buffer.from('export const add = (a, b) => a + b;');

describe('storeModule', () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-store-'));
  after(() => rmSync(root, { recursive: true, force: true }));

  function place(name: string): { readonly module: string; readonly temporary: string } {
    const [project, temporary] = [join(root, name, 'project'), join(root, name, 'tmp')];
    for (const folder of [project, temporary]) mkdirSync(folder, { recursive: true });
    return { module: join(project, 'tasks.ts'), temporary };
  }

  it('keeps a module with its project, once for the same content', () => {
    const { module, temporary } = place('project');
    mkdirSync(join(dirname(module), 'node_modules'));
    const file = storeModule(module, code, temporary);
    assert.equal(dirname(file), join(dirname(module), 'node_modules', '.cache', 'millrace'));
    assert.equal(storeModule(module, code, temporary), file);
    assert.notEqual(storeModule(module, Buffer.from('export {};'), temporary), file);
    assert.deepEqual(readdirSync(temporary), []);
  });

  it('keeps it where only this user may write when there is no project', { skip: process.getuid === undefined }, () => {
    const { module, temporary } = place('none');
    const file = storeModule(module, code, temporary);
    assert.equal(dirname(dirname(file)), temporary);
    assert.equal(statSync(dirname(file)).mode & 0o077, 0);
  });

  it('does not use a folder that others may write to: a module of theirs may lie in it', { skip: process.getuid === undefined }, () => {
    const { module, temporary } = place('planted');
    const folder = dirname(storeModule(module, code, temporary));
    chmodSync(folder, 0o777);
    assert.throws(() => storeModule(module, code, temporary), { code: 'ERR_TYPESCRIPT', message: /cannot write the compiled form/ });
  });
});
