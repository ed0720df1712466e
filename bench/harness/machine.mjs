/** The machine class a figure belongs to: nothing that names the machine. */
import { availableParallelism, loadavg, totalmem } from 'node:os';

export function machineClass() {
  return { cores: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), platform: process.platform, arch: process.arch, node: process.version };
}

/** Processes that want a core besides us, at the start. Above `BUSY` a core speed-ups and tails are not to be quoted. Always 0 on Windows. */
export function loadBefore() {
  return Number(loadavg()[0].toFixed(2));
}

const BUSY = 0.25;

/** A warning when the machine is busy with something else, else undefined. */
export function busyWarning(load) {
  if (load <= BUSY * availableParallelism()) return undefined;
  return `the machine was busy (load average ${load} at the start): speed-ups, tails and ratios of this run are not to be quoted`;
}
