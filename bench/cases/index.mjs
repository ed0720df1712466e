/**
 * Every case, one a file, in the order of the report. A case is:
 *
 *   name, title     as filtered by `--case`, and in words
 *   kind            'thread' | 'process' | 'async' | 'any': which contenders take part
 *   metrics         [{ key, label, unit, better, resolution?, compared?, target?, guarded? }]; `target` is { ratio, over? } against the best peer (or the one
 *                   named), or { min } / { max } for the value itself; `guarded` metrics are watched by check-ratios.mjs; `compared: false` where a ratio to a peer says nothing
 *   params, quick   sizes, and what `--quick` puts in their place: `passMs` where `steadyRate` finds the length of a pass
 *   threads         workers, where it is not the run's
 *   measure(setting) -> { [key]: number, note? }, run in a process of its own (harness/child.mjs)
 *
 * and where it needs them: `roundsMax`, `limitMs` (for one process) and `nodeArgs`; `module` (the task module millrace loads), `buffers` (variants that
 * move copies of buffers take part in `--tune`), `endsByItself` (the process is not ended but watched), `abandons` (its pools are not closed).
 */
import asyncBurst from './async-burst.mjs';
import asyncOneAtATime from './async-one-at-a-time.mjs';
import buffer64k from './buffer-64k.mjs';
import burst from './burst.mjs';
import { cpu10us, cpu100us, cpu1ms, cpu10ms } from './cpu.mjs';
import forkJoinEmpty from './fork-join-empty.mjs';
import forkJoinQueens from './fork-join-queens.mjs';
import forkJoinSort from './fork-join-sort.mjs';
import importTime from './import-time.mjs';
import mixedSizes from './mixed-sizes.mjs';
import oneAtATime from './one-at-a-time.mjs';
import parked from './parked.mjs';
import processBuffer64k from './process-buffer-64k.mjs';
import processBurst from './process-burst.mjs';
import queuedHeap from './queued-heap.mjs';
import queuedMillion from './queued-million.mjs';
import range from './range.mjs';
import smallObject from './small-object.mjs';
import startUp from './start-up.mjs';
import transfer16m from './transfer-16m.mjs';
import window64 from './window-64.mjs';

export const cases = [
  burst,
  window64,
  oneAtATime,
  smallObject,
  buffer64k,
  transfer16m,
  queuedMillion,
  queuedHeap,
  cpu10us,
  cpu100us,
  cpu1ms,
  cpu10ms,
  mixedSizes,
  startUp,
  importTime,
  parked,
  processBurst,
  processBuffer64k,
  asyncBurst,
  asyncOneAtATime,
  forkJoinQueens,
  forkJoinSort,
  forkJoinEmpty,
  range,
];
