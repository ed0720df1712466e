/**
 * What the control groups of this process allow it, read from files; nothing here throws, and what is missing or unreadable is no limit.
 *
 *     /proc/self/cgroup   0::/a/b              cgroup v2: one hierarchy        /sys/fs/cgroup/a/b/cpu.max
 *                         4:cpu,cpuacct:/c/d   cgroup v1: one per controller   /sys/fs/cgroup/cpu,cpuacct/c/d/cpu.cfs_quota_us
 *
 * A group is bound by its own limit and by those of all groups above it, so each search walks up from the group to the root of the mount and
 * takes the smallest. In a container the path may be the host's while the mount shows only the container's own part: then the groups on the
 * way do not exist there, and the root of the mount has the limit.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A limit and the version of the hierarchy that sets it. */
export interface CgroupLimit {
  readonly value: number;
  readonly source: 'cgroup-v2' | 'cgroup-v1';
}

/** CPU quota in cores, with fractions; `undefined` without one. `root` stands before `/proc` and `/sys`. */
export function cgroupCpuQuota(root: string): CgroupLimit | undefined {
  return smaller(
    limitOf('cgroup-v2', groupsV2(root), (group) => parseCpuMax(readText(group, 'cpu.max'))),
    limitOf('cgroup-v1', groupsV1(root, 'cpu'), (group) => parseCfs(readText(group, 'cpu.cfs_quota_us'), readText(group, 'cpu.cfs_period_us'))),
  );
}

/** Memory limit in bytes as the files say it: a group of v1 without a limit says some 2^63. */
export function cgroupMemoryBytes(root: string): CgroupLimit | undefined {
  return smaller(
    limitOf('cgroup-v2', groupsV2(root), (group) => parsePositive(readText(group, 'memory.max'))),
    limitOf('cgroup-v1', groupsV1(root, 'memory'), (group) => parsePositive(readText(group, 'memory.limit_in_bytes'))),
  );
}

/** Path of a file of this process's control group, or of the nearest group above that has it. `controller` as v1 names it; '' for files of v2 only. */
export function cgroupFile(root: string, controller: string, name: string): string | undefined {
  const groups = [...groupsV2(root), ...(controller === '' ? [] : groupsV1(root, controller))];
  return groups.map((group) => join(group, name)).find(isThere);
}

/** Also `false` where it may not be looked at. */
function isThere(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

function limitOf(source: CgroupLimit['source'], groups: readonly string[], read: (group: string) => number | undefined): CgroupLimit | undefined {
  const values = groups.map(read).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : { value: Math.min(...values), source };
}

function smaller(a: CgroupLimit | undefined, b: CgroupLimit | undefined): CgroupLimit | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.value < a.value ? b : a;
}

function groupsV2(root: string): string[] {
  const own = memberships(root).find((entry) => entry.controllers === '');
  return withAncestors(join(root, 'sys/fs/cgroup'), own?.path ?? '/');
}

/** The mount of a controller is named after it, after all that are mounted with it, or both by a link. */
function groupsV1(root: string, controller: string): string[] {
  const own = memberships(root).find((entry) => entry.controllers.split(',').includes(controller));
  const names = new Set([own?.controllers ?? controller, controller]);
  return [...names].flatMap((name) => withAncestors(join(root, 'sys/fs/cgroup', name), own?.path ?? '/'));
}

/** The lines of `/proc/self/cgroup`: `id:controllers:path`, where the path may hold colons. */
function memberships(root: string): { controllers: string; path: string }[] {
  return readText(join(root, 'proc/self'), 'cgroup')
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ controllers: match[1] as string, path: match[2] as string }));
}

/** A group, its parent and so on up to the mount. A group outside of what the mount shows (`/../x`) counts as the mount itself. */
function withAncestors(mount: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  if (names.includes('..')) return [mount];
  return Array.from({ length: names.length + 1 }, (_, up) => join(mount, ...names.slice(0, names.length - up)));
}

/** `cpu.max`: quota and period in µs, `max 100000` for none. */
function parseCpuMax(text: string): number | undefined {
  const [quota = '', period = '100000'] = text.trim().split(/\s+/);
  return parseCfs(quota, period);
}

function parseCfs(quota: string, period: string): number | undefined {
  const quotaUs = parsePositive(quota);
  const periodUs = parsePositive(period);
  return quotaUs === undefined || periodUs === undefined ? undefined : quotaUs / periodUs;
}

/** `max`, -1, nothing and garbage are no limit. */
function parsePositive(text: string): number | undefined {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : 0;
  return value > 0 && value < Infinity ? value : undefined;
}

function readText(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return '';
  }
}
