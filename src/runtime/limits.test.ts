import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from './fixtures/fast-check.js';
import { cpuLimit, memoryLimit, type CpuLimit, type MemoryLimit } from './limits.js';

const GB = 1_024 ** 3;

let base = '';
before(() => {
  base = mkdtempSync(join(tmpdir(), 'millrace-limits-'));
});
after(() => rmSync(base, { recursive: true, force: true }));

/** Makes a root folder with these files and returns its path. */
function rootWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(base, 'root-'));
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return root;
}

function cpusWith(files: Readonly<Record<string, string>>, affinity = 16): CpuLimit {
  return cpuLimit({ root: rootWith(files), env: {}, affinity });
}

function memoryWith(files: Readonly<Record<string, string>>, constrainedBytes = 0): MemoryLimit {
  return memoryLimit({ root: rootWith(files), constrainedBytes, totalBytes: 8 * GB });
}

const V2 = { 'proc/self/cgroup': '0::/app/web\n' };
const V1 = { 'proc/self/cgroup': '9:name=systemd:/x\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n' };

describe('cpuLimit', () => {
  it('is the affinity where no group sets a quota', () => {
    assert.deepEqual(cpusWith({}, 4), { cpus: 4, source: 'affinity' });
    assert.deepEqual(cpusWith({ ...V2, 'sys/fs/cgroup/app/web/cpu.max': 'max 100000\n' }, 4), { cpus: 4, source: 'affinity' });
  });

  it('rounds the quota of cgroup v2 up, to at least one', () => {
    const cpus = (quota: string): CpuLimit => cpusWith({ ...V2, 'sys/fs/cgroup/app/web/cpu.max': quota });
    assert.deepEqual(cpus('200000 100000\n'), { cpus: 2, source: 'cgroup-v2' });
    assert.deepEqual(cpus('150000 100000\n'), { cpus: 2, source: 'cgroup-v2' });
    assert.deepEqual(cpus('5000 100000\n'), { cpus: 1, source: 'cgroup-v2' });
    assert.deepEqual(cpus('300000'), { cpus: 3, source: 'cgroup-v2' });
  });

  it('takes the smallest quota on the way up to the root of cgroup v2', () => {
    const levels = { 'sys/fs/cgroup/app/web/cpu.max': '800000 100000', 'sys/fs/cgroup/app/cpu.max': '300000 100000', 'sys/fs/cgroup/cpu.max': '600000 100000' };
    assert.equal(cpusWith({ ...V2, ...levels }).cpus, 3);
    assert.equal(cpusWith({ ...V2, ...levels, 'sys/fs/cgroup/cpu.max': '200000 100000' }).cpus, 2);
  });

  it('finds the quota of a container whose mount shows only its own group', () => {
    assert.deepEqual(cpusWith({ ...V2, 'sys/fs/cgroup/cpu.max': '200000 100000' }), { cpus: 2, source: 'cgroup-v2' });
    assert.deepEqual(cpusWith({ 'proc/self/cgroup': '0::/../other\n', 'sys/fs/cgroup/cpu.max': '200000 100000' }).cpus, 2);
    assert.deepEqual(cpusWith({ 'sys/fs/cgroup/cpu.max': '200000 100000' }).cpus, 2, 'without /proc');
  });

  it('never leaves the mount', () => {
    assert.equal(cpusWith({ 'proc/self/cgroup': '0::/../../../outside\n', 'outside/cpu.max': '100000 100000' }).source, 'affinity');
  });

  it('reads cgroup v1, under each name of its mount and up to its root', () => {
    const files = (folder: string, quota: string): Record<string, string> => ({
      [`${folder}/cpu.cfs_quota_us`]: quota,
      [`${folder}/cpu.cfs_period_us`]: '50000\n',
    });
    assert.deepEqual(cpusWith({ ...V1, ...files('sys/fs/cgroup/cpu,cpuacct/docker/abc', '150000\n') }), { cpus: 3, source: 'cgroup-v1' });
    assert.deepEqual(cpusWith({ ...V1, ...files('sys/fs/cgroup/cpu/docker', '100000\n') }), { cpus: 2, source: 'cgroup-v1' });
    assert.deepEqual(cpusWith({ ...V1, ...files('sys/fs/cgroup/cpu,cpuacct', '100000\n') }), { cpus: 2, source: 'cgroup-v1' });
    assert.deepEqual(cpusWith({ ...V1, ...files('sys/fs/cgroup/cpu,cpuacct/docker/abc', '-1\n') }), { cpus: 16, source: 'affinity' });
    assert.deepEqual(cpusWith({ ...V1, 'sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us': '100000' }), { cpus: 16, source: 'affinity' }, 'without a period');
  });

  it('takes the smaller of the two versions where both are mounted', () => {
    const v1 = { 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000', 'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000' };
    assert.deepEqual(cpusWith({ ...v1, 'sys/fs/cgroup/cpu.max': '300000 100000' }), { cpus: 2, source: 'cgroup-v1' });
    assert.deepEqual(cpusWith({ ...v1, 'sys/fs/cgroup/cpu.max': '100000 100000' }), { cpus: 1, source: 'cgroup-v2' });
  });

  it('is never above the affinity', () => {
    assert.deepEqual(cpusWith({ 'sys/fs/cgroup/cpu.max': '800000 100000' }, 2), { cpus: 2, source: 'affinity' });
  });

  it('lets MILLRACE_CPUS override everything', () => {
    const root = rootWith({ 'sys/fs/cgroup/cpu.max': '200000 100000' });
    assert.deepEqual(cpuLimit({ root, env: { MILLRACE_CPUS: '32' }, affinity: 4 }), { cpus: 32, source: 'env' });
    assert.equal(cpuLimit({ root, env: { MILLRACE_CPUS: '' }, affinity: 4 }).source, 'cgroup-v2');
    for (const bad of ['0', '-1', '1.5', 'all', '1e3', ' ', '0x4']) {
      assert.throws(() => cpuLimit({ root, env: { MILLRACE_CPUS: bad }, affinity: 4 }), { code: 'ERR_OPTION', option: 'MILLRACE_CPUS' }, bad);
    }
  });

  it('survives garbage in every file', () => {
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('max', '0 0', '100000 0', '-5 100000', '1e5 1e5', '0::', '0::/a\n2:cpu:/b:c', '\n\n'),
    );
    fc.assert(
      fc.property(garbage, garbage, garbage, (membership, cpuMax, memoryMax) => {
        const root = rootWith({ 'proc/self/cgroup': membership, 'sys/fs/cgroup/cpu.max': cpuMax, 'sys/fs/cgroup/memory.max': memoryMax });
        const { cpus } = cpuLimit({ root, env: {}, affinity: 4 });
        assert.ok(Number.isInteger(cpus) && cpus >= 1 && cpus <= 4);
        const { bytes } = memoryLimit({ root, constrainedBytes: 0, totalBytes: GB });
        assert.ok(bytes > 0 && bytes <= GB);
      }),
      { numRuns: 50 },
    );
  });

  it('answers for this process', () => {
    const { cpus } = cpuLimit({ env: {} });
    assert.ok(Number.isInteger(cpus) && cpus >= 1 && cpus <= availableParallelism());
  });
});

describe('memoryLimit', () => {
  it('is the memory of the host where nothing limits it', () => {
    assert.deepEqual(memoryWith({}), { bytes: 8 * GB, source: 'host' });
    assert.deepEqual(memoryWith({ ...V2, 'sys/fs/cgroup/app/web/memory.max': 'max\n' }), { bytes: 8 * GB, source: 'host' });
  });

  it('takes the smallest limit on the way up, in either version', () => {
    const v2 = { ...V2, 'sys/fs/cgroup/app/web/memory.max': `${4 * GB}\n`, 'sys/fs/cgroup/app/memory.max': `${GB}\n` };
    assert.deepEqual(memoryWith(v2), { bytes: GB, source: 'cgroup-v2' });
    assert.deepEqual(memoryWith({ ...V1, 'sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': `${2 * GB}\n` }), { bytes: 2 * GB, source: 'cgroup-v1' });
  });

  it('takes a limit above the memory of the host for none', () => {
    assert.equal(memoryWith({ ...V1, 'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' }).source, 'host');
    assert.equal(memoryWith({}, 18_446_744_073_709_552_000).source, 'host');
  });

  it('takes the limit the runtime knows of when it is smaller', () => {
    assert.deepEqual(memoryWith({}, GB), { bytes: GB, source: 'runtime' });
    assert.deepEqual(memoryWith({ 'sys/fs/cgroup/memory.max': String(2 * GB) }, GB), { bytes: GB, source: 'runtime' });
    assert.deepEqual(memoryWith({ 'sys/fs/cgroup/memory.max': String(2 * GB) }, 2 * GB), { bytes: 2 * GB, source: 'cgroup-v2' });
  });

  it('answers for this process', () => {
    const { bytes } = memoryLimit();
    assert.ok(bytes > 0 && bytes <= totalmem());
  });
});
