import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CrashLoops } from './crash-loops.js';

function deaths(loops: CrashLoops, count: number, names: readonly string[], workers: number, from = 0): (readonly string[] | undefined)[] {
  return Array.from({ length: count }, (_, index) => loops.record(from + index, names, workers));
}

describe('a crash loop', () => {
  it('is more deaths within 10 s than there are workers, and more than five', () => {
    assert.deepEqual(deaths(new CrashLoops(), 6, ['f'], 1).slice(-2), [undefined, ['f']]);
    assert.deepEqual(deaths(new CrashLoops(), 9, ['f'], 8).slice(-2), [undefined, ['f']]);
  });

  it('is none when they are further apart', () => {
    const loops = new CrashLoops();
    for (let death = 0; death < 100; death += 1) assert.equal(loops.record(death * 2_100, ['f'], 1), undefined);
  });

  it('is blamed on who had at least a third of it', () => {
    const loops = new CrashLoops();
    deaths(loops, 3, ['f'], 6);
    deaths(loops, 3, ['g'], 6, 3);
    assert.deepEqual(loops.record(6, ['h'], 6), ['f', 'g']);
  });

  it('is blamed in shares where it is not known which of several tasks it was', () => {
    const loops = new CrashLoops();
    deaths(loops, 4, ['f', 'g', 'h', 'i'], 5);
    assert.deepEqual(deaths(loops, 2, ['f'], 5, 4), [undefined, ['f']]);
  });

  it('is not blamed on a function for a single poison task, which may kill two workers', () => {
    const loops = new CrashLoops();
    deaths(loops, 2, ['f'], 1);
    deaths(loops, 2, ['g'], 1, 2);
    deaths(loops, 1, ['h'], 1, 4);
    assert.deepEqual(loops.record(5, ['h'], 1), []);
  });

  it('is blamed on nobody where workers die by themselves', () => {
    assert.deepEqual(deaths(new CrashLoops(), 6, [], 1).at(-1), []);
  });

  it('begins anew for those that have been dealt with', () => {
    const loops = new CrashLoops();
    deaths(loops, 6, ['f'], 1);
    loops.forgive(['f']);
    assert.equal(loops.record(5, ['g'], 1), undefined);
  });
});
