import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALONE, CONFLICTS, JOINS, SharingGuard } from './sharing-guard.js';

describe('SharingGuard', () => {
  it('lets frames without common objects join', () => {
    const guard = new SharingGuard();
    assert.equal(guard.check([1, 'a', null, undefined, 2n]), JOINS);
    assert.equal(guard.check([{ a: [1, { b: 2 }] }, new Date()]), JOINS);
    assert.equal(guard.check([{ a: [1, { b: 2 }] }, new Uint8Array(4)]), JOINS);
  });

  it('parts frames that hold the same object at any depth', () => {
    const shared = { n: 1 };
    for (const [first, second] of [
      [shared, shared],
      [{ a: [shared] }, [shared]],
      [shared, { deep: { deeper: [0, shared] } }],
    ]) {
      const guard = new SharingGuard();
      assert.equal(guard.check([first]), JOINS);
      assert.equal(guard.check([second]), CONFLICTS);
      guard.clear();
      assert.equal(guard.check([second]), JOINS);
    }
  });

  it('parts views over one buffer, but not over shared memory', () => {
    const guard = new SharingGuard();
    const buffer = new ArrayBuffer(8);
    assert.equal(guard.check([new Uint8Array(buffer)]), JOINS);
    assert.equal(guard.check([{ view: new Uint16Array(buffer) }]), CONFLICTS);
    const shared = new SharedArrayBuffer(8);
    assert.equal(guard.check([shared]), JOINS);
    assert.equal(guard.check([shared, new Uint8Array(shared)]), JOINS);
  });

  it('allows sharing and cycles within a frame', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    assert.equal(new SharingGuard().check([cyclic, cyclic, [cyclic]]), JOINS);
  });

  it('sends alone what is large, unknown or hostile', () => {
    const hostile = {
      get a(): never {
        throw new Error('no');
      },
    };
    const values = [new Map(), new Headers(), Array.from({ length: 2_000 }, () => 1), Array.from({ length: 100 }, () => ({})), hostile, new Error('x')];
    for (const value of values) assert.equal(new SharingGuard().check([value]), ALONE);
  });

  it('does not remember a frame that did not join', () => {
    const guard = new SharingGuard();
    const object = {};
    assert.equal(guard.check([object, new Map()]), ALONE);
    assert.equal(guard.check([object]), JOINS);
  });
});
