/**
 * `npm run chaos -- --minutes 10 --seed N`: pools of every kind of worker under load while everything goes wrong that can.
 *
 * `--simulated 24h`: in virtual time instead, see `simulated.ts`.
 *
 * The faults strike in a process of its own (`run.ts`), bounded in time: should they bring that down, this one says so. The last line is the count:
 * one for each fault survived, each pool whose journal is in order, and each sort of leak that was looked for.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.js';
import { playSimulated } from './simulated.js';

const ERROR_LINES = 40;

const { minutes, seed, round, simulatedHours } = readArguments(process.argv.slice(2));
if (simulatedHours === undefined) strike();
else process.exitCode = await playSimulated(simulatedHours, seed, round);

/** Starts the run, and tells what became of it. */
function strike(): void {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
  const errors = join(folder, 'stderr');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

  const args = ['--minutes', String(minutes), '--seed', String(seed), ...(round === undefined ? [] : ['--round', String(round)])];
  // What workers say when they run out of memory is of interest only when something else goes wrong.
  const child = spawn(process.execPath, ['--expose-gc', '--enable-source-maps', fileURLToPath(new URL('./run.js', import.meta.url)), folder, ...args], {
    stdio: ['ignore', 'inherit', openSync(errors, 'w')],
    detached: true,
  });
  const limit = setTimeout(() => endGroup(), minutes * 150_000 + 120_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => endGroup());

  child.once('exit', (code, signal) => {
    clearTimeout(limit);
    endGroup();
    if (code === 0) return;
    process.exitCode = 1;
    const lines = readFileSync(errors, 'utf8').trimEnd().split('\n');
    if (code === 1) return;
    console.log(`the run ended with ${code ?? signal}; the last it said:\n${lines.slice(-ERROR_LINES).join('\n')}`);
    console.log(`repeat it: npm run chaos -- ${args.join(' ')}`);
    console.log('0 passed, 1 failed, 0 skipped');
  });

  /** Ends the run and all it started. */
  function endGroup(): void {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }
}
