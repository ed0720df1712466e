import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { RootFolder } from './fixtures/root-folder.js';
import { HostStressReader } from './host-stress.js';
import type { MemoryLimit } from './limits.js';

const GROUP = 'sys/fs/cgroup/app/web';
const OWN_GROUP = { 'proc/self/cgroup': '0::/app/web\n' };

describe('HostStressReader', () => {
  let root: RootFolder | undefined;
  let reader: HostStressReader | undefined;
  afterEach(() => {
    reader?.close();
    root?.remove();
  });

  function readerOf(files: Readonly<Record<string, string>>, limit: MemoryLimit = { bytes: 1_000, source: 'cgroup-v2' }): HostStressReader {
    root = new RootFolder(files);
    return (reader = new HostStressReader({ root: root.path, limit, freeBytes: () => 400 }));
  }

  it('knows nothing but the memory of the machine where there are no files', () => {
    assert.deepEqual(readerOf({}).read(), { throttled: undefined, cpuPressure: undefined, memoryPressure: undefined, memoryUsed: 600, memoryLimit: 1_000 });
  });

  it('tells in which share of the periods since the last reading the group was throttled', () => {
    const read = readerOf({ ...OWN_GROUP, [`${GROUP}/cpu.stat`]: 'usage_usec 5\nnr_periods 100\nnr_throttled 90\n' });
    assert.equal(read.read().throttled, undefined, 'nothing to compare with');
    root?.write(`${GROUP}/cpu.stat`, 'usage_usec 5\nnr_periods 140\nnr_throttled 100\n');
    assert.equal(read.read().throttled, 0.25);
  });

  it('takes the pressure of the group, and of the machine where the group has none', () => {
    const line = (share: number): string => `some avg10=${share} avg60=1.00 avg300=1.00 total=5\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n`;
    const read = readerOf({ ...OWN_GROUP, [`${GROUP}/cpu.pressure`]: line(41.5), 'proc/pressure/cpu': line(1), 'proc/pressure/memory': line(7.25) });
    const { cpuPressure, memoryPressure } = read.read();
    assert.deepEqual([cpuPressure, memoryPressure], [0.415, 0.0725]);
  });

  it('counts the memory of the group without the cache that it would give up', () => {
    const files = { ...OWN_GROUP, [`${GROUP}/memory.current`]: '900\n', [`${GROUP}/memory.stat`]: 'anon 500\ninactive_file 250\n' };
    assert.equal(readerOf(files).read().memoryUsed, 650);
    reader?.close();
    root?.remove();
    assert.equal(readerOf(files, { bytes: 1_000, source: 'host' }).read().memoryUsed, 600, 'the limit is that of the machine, and so is the use');
  });
});
