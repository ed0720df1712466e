import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CpuSampler, processCpuTimeUs } from './cpu-usage.js';

describe('CpuSampler', () => {
  it('gives the share of the allowed cores used since the last sample', () => {
    let usedUs = 5_000_000;
    const sampler = new CpuSampler(4, 1_000, () => usedUs);
    usedUs += 2_000_000;
    assert.equal(sampler.sample(2_000), 0.5);
    assert.equal(sampler.sample(3_000), 0);
    usedUs += 8_000_000;
    assert.equal(sampler.sample(5_000), 1);
  });

  it('stays within 0 and 1 whatever the host says', () => {
    let usedUs = 1_000_000;
    const sampler = new CpuSampler(1, 0, () => usedUs);
    usedUs = 9_000_000;
    assert.equal(sampler.sample(1_000), 1);
    usedUs = 0;
    assert.equal(sampler.sample(2_000), 0);
  });

  it('repeats itself between two samples at one instant', () => {
    let usedUs = 0;
    const sampler = new CpuSampler(1, 0, () => usedUs);
    assert.equal(sampler.sample(0), undefined);
    usedUs = 250_000;
    assert.equal(sampler.sample(1_000), 0.25);
    usedUs = 500_000;
    assert.equal(sampler.sample(1_000), 0.25);
    assert.equal(sampler.sample(2_000), 0.25, 'what was used meanwhile counts in the next sample');
  });

  it('sees the work of this process', () => {
    const sampler = new CpuSampler(1, 0);
    const start = process.cpuUsage();
    while (process.cpuUsage(start).user + process.cpuUsage(start).system < 20_000);
    const share = sampler.sample(40);
    assert.ok(share !== undefined && share >= 0.5, String(share));
  });

  it('reads the CPU time of another process, and 0 when it is gone', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
    const { user, system } = process.cpuUsage();
    const read = processCpuTimeUs(process.pid);
    assert.ok(Math.abs(read - user - system) <= 200_000, `${read} against ${user + system}`);
    assert.equal(processCpuTimeUs(0), 0);
    assert.equal(processCpuTimeUs(undefined), 0);
  });
});
