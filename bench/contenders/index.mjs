/**
 * Every contender, behind one interface:
 *
 *   name            as it is shown
 *   package         npm package, for its version and its import time (absent: nothing to import)
 *   kinds           'thread' | 'process' | 'async': the worker kinds it has
 *   reference       true: a yardstick that is shown but is no peer
 *   variants        per kind: name -> configuration; `--tune` runs them all. `copyThenMove` is the harness's: buffers are copied by the
 *                   caller, and the copy is moved there and back
 *   best            per kind: case -> the variant to run, chosen by `--tune`, and `otherwise` for the cases not named
 *   asItComes       per kind: case -> { label, variant }, a second entry with what nobody would choose who has measured, where a target speaks of it
 *   start(options)  imports the package and makes the pool: { kind, threads, config, module } -> handle
 *
 * and a handle is:
 *
 *   run(name, arg)      runs one task function, returns a promise (or a thenable)
 *   move(name, view)    the same with the view's memory transferred; absent where it cannot
 *   close()             ends the pool
 *   pool                the pool itself, for what only one contender has
 *
 * Packages are imported in `start`, never at the top of a file: the import is part of what is measured.
 */
import fastq from './fastq.mjs';
import millrace from './millrace.mjs';
import pLimit from './p-limit.mjs';
import pQueue from './p-queue.mjs';
import piscina from './piscina.mjs';
import plain from './plain.mjs';
import poolifier from './poolifier.mjs';
import tinypool from './tinypool.mjs';
import workerpool from './workerpool.mjs';

export const OURS = millrace.name;

export const contenders = [millrace, piscina, poolifier, tinypool, workerpool, fastq, pLimit, pQueue, plain];
