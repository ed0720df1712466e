/** How many cores and how much memory this process may use: not what the machine has, but what affinity and control groups leave of it. */
import { availableParallelism, freemem, totalmem } from 'node:os';
import { OptionError } from '../errors.js';
import { cgroupCpuQuota, cgroupMemoryBytes } from './cgroup.js';
import type { CgroupLimit } from './cgroup.js';

/** Cores this process may use, and what says so. */
export interface CpuLimit {
  /** A whole number >= 1. */
  readonly cpus: number;
  readonly source: 'env' | 'affinity' | 'cgroup-v2' | 'cgroup-v1';
}

/** Bytes this process may use, and what says so. */
export interface MemoryLimit {
  readonly bytes: number;
  readonly source: 'cgroup-v2' | 'cgroup-v1' | 'runtime' | 'host';
}

/**
 * Cores this process may use: the smaller of its CPU affinity and its control group's quota, rounded up, since a worker more than a fraction of
 * a core is better than a fraction unused. The environment variable `MILLRACE_CPUS` overrides both. The quota is read from some ten small
 * files, once in the life of the process.
 *
 * @throws OptionError when `MILLRACE_CPUS` is set to anything but a whole number >= 1
 */
export function cpuLimit(options: { root?: string; env?: NodeJS.ProcessEnv; affinity?: number } = {}): CpuLimit {
  const { root = '/', env = process.env, affinity = availableParallelism() } = options;
  const wanted = env['MILLRACE_CPUS'];
  if (wanted !== undefined && wanted !== '') return { cpus: parseCpus(wanted), source: 'env' };
  const quota = root === '/' ? ownCpuQuota() : cgroupCpuQuota(root);
  const cpus = quota === undefined ? Infinity : Math.max(1, Math.ceil(quota.value));
  return quota !== undefined && cpus < affinity ? { cpus, source: quota.source } : { cpus: affinity, source: 'affinity' };
}

/** As {@link cpuLimit} for this process, with the fraction of a core that a quota may leave. */
export function cpuCores(): number {
  const { cpus, source } = cpuLimit();
  const quota = source === 'cgroup-v1' || source === 'cgroup-v2' ? ownCpuQuota()?.value : undefined;
  return quota ?? cpus;
}

let ownQuota: { readonly limit: CgroupLimit | undefined } | undefined;

/** Every pool and every thread asks: a millisecond each time would be part of their start. */
function ownCpuQuota(): CgroupLimit | undefined {
  ownQuota ??= { limit: cgroupCpuQuota('/') };
  return ownQuota.limit;
}

/**
 * Memory this process may use: the smallest of its control group's limit, the limit the runtime knows of and the memory of the host. A limit
 * of 0 or above the memory of the host is none.
 */
export function memoryLimit(options: { root?: string; constrainedBytes?: number; totalBytes?: number } = {}): MemoryLimit {
  const { root = '/', constrainedBytes = process.constrainedMemory?.() ?? 0, totalBytes = totalmem() } = options;
  const group = cgroupMemoryBytes(root);
  const runtime: MemoryLimit = { bytes: constrainedBytes, source: 'runtime' };
  const candidates: MemoryLimit[] = group === undefined ? [runtime] : [{ bytes: group.value, source: group.source }, runtime];
  return candidates.filter(({ bytes }) => bytes > 0).reduce((least, next) => (next.bytes < least.bytes ? next : least), { bytes: totalBytes, source: 'host' });
}

/** Memory this process could still take, in bytes: what its control group leaves it, else what the host has free. */
export function availableMemoryBytes(): number {
  const { availableMemory } = process as { availableMemory?: () => number };
  return availableMemory?.call(process) ?? freemem();
}

function parseCpus(text: string): number {
  const cpus = /^\d+$/.test(text.trim()) ? Number(text) : 0;
  if (cpus >= 1 && Number.isSafeInteger(cpus)) return cpus;
  throw new OptionError('MILLRACE_CPUS', 'a whole number of cores >= 1', text, 'Correct or unset the environment variable');
}
